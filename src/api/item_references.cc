// SPDX-License-Identifier: Apache-2.0
#include "api/item_references.h"

#include <fmt/format.h>

#include "api/fields.h"

namespace sirocco::api {
namespace {

// The type may be left out: an id alone says it too.
std::optional<std::string> referred_id(const Json& item) {
  if (!item.is_object()) return std::nullopt;
  Fields fields(item);
  const std::string type = fields.text("type");
  if (type != "item_reference" && (!type.empty() || fields.has("role"))) return std::nullopt;
  if (!fields.string("id")) return std::nullopt;
  return fields.text("id");
}

// "msg_X_0" is an item of the answer "resp_X" (ResponsesWriter::item_id).
std::string answer_of(const std::string& item) {
  const size_t begin = item.find('_'), end = item.rfind('_');
  return begin == end ? std::string() : "resp" + item.substr(begin, end - begin);
}

std::optional<Json> find_item(ResponseStore& stored, const std::string& id) {
  const auto answer = stored.get(answer_of(id));
  if (!answer) return std::nullopt;
  const Json body = Json::parse(answer->body);  // our own text
  for (const Json& item : body["output"])
    if (item["id"] == id) return item;
  return std::nullopt;
}

}  // namespace

std::optional<ApiError> resolve_references(ResponseStore& stored, Json& body) {
  const auto input = body.find("input");
  if (input == body.end() || !input->is_array()) return std::nullopt;
  for (size_t i = 0; i < input->size(); ++i) {
    const auto id = referred_id((*input)[i]);
    if (!id) continue;
    auto item = find_item(stored, *id);
    if (!item) {
      ApiError error = ApiError::not_found(
          fmt::format("Item with id '{}' not found: it never was, was deleted or has expired.", *id));
      error.param = fmt::format("input[{}]", i);
      return error;
    }
    (*input)[i] = *std::move(item);
  }
  return std::nullopt;
}

}  // namespace sirocco::api
