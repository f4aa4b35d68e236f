// SPDX-License-Identifier: Apache-2.0
// Text to token ids and back, for Tekken vocabularies from any of the three places they come in: tekken.json,
// Hugging Face's tokenizer.json, a GGUF file. Equal to mistral-common's Tekkenizer on any text.
// Immutable after construction: all methods may be called from many threads.
// Control tokens never come out of encode(); only encode_raw() reads their spellings.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sirocco/result.h"
#include "text/model_settings.h"
#include "text/vocabulary.h"

namespace sirocco {

// Which instruct layout the vocabulary was made for; values compare by age.
enum class TokenizerVersion { v3 = 3, v7 = 7, v11 = 11, v13 = 13, v15 = 15 };
std::optional<TokenizerVersion> tokenizer_version_named(std::string_view name);  // "v15"
std::string_view name_of(TokenizerVersion version);

// How pictures become tokens; sizes in pixels.
struct ImageTokenConfig {
  int patch_size = 14;
  int max_image_size = 1540;
  int spatial_merge_size = 2;
};

// What a vocabulary inside a GGUF file consists of; the caller reads the metadata.
struct GgufVocabulary {
  std::vector<std::string> tokens;  // tokenizer.ggml.tokens: plain ones in the byte-level alphabet
  // tokenizer.ggml.token_type: 1 normal, 2 unknown, 3 control, 4 user, 6 byte
  std::vector<int32_t> token_types;
  std::optional<int32_t> bos_id, eos_id;
};

enum class SpecialTokens { skip, spell_out };

class Tokenizer {
 public:
  // A tekken.json or tokenizer.json, or a directory that holds one (tekken.json is preferred).
  static Result<Tokenizer> open(const std::string& path);
  static Result<Tokenizer> from_tekken(std::string_view json, std::string_view where);
  static Result<Tokenizer> from_hugging_face(std::string_view json, std::string_view where);
  // Gets the v15 layout unless the caller sets another version.
  static Result<Tokenizer> from_gguf(const GgufVocabulary& gguf, std::string_view where);

  // Ids of text; invalid UTF-8 counts as U+FFFD. No BOS, no control tokens.
  std::vector<TokenId> encode(std::string_view text) const;
  void encode_append(std::string_view text, std::vector<TokenId>& ids) const;
  // As encode(), but spelled-out control tokens ("[INST]") become their ids: for text that is trusted.
  std::vector<TokenId> encode_raw(std::string_view text) const;

  // Valid UTF-8 for any ids: broken characters and ids outside the vocabulary become U+FFFD.
  std::string decode(std::span<const TokenId> ids, SpecialTokens special = SpecialTokens::skip) const;
  // The bytes of one token: part of a character perhaps; a control token's spelling. Empty outside the
  // vocabulary.
  std::string_view piece(TokenId id) const;
  bool is_special(TokenId id) const;  // false outside the vocabulary

  int32_t vocab_size() const { return vocabulary_.size(); }
  TokenId bos_id() const { return bos_id_; }
  TokenId eos_id() const { return eos_id_; }
  // Id of a control token by its spelling.
  std::optional<TokenId> special_id(std::string_view name) const;

  TokenizerVersion version() const { return version_; }
  void set_version(TokenizerVersion version);  // for --template
  const std::optional<ImageTokenConfig>& image() const { return image_; }
  const std::optional<ModelSettingsBuilder>& model_settings() const { return model_settings_; }

 private:
  Tokenizer() = default;
  static Result<Tokenizer> assemble(struct TokenizerParts parts, std::string_view where);

  Vocabulary vocabulary_;
  std::unordered_map<std::string, TokenId> specials_;
  size_t longest_special_bytes_ = 0;
  bool starts_special_[256] = {};  // first bytes of control tokens
  TokenId bos_id_ = kNoToken;
  TokenId eos_id_ = kNoToken;
  TokenizerVersion version_ = TokenizerVersion::v15;
  std::optional<ImageTokenConfig> image_;
  std::optional<ModelSettingsBuilder> model_settings_;
};

}  // namespace sirocco
