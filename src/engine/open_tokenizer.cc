// SPDX-License-Identifier: Apache-2.0
#include "engine/open_tokenizer.h"

#include <fmt/format.h>

namespace sirocco {
namespace {

std::optional<int32_t> token_id(const GgufMetadata& metadata, const char* key) {
  const auto value = metadata.integer(key);
  if (!value || *value < 0 || *value > INT32_MAX) return std::nullopt;
  return static_cast<int32_t>(*value);
}

Result<Tokenizer> open_from_gguf(const Checkpoint& checkpoint) {
  const GgufMetadata& metadata = checkpoint.gguf_metadata();
  const auto* tokens = metadata.texts("tokenizer.ggml.tokens");
  if (tokens == nullptr) return Tokenizer::open(checkpoint.directory());
  GgufVocabulary vocabulary;
  vocabulary.tokens = *tokens;
  if (const auto types = metadata.integers("tokenizer.ggml.token_type"))
    for (const int64_t type : *types) vocabulary.token_types.push_back(static_cast<int32_t>(type));
  vocabulary.bos_id = token_id(metadata, "tokenizer.ggml.bos_token_id");
  vocabulary.eos_id = token_id(metadata, "tokenizer.ggml.eos_token_id");
  return Tokenizer::from_gguf(vocabulary, checkpoint.path());
}

}  // namespace

Result<Tokenizer> open_tokenizer(const Checkpoint& checkpoint, const std::string& template_name) {
  auto tokenizer = checkpoint.layout() == Layout::gguf ? open_from_gguf(checkpoint)
                                                       : Tokenizer::open(checkpoint.directory());
  if (!tokenizer || template_name.empty()) return tokenizer;
  const auto version = tokenizer_version_named(template_name);
  if (!version)
    return bad_input(fmt::format("template: \"{}\", expected v3, v7, v11, v13 or v15", template_name));
  tokenizer->set_version(*version);
  return tokenizer;
}

}  // namespace sirocco
