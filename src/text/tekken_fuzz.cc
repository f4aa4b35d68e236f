// SPDX-License-Identifier: Apache-2.0
// Any bytes as a tekken.json: an error in one line, or a tokenizer that encodes and decodes what it is given.
// "$B" in the input stands for the 256 vocabulary entries that every file needs; so inputs stay short.
//
// Covers: src/text/tekken_file.cc src/text/python_json_parser.cc src/text/model_settings.cc src/text/base64.cc
#include <fmt/format.h>

#include "base/check.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace sirocco {
namespace {

std::string byte_entries() {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string entries;
  for (unsigned b = 0; b < 256; ++b)
    entries += fmt::format("{}{{\"rank\":{},\"token_bytes\":\"{}{}==\",\"token_str\":null}}", b ? "," : "", b,
                           kAlphabet[b >> 2], kAlphabet[(b & 3) << 4]);
  return entries;
}

std::string expand(std::string_view input) {
  static const std::string entries = byte_entries();
  std::string json(input);
  const size_t marker = json.find("$B");
  if (marker != std::string::npos) json.replace(marker, 2, entries);
  return json;
}

}  // namespace
}  // namespace sirocco

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = sirocco::Tokenizer::from_tekken(sirocco::expand(input), "x.json");
  if (!tokenizer) {
    CHECK(tokenizer.error().message.rfind("x.json: ", 0) == 0);
    CHECK(tokenizer.error().message.find('\n') == std::string::npos);
    return 0;
  }
  std::string text;
  sirocco::append_replacing_invalid(input, text);
  CHECK(tokenizer->decode(tokenizer->encode(input)) == text);
  CHECK(tokenizer->decode(tokenizer->encode_raw(text), sirocco::SpecialTokens::spell_out).size() >=
        text.size());
  return 0;
}
