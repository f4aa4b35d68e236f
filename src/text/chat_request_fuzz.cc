// SPDX-License-Identifier: Apache-2.0
// Any bytes as a chat request, for a tokenizer of each layout: an error in one line, or a prompt whose
// control tokens all come from the layout. What strict mode accepts, lenient mode must accept.
//
// Covers: src/text/chat_*.cc src/text/prompt.cc src/text/python_json*.cc src/text/json_schema.cc
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "text/prompt.h"
#include "text/utf8.h"

namespace sirocco {
namespace {

// The smallest vocabulary: 38 control tokens and the 256 bytes.
Tokenizer small_tokenizer() {
  constexpr std::string_view kNames[] = {"<unk>",
                                         "<s>",
                                         "</s>",
                                         "[INST]",
                                         "[/INST]",
                                         "[AVAILABLE_TOOLS]",
                                         "[/AVAILABLE_TOOLS]",
                                         "[TOOL_RESULTS]",
                                         "[/TOOL_RESULTS]",
                                         "[TOOL_CALLS]",
                                         "[IMG]",
                                         "[IMG_BREAK]",
                                         "[IMG_END]",
                                         "[PREFIX]",
                                         "[SUFFIX]",
                                         "[SYSTEM_PROMPT]",
                                         "[/SYSTEM_PROMPT]",
                                         "[TOOL_CONTENT]",
                                         "[ARGS]",
                                         "[CALL_ID]",
                                         "[THINK]",
                                         "[/THINK]",
                                         "[MODEL_SETTINGS]",
                                         "[/MODEL_SETTINGS]"};
  GgufVocabulary gguf;
  for (const std::string_view name : kNames) gguf.tokens.emplace_back(name);
  gguf.token_types.assign(gguf.tokens.size(), 3);
  uint32_t next = 0x100;
  for (uint32_t b = 0; b < 256; ++b) {
    const bool printable = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
    append_utf8(printable ? b : next++, gguf.tokens.emplace_back());
  }
  gguf.token_types.resize(gguf.tokens.size(), 1);
  return *Tokenizer::from_gguf(gguf, "small");
}

// The same conversation with a picture of 2 × 1 tokens behind every URL.
Result<PromptTokens> prompt(const Tokenizer& tokenizer, const PythonJson& json, ChatRules rules) {
  auto result = prompt_of_request(tokenizer, json, rules, [](std::string_view) -> Result<PictureGrid> {
    return PictureGrid{2, 1};
  });
  if (!result) CHECK(result.error().message.find('\n') == std::string::npos);
  return result;
}

void check_prompt(const Tokenizer& tokenizer, const PromptTokens& tokens) {
  CHECK(tokens.ids.front() == tokenizer.bos_id());
  CHECK(std::ranges::count(tokens.ids, tokenizer.bos_id()) == 1);
  for (const PictureSlot& slot : tokens.pictures)
    CHECK(slot.first_token + slot.tokens <= std::ssize(tokens.ids));
  CHECK(is_valid_utf8(tokenizer.decode(tokens.ids, SpecialTokens::spell_out)));
}

}  // namespace
}  // namespace sirocco

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sirocco;
  static Tokenizer tokenizer = small_tokenizer();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (text.empty() || !is_valid_utf8(text)) return 0;
  constexpr TokenizerVersion kVersions[] = {TokenizerVersion::v15, TokenizerVersion::v13,
                                            TokenizerVersion::v11, TokenizerVersion::v7,
                                            TokenizerVersion::v3};
  const auto json = parse_python_json(text.substr(1), "request");
  if (!json) return 0;
  tokenizer.set_version(kVersions[static_cast<unsigned char>(text[0]) % 5]);
  const auto strict = prompt(tokenizer, *json, ChatRules::strict);
  const auto lenient = prompt(tokenizer, *json, ChatRules::lenient);
  if (strict) check_prompt(tokenizer, *strict);
  if (lenient) check_prompt(tokenizer, *lenient);
  CHECK(lenient || !strict);
  const std::string dumped = dump_python_json(*json);
  CHECK(dump_python_json(*parse_python_json(dumped, "again")) == dumped);
  return 0;
}
