// SPDX-License-Identifier: Apache-2.0
// Any bytes as a tokenizer.json: an error in one line, or a tokenizer that encodes and decodes what it is
// given.
// "$B" in the input stands for the 256 single bytes of the vocabulary as ids 0 to 255, "$P" for the splitting
// pattern as JSON; so inputs stay short.
//
// Covers: src/text/hugging_face_file.cc src/text/byte_level.cc src/text/vocabulary.cc src/text/bpe.cc
#include <fmt/format.h>

#include "base/check.h"
#include "text/byte_alphabet.h"
#include "text/python_json.h"
#include "text/splitter.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace sirocco {
namespace {

std::string byte_entries() {
  std::string entries;
  const auto pieces = byte_alphabet();
  for (size_t b = 0; b < pieces.size(); ++b) {
    if (b) entries += ',';
    dump_python_string(pieces[b], entries);
    entries += fmt::format(":{}", b);
  }
  return entries;
}

std::string expand(std::string_view input) {
  static const std::string entries = byte_entries();
  static const std::string pattern = dump_python_json(PythonJson::make_string(std::string(kTekkenPattern)));
  std::string json(input);
  if (const size_t at = json.find("$B"); at != std::string::npos) json.replace(at, 2, entries);
  if (const size_t at = json.find("$P"); at != std::string::npos) json.replace(at, 2, pattern);
  return json;
}

}  // namespace
}  // namespace sirocco

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto tokenizer = sirocco::Tokenizer::from_hugging_face(sirocco::expand(input), "x.json");
  if (!tokenizer) {
    CHECK(tokenizer.error().message.rfind("x.json: ", 0) == 0);
    CHECK(tokenizer.error().message.find('\n') == std::string::npos);
    return 0;
  }
  std::string text;
  sirocco::append_replacing_invalid(input, text);
  CHECK(tokenizer->decode(tokenizer->encode(input)) == text);
  return 0;
}
