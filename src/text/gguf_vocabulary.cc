// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "text/tokenizer_parts.h"

namespace sirocco {
namespace {

enum GgufTokenType : int32_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,
  kUserDefined = 4,
  kUnused = 5,
  kByte = 6
};

}  // namespace

Result<TokenizerParts> parts_of_gguf(const GgufVocabulary& gguf, std::string_view where) {
  const auto fail_at = [&](std::string_view what) { return bad_input(fmt::format("{}: {}", where, what)); };
  if (gguf.tokens.empty() || gguf.tokens.size() > static_cast<size_t>(kMaxVocabularySize))
    return fail_at(fmt::format("tokenizer.ggml.tokens: expected 1 to {}, got {}", kMaxVocabularySize,
                               gguf.tokens.size()));
  if (gguf.token_types.size() != gguf.tokens.size())
    return fail_at(fmt::format("tokenizer.ggml.token_type: expected {} entries, got {}", gguf.tokens.size(),
                               gguf.token_types.size()));
  TokenizerParts parts;
  bool has_image = false;
  for (size_t id = 0; id < gguf.tokens.size(); ++id) {
    const std::string& token = gguf.tokens[id];
    const int32_t type = gguf.token_types[id];
    if (type < kNormal || type > kByte)
      return fail_at(fmt::format("tokenizer.ggml.token_type[{}]: expected 1 to 6, got {}", id, type));
    if (type == kNormal || type == kByte) {
      const auto bytes = decode_byte_level(token);
      if (!bytes)
        return fail_at(fmt::format("tokenizer.ggml.tokens[{}]: not in the byte-level alphabet", id));
      parts.pieces.add(*bytes, false);
    } else {
      parts.pieces.add(token.empty() ? unused_special_name(static_cast<int64_t>(id)) : token, true);
      has_image = has_image || token == "[IMG]";
    }
  }
  const auto valid_id = [&](const std::optional<int32_t>& id) {
    return id && *id >= 0 && static_cast<size_t>(*id) < gguf.tokens.size();
  };
  if (valid_id(gguf.bos_id)) parts.bos_id = gguf.bos_id;
  if (valid_id(gguf.eos_id)) parts.eos_id = gguf.eos_id;
  parts.version = TokenizerVersion::v15;
  parts.model_settings = ModelSettingsBuilder::shipped();
  if (has_image) parts.image = ImageTokenConfig{};
  return parts;
}

}  // namespace sirocco
