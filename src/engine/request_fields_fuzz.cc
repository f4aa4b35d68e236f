// SPDX-License-Identifier: Apache-2.0
// Any JSON as the fields of a request: an error in one line that names a field, or a request that submit()
// either takes or refuses; samplers that pass the check must pick a token.
//
// Covers: src/engine/request_fields.cc src/sample/check_sampling.cc
#include <array>

#include "base/check.h"
#include "engine/check_request.h"
#include "engine/request_fields.h"
#include "sample/sampler.h"
#include "text/utf8.h"

namespace sirocco {
namespace {

// Two control tokens and the printable ASCII bytes.
Tokenizer small_tokenizer() {
  GgufVocabulary gguf;
  gguf.tokens = {"<unk>", "<s>", "</s>"};
  gguf.token_types = {3, 3, 3};
  uint32_t next = 0x100;
  for (uint32_t b = 0; b < 256; ++b) {
    const bool printable = (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
    append_utf8(printable ? b : next++, gguf.tokens.emplace_back());
  }
  gguf.token_types.resize(gguf.tokens.size(), 1);
  return *Tokenizer::from_gguf(gguf, "small");
}

}  // namespace
}  // namespace sirocco

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sirocco;
  static const Tokenizer tokenizer = small_tokenizer();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!is_valid_utf8(text)) return 0;
  const auto json = parse_python_json(text, "request");
  if (!json) return 0;
  GenerateRequest request;
  request.prompt = {1, 40, 41};
  std::vector<std::string> ignored;
  const auto read = read_request_fields(*json, tokenizer, request, &ignored);
  if (!read) {
    CHECK(read.error().message.find('\n') == std::string::npos);
    return 0;
  }
  if (!check_request(request, {tokenizer.vocab_size(), 4, 1000, -1})) return 0;
  std::array<float, 300> logits;
  for (size_t t = 0; t < logits.size(); ++t) logits[t] = static_cast<float>(t % 7);
  Sampler sampler(request.sampling, 0);
  sampler.see_prompt(request.prompt);
  for (int i = 0; i < 3; ++i) {
    const auto row = std::span(logits).first(static_cast<size_t>(tokenizer.vocab_size()));
    const auto token = sampler.pick(row, {});
    if (!token) break;  // a bias may ban everything
    CHECK(*token >= 0 && *token < tokenizer.vocab_size());
    sampler.accept(*token);
  }
  return 0;
}
