// SPDX-License-Identifier: Apache-2.0
// Input: ids of begin and end as two bytes, then a token a line, its type in front as a digit. "$B" for a line stands
// for the 256 tokens of one byte; so inputs stay short. An error in one line, or a tokenizer that encodes and decodes
// what it is given.
//
// Covers: src/text/gguf_vocabulary.cc
#include <algorithm>
#include <string>
#include <string_view>

#include "base/check.h"
#include "text/byte_alphabet.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace sirocco {
namespace {

GgufVocabulary vocabulary_of(std::string_view input) {
  GgufVocabulary vocabulary;
  if (input.size() >= 2) {
    vocabulary.bos_id = static_cast<signed char>(input[0]);
    vocabulary.eos_id = static_cast<signed char>(input[1]);
    input.remove_prefix(2);
  }
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), line.size() + 1));
    if (line == "$B") {
      for (const std::string& piece : byte_alphabet()) {
        vocabulary.tokens.push_back(piece);
        vocabulary.token_types.push_back(1);
      }
    } else if (!line.empty()) {
      vocabulary.token_types.push_back(line[0] - '0');
      if (line.size() == 1 || line[1] != '!') vocabulary.tokens.emplace_back(line.substr(1));  // "1!": a type too many
    }
  }
  return vocabulary;
}

}  // namespace
}  // namespace sirocco

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = sirocco::Tokenizer::from_gguf(sirocco::vocabulary_of(input), "x.gguf");
  if (!tokenizer) {
    CHECK(tokenizer.error().message.rfind("x.gguf: ", 0) == 0);
    CHECK(tokenizer.error().message.find('\n') == std::string::npos);
    return 0;
  }
  std::string text;
  sirocco::append_replacing_invalid(input, text);
  const auto ids = tokenizer->encode(input);
  for (const sirocco::TokenId id : ids) CHECK(id >= 0 && id < tokenizer->vocab_size());
  if (input.find("$B") != std::string_view::npos) CHECK(tokenizer->decode(ids) == text);
  return 0;
}
