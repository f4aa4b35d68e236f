// SPDX-License-Identifier: Apache-2.0
#include "api/prompts.h"

#include <fmt/format.h>

#include <algorithm>

namespace sirocco::api {
namespace {

tl::unexpected<ApiError> wrong(std::string_view what) {
  return fail_api(ApiError::bad_request(fmt::format("prompt: {}", what), "prompt"));
}

// Text and ids side by side are one prompt.
ApiResult<std::vector<int32_t>> read_mixed(const Engine& engine, const Json& parts,
                                           const PromptRules& rules) {
  std::vector<int32_t> ids;
  for (const Json& part : parts) {
    if (part.is_string()) {
      const bool first = ids.empty();
      const auto more =
          engine.tokenize(part.get_ref<const std::string&>(),
                          {.add_begin = first && rules.add_begin, .parse_special = rules.parse_special});
      ids.insert(ids.end(), more.begin(), more.end());
    } else {
      auto one = read_ids(engine, Json::array({part}), "prompt");
      if (!one) return one;
      ids.push_back((*one)[0]);
    }
  }
  return ids;
}

}  // namespace

ApiResult<std::vector<int32_t>> read_ids(const Engine& engine, const Json& list, std::string_view field) {
  std::vector<int32_t> ids;
  ids.reserve(list.size());
  for (const Json& item : list) {
    const bool whole = item.is_number_integer();
    const auto id = whole ? item.get<int64_t>() : -1;
    if (id < 0 || id >= engine.info().vocabulary) {
      return fail_api(ApiError::bad_request(fmt::format("{}: expected token ids from 0 to {}, got {}", field,
                                                        engine.info().vocabulary - 1, to_text(item)),
                                            std::string(field)));
    }
    ids.push_back(static_cast<int32_t>(id));
  }
  return ids;
}

ApiResult<std::vector<std::vector<int32_t>>> read_prompts(const Engine& engine, const Json& prompt,
                                                          const PromptRules& rules) {
  std::vector<std::vector<int32_t>> prompts;
  if (prompt.is_string()) {
    prompts.push_back(engine.tokenize(prompt.get_ref<const std::string&>(),
                                      {.add_begin = rules.add_begin, .parse_special = rules.parse_special}));
  } else if (prompt.is_array()) {
    const auto count = [&](bool (Json::*is)() const noexcept) {
      return std::count_if(prompt.begin(), prompt.end(), [&](const Json& item) { return (item.*is)(); });
    };
    const auto size = static_cast<std::ptrdiff_t>(prompt.size());
    const bool lists_or_texts = count(&Json::is_number) == 0;
    if (size == 0) return wrong("expected text or token ids, got an empty list");
    if (lists_or_texts && static_cast<size_t>(size) > rules.max_prompts) {
      return wrong(fmt::format("expected at most {} prompts, got {}", rules.max_prompts, size));
    }
    if (!lists_or_texts) {
      auto ids = read_mixed(engine, prompt, rules);
      if (!ids) return fail_api(ids.error());
      prompts.push_back(*std::move(ids));
    } else {
      for (const Json& item : prompt) {
        if (!item.is_string() && !item.is_array())
          return wrong("expected text, token ids or a list of these");
        auto ids = read_mixed(engine, item.is_array() ? item : Json::array({item}), rules);
        if (!ids) return fail_api(ids.error());
        prompts.push_back(*std::move(ids));
      }
    }
  } else {
    return wrong(fmt::format("expected text or token ids, got {}", prompt.type_name()));
  }
  for (const auto& ids : prompts) {
    if (ids.empty()) return wrong("empty");
  }
  return prompts;
}

ApiResult<std::vector<std::vector<int32_t>>> read_infill_prompts(const Engine& engine, const Json& prompt,
                                                                 const std::string& suffix) {
  const Json texts = prompt.is_array() ? prompt : Json::array({prompt});
  if (texts.size() > PromptRules{}.max_prompts) return wrong("too many prompts");
  constexpr size_t kMostSuffixBytes = 16 << 20;  // of all prompts: each gets the suffix
  if (suffix.size() * texts.size() > kMostSuffixBytes)
    return fail_api(ApiError::bad_request(
        fmt::format("suffix: {} bytes, expected at most {} with {} prompts", suffix.size(),
                    kMostSuffixBytes / texts.size(), texts.size()),
        "suffix"));
  std::vector<std::vector<int32_t>> prompts;
  for (const Json& text : texts) {
    if (!text.is_string()) return wrong("expected text beside a suffix");
    auto ids = engine.infill_prompt(text.get_ref<const std::string&>(), suffix);
    if (!ids) return fail_api(ApiError::bad_request("suffix: " + ids.error().message, "suffix"));
    prompts.push_back(*std::move(ids));
  }
  if (prompts.empty()) return wrong("expected text, got an empty list");
  return prompts;
}

std::optional<ApiError> truncate_prompt(const Engine& engine, Fields& fields, GenerateRequest& request) {
  const auto wanted = fields.integer("truncate_prompt_tokens", -1, int64_t{1} << 40);
  if (!wanted) return fields.error();
  if (*wanted == 0)
    return ApiError::bad_request("truncate_prompt_tokens: expected -1 or at least 1, got 0",
                                 "truncate_prompt_tokens");
  const int64_t kept = *wanted > 0 ? *wanted : engine.info().context_tokens - 1;
  const int64_t surplus = static_cast<int64_t>(request.prompt.size()) - kept;
  if (surplus <= 0) return std::nullopt;
  if (!request.pictures.empty())
    return ApiError::bad_request("truncate_prompt_tokens: not with pictures", "truncate_prompt_tokens");
  request.prompt.erase(request.prompt.begin(), request.prompt.begin() + surplus);
  return std::nullopt;
}

}  // namespace sirocco::api
