// SPDX-License-Identifier: Apache-2.0
// What each container of a vocabulary yields, before it becomes a Tokenizer. Private to src/text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sirocco/result.h"
#include "text/python_json.h"
#include "text/tokenizer.h"

namespace sirocco {

// Far over any real one; bounds memory on hostile files.
inline constexpr int64_t kMaxVocabularySize = 1 << 22;

struct TokenizerParts {
  PieceList pieces;
  TokenizerVersion version = TokenizerVersion::v15;
  std::optional<ImageTokenConfig> image;
  std::optional<ModelSettingsBuilder> model_settings;
  std::optional<TokenId> bos_id, eos_id;  // else by the spellings <s> and </s>
};

Result<TokenizerParts> parse_tekken(std::string_view json, std::string_view where);
Result<TokenizerParts> parse_hugging_face(std::string_view json, std::string_view where);
Result<TokenizerParts> parts_of_gguf(const GgufVocabulary& gguf, std::string_view where);

// Bytes of a piece in the byte-level alphabet of GPT-2 ("Ġ" is a space); nothing if a character is not in it.
std::optional<std::string> decode_byte_level(std::string_view piece);
// Name of a control token slot that the file does not name.
std::string unused_special_name(int64_t id);

}  // namespace sirocco
