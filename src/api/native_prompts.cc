// SPDX-License-Identifier: Apache-2.0
#include "api/native_prompts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/prompts.h"

namespace sirocco::api {
namespace {

constexpr std::string_view kMediaMark = "<__media__>";

// Where a picture stands in a text, and what is to stand there.
struct Mark {
  size_t begin = 0, end = 0;
  const std::string* data = nullptr;
};

ApiError wrong(std::string_view field, std::string_view what) {
  return ApiError::bad_request(fmt::format("{}: {}", field, what), std::string(field));
}

// Plain base64 has no scheme.
std::string url_of(const std::string& data) {
  const bool is_url = data.starts_with("data:") || data.find("://") != std::string::npos;
  return is_url ? data : "data:image/*;base64," + data;
}

ApiResult<NativePrompt> put_together(const Engine& engine, std::string_view text, const std::vector<Mark>& marks) {
  NativePrompt prompt;
  const auto add_text = [&](std::string_view piece) {
    const auto ids = engine.tokenize(piece, {.add_begin = prompt.ids.empty(), .parse_special = true});
    prompt.ids.insert(prompt.ids.end(), ids.begin(), ids.end());
  };
  size_t done = 0;
  for (const Mark& mark : marks) {
    add_text(text.substr(done, mark.begin - done));
    done = mark.end;
    auto picture = engine.picture(url_of(*mark.data));
    if (!picture) return fail_api(ApiError::from(picture.error()));
    picture->picture.first_token = static_cast<int64_t>(prompt.ids.size());
    prompt.ids.insert(prompt.ids.end(), picture->ids.begin(), picture->ids.end());
    prompt.pictures.push_back(std::move(picture->picture));
  }
  if (done < text.size() || prompt.ids.empty()) add_text(text.substr(done));
  return prompt;
}

ApiResult<NativePrompt> read_object(const Engine& engine, const Json& object) {
  Fields fields(object, "prompt.");
  const std::string text = fields.text("prompt_string");
  const Json* data = fields.array("multimodal_data");
  if (fields.error()) return fail_api(*fields.error());
  const Json none = Json::array();
  const Json& list = data ? *data : none;
  std::vector<Mark> marks;
  for (size_t at = 0; (at = text.find(kMediaMark, at)) != std::string::npos; at += kMediaMark.size())
    marks.push_back({at, at + kMediaMark.size(), nullptr});
  if (marks.size() != list.size())
    return fail_api(wrong("multimodal_data", fmt::format("{} pictures for {} marks {}", list.size(), marks.size(),
                                                         kMediaMark)));
  for (size_t i = 0; i < marks.size(); ++i) {
    if (!list[i].is_string()) return fail_api(wrong("multimodal_data", "expected base64 texts"));
    marks[i].data = &list[i].get_ref<const std::string&>();
  }
  return put_together(engine, text, marks);
}

// "[img-12]" is the picture of id 12; a mark without a picture stays text.
ApiResult<NativePrompt> read_tagged(const Engine& engine, const std::string& text, const Json& images) {
  constexpr std::string_view kOpen = "[img-";
  std::vector<Mark> marks;
  for (size_t at = 0; (at = text.find(kOpen, at)) != std::string::npos; at += kOpen.size()) {
    int64_t id = 0;
    const char* const last = text.data() + text.size();
    const auto [behind, error] = std::from_chars(text.data() + at + kOpen.size(), last, id);
    if (error != std::errc() || behind == last || *behind != ']') continue;
    const auto image = std::ranges::find_if(
        images, [&](const Json& item) { return item["id"].is_number_integer() && item["id"] == id; });
    if (image == images.end()) continue;
    marks.push_back({at, static_cast<size_t>(behind + 1 - text.data()),
                     &(*image)["data"].get_ref<const std::string&>()});
  }
  return put_together(engine, text, marks);
}

}  // namespace

ApiResult<std::vector<NativePrompt>> read_native_prompts(const Engine& engine, Fields& fields,
                                                         const Json& prompt) {
  std::vector<NativePrompt> prompts;
  const Json* images = fields.array("image_data");
  if (fields.error()) return fail_api(*fields.error());
  const bool objects = prompt.is_array() && !prompt.empty() &&
                       std::ranges::all_of(prompt, [](const Json& item) { return item.is_object(); });
  if (prompt.is_object() || objects) {
    const Json list = objects ? prompt : Json::array({prompt});
    if (list.size() > PromptRules{}.max_prompts) return fail_api(wrong("prompt", "too many prompts"));
    for (const Json& item : list) {
      auto one = read_object(engine, item);
      if (!one) return fail_api(one.error());
      prompts.push_back(*std::move(one));
    }
    return prompts;
  }
  if (images && !images->empty()) {
    if (!prompt.is_string()) return fail_api(wrong("image_data", "expected beside a prompt that is text"));
    for (const Json& item : *images)
      if (!item.is_object() || !item.contains("id") || !item.contains("data") || !item["data"].is_string())
        return fail_api(wrong("image_data", "expected objects with id and base64 data"));
    auto one = read_tagged(engine, prompt.get_ref<const std::string&>(), *images);
    if (!one) return fail_api(one.error());
    prompts.push_back(*std::move(one));
    return prompts;
  }
  auto plain = read_prompts(engine, prompt, {});
  if (!plain) return fail_api(plain.error());
  for (std::vector<int32_t>& ids : *plain) prompts.push_back({std::move(ids), {}});
  return prompts;
}

}  // namespace sirocco::api
