// SPDX-License-Identifier: Apache-2.0
#include "api/item_references.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "api/fields.h"

namespace sirocco::api {
namespace {

constexpr size_t kMostReferences = 1024;  // each becomes a copy of its item

// The type may be left out: an id alone says it too.
std::optional<std::string> referred_id(const Json& item) {
  if (!item.is_object()) return std::nullopt;
  Fields fields(item);
  const std::string type = fields.text("type");
  if (type != "item_reference" && (!type.empty() || fields.has("role"))) return std::nullopt;
  if (!fields.string("id") || fields.error()) return std::nullopt;
  return fields.text("id");
}

// "msg_X_0" is an item of the answer "resp_X" (ResponsesWriter::item_id).
std::string answer_of(const std::string& item) {
  const size_t begin = item.find('_'), end = item.rfind('_');
  return begin == end ? std::string() : "resp" + item.substr(begin, end - begin);
}

// The items of the stored answers that a request refers to. An answer is read once, whatever else it holds.
class StoredItems {
 public:
  explicit StoredItems(ResponseStore& stored) : stored_(stored) {}

  const Json* find(const std::string& id) {
    const std::string answer = answer_of(id);
    if (read_.insert(answer).second) read(answer);
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &found->second;
  }

 private:
  void read(const std::string& answer) {
    const auto stored = stored_.get(answer);
    if (!stored) return;
    const Json body = Json::parse(stored->body);  // our own text
    for (const Json& item : body["output"]) by_id_[item["id"]] = item;
  }

  ResponseStore& stored_;
  std::set<std::string> read_;
  std::map<std::string, Json> by_id_;
};

}  // namespace

std::optional<ApiError> resolve_references(ResponseStore& stored, Json& body) {
  const auto input = body.find("input");
  if (input == body.end() || !input->is_array()) return std::nullopt;
  StoredItems items(stored);
  size_t references = 0;
  for (size_t i = 0; i < input->size(); ++i) {
    const auto id = referred_id((*input)[i]);
    if (!id) continue;
    if (++references > kMostReferences)
      return ApiError::bad_request(fmt::format("input: more than {} references to items", kMostReferences), "input");
    const Json* item = items.find(*id);
    if (item == nullptr) {
      ApiError error = ApiError::not_found(
          fmt::format("Item with id '{}' not found: it never was, was deleted or has expired.", *id));
      error.param = fmt::format("input[{}]", i);
      return error;
    }
    (*input)[i] = *item;
  }
  return std::nullopt;
}

}  // namespace sirocco::api
