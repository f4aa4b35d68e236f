// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/mapped_file.h"
#include "text/bpe.h"
#include "text/detokenizer.h"
#include "text/splitter.h"
#include "text/tokenizer_parts.h"
#include "text/utf8.h"

namespace sirocco {
namespace {

constexpr size_t kCacheFromBytes = 32 << 10;  // shorter texts end before a cache has paid for itself

}  // namespace

std::optional<TokenizerVersion> tokenizer_version_named(std::string_view name) {
  for (const auto version : {TokenizerVersion::v3, TokenizerVersion::v7, TokenizerVersion::v11,
                             TokenizerVersion::v13, TokenizerVersion::v15})
    if (name == name_of(version)) return version;
  return std::nullopt;
}

std::string_view name_of(TokenizerVersion version) {
  switch (version) {
    case TokenizerVersion::v3:
      return "v3";
    case TokenizerVersion::v7:
      return "v7";
    case TokenizerVersion::v11:
      return "v11";
    case TokenizerVersion::v13:
      return "v13";
    case TokenizerVersion::v15:
      break;
  }
  return "v15";
}

Result<Tokenizer> Tokenizer::assemble(TokenizerParts parts, std::string_view where) {
  auto vocabulary = Vocabulary::create(std::move(parts.pieces), where);
  if (!vocabulary) return forward_error(vocabulary);
  Tokenizer tokenizer;
  tokenizer.vocabulary_ = std::move(*vocabulary);
  tokenizer.version_ = parts.version;
  tokenizer.image_ = parts.image;
  tokenizer.model_settings_ = std::move(parts.model_settings);
  for (TokenId id = 0; id < tokenizer.vocab_size(); ++id) {
    if (!tokenizer.is_special(id)) continue;
    const std::string_view name = tokenizer.piece(id);
    if (!tokenizer.specials_.emplace(name, id).second)
      return bad_input(fmt::format("{}: the control token {} appears twice", where, quoted(name)));
    tokenizer.longest_special_bytes_ = std::max(tokenizer.longest_special_bytes_, name.size());
    tokenizer.starts_special_[static_cast<unsigned char>(name[0])] = true;
  }
  const auto bos = parts.bos_id ? parts.bos_id : tokenizer.special_id("<s>");
  const auto eos = parts.eos_id ? parts.eos_id : tokenizer.special_id("</s>");
  if (!bos || !eos) return bad_input(fmt::format("{}: no control tokens <s> and </s>", where));
  tokenizer.bos_id_ = *bos;
  tokenizer.eos_id_ = *eos;
  return tokenizer;
}

Result<Tokenizer> Tokenizer::from_tekken(std::string_view json, std::string_view where) {
  auto parts = parse_tekken(json, where);
  if (!parts) return forward_error(parts);
  return assemble(std::move(*parts), where);
}

Result<Tokenizer> Tokenizer::from_hugging_face(std::string_view json, std::string_view where) {
  auto parts = parse_hugging_face(json, where);
  if (!parts) return forward_error(parts);
  return assemble(std::move(*parts), where);
}

Result<Tokenizer> Tokenizer::from_gguf(const GgufVocabulary& gguf, std::string_view where) {
  auto parts = parts_of_gguf(gguf, where);
  if (!parts) return forward_error(parts);
  return assemble(std::move(*parts), where);
}

Result<Tokenizer> Tokenizer::open(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  std::string file = path;
  if (fs::is_directory(path, ignored)) {
    file = (fs::path(path) / "tekken.json").string();
    if (!fs::exists(file, ignored)) file = (fs::path(path) / "tokenizer.json").string();
    if (!fs::exists(file, ignored))
      return fail(ErrorKind::not_found,
                  fmt::format("{}: neither tekken.json nor tokenizer.json in it", path));
  }
  auto mapped = MappedFile::open(file);
  if (!mapped) return forward_error(mapped);
  const std::string_view json(reinterpret_cast<const char*>(mapped->bytes().data()), mapped->bytes().size());
  if (fs::path(file).filename().string().find("tekken") != std::string::npos) return from_tekken(json, file);
  return from_hugging_face(json, file);
}

void Tokenizer::set_version(TokenizerVersion version) {
  version_ = version;
  if (version < TokenizerVersion::v15)
    model_settings_.reset();
  else if (!model_settings_)
    model_settings_ = ModelSettingsBuilder::shipped();
}

void Tokenizer::encode_append(std::string_view text, std::vector<TokenId>& ids) const {
  std::string repaired;
  if (!is_valid_utf8(text)) {
    append_replacing_invalid(text, repaired);
    text = repaired;
  }
  const char* const limit = text.data() + text.size();
  std::optional<PieceCache> cache;
  if (text.size() >= kCacheFromBytes) cache.emplace();
  while (!text.empty()) {
    const size_t length = next_piece(text);
    encode_piece(vocabulary_, text.substr(0, length), limit, ids, cache ? &*cache : nullptr);
    text.remove_prefix(length);
  }
}

std::vector<TokenId> Tokenizer::encode(std::string_view text) const {
  std::vector<TokenId> ids;
  ids.reserve(text.size() / 4 + 1);
  encode_append(text, ids);
  return ids;
}

std::vector<TokenId> Tokenizer::encode_raw(std::string_view text) const {
  std::vector<TokenId> ids;
  size_t plain = 0;
  for (size_t i = 0; i < text.size();) {
    std::optional<TokenId> special;
    size_t length = 0;
    if (starts_special_[static_cast<unsigned char>(text[i])])
      for (length = std::min(longest_special_bytes_, text.size() - i); length > 0 && !special; --length)
        if ((special = special_id(text.substr(i, length)))) break;
    if (!special) {
      ++i;
      continue;
    }
    encode_append(text.substr(plain, i - plain), ids);
    ids.push_back(*special);
    plain = i += length;
  }
  encode_append(text.substr(plain), ids);
  return ids;
}

std::string Tokenizer::decode(std::span<const TokenId> ids, SpecialTokens special) const {
  Detokenizer stream(*this, special);
  std::string text;
  for (const TokenId id : ids) stream.push(id, text);
  stream.finish(text);
  return text;
}

std::string_view Tokenizer::piece(TokenId id) const {
  return id >= 0 && id < vocab_size() ? vocabulary_.piece(id) : std::string_view();
}

bool Tokenizer::is_special(TokenId id) const {
  return id >= 0 && id < vocab_size() && vocabulary_.is_special(id);
}

std::optional<TokenId> Tokenizer::special_id(std::string_view name) const {
  const auto found = specials_.find(std::string(name));
  return found == specials_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace sirocco
