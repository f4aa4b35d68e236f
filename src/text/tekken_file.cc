// SPDX-License-Identifier: Apache-2.0
// tekken.json; the format is described in docs/formats/tekken.md.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "text/base64.h"
#include "text/splitter.h"
#include "text/tokenizer_parts.h"
#include "text/utf8.h"

namespace sirocco {
namespace {

// Files up to v7 may leave out the list of control tokens; then it is this one.
constexpr std::array<std::string_view, 20> kImplicitSpecials = {"<unk>",
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
                                                                "<pad>",
                                                                "[IMG_BREAK]",
                                                                "[IMG_END]",
                                                                "[PREFIX]",
                                                                "[MIDDLE]",
                                                                "[SUFFIX]",
                                                                "[SYSTEM_PROMPT]",
                                                                "[/SYSTEM_PROMPT]",
                                                                "[TOOL_CONTENT]"};

constexpr int64_t kMaxSpecialSlots = 1 << 16;  // unnamed slots cost memory that the file did not

class TekkenReader {
 public:
  TekkenReader(const PythonJson& root, std::string_view where) : root_(root), where_(where) {}

  Result<TokenizerParts> read() {
    if (!root_.is_object()) return fail_at("expected an object");
    const PythonJson* config = root_.find("config");
    if (!config || !config->is_object()) return fail_at("config: missing");
    const PythonJson* version = config->find("version");
    if (!version || !version->is_string()) return fail_at("config.version: missing");
    const auto known = tokenizer_version_named(version->text);
    if (!known)
      return fail_at(fmt::format("config.version: expected one of v3, v7, v11, v13, v15, got {}",
                                 quoted(version->text)));
    parts_.version = *known;
    const PythonJson* pattern = config->find("pattern");
    if (!pattern || !pattern->is_string()) return fail_at("config.pattern: missing");
    if (pattern->text != kTekkenPattern) return fail_at("config.pattern: not the Tekken pattern");
    for (const auto step :
         {&TekkenReader::read_sizes, &TekkenReader::read_specials, &TekkenReader::read_vocabulary,
          &TekkenReader::read_image, &TekkenReader::read_settings})
      if (auto done = (this->*step)(); !done) return forward_error(done);
    return std::move(parts_);
  }

 private:
  tl::unexpected<Error> fail_at(std::string_view what) const {
    return bad_input(fmt::format("{}: {}", where_, what));
  }

  Result<int64_t> positive(const PythonJson& object, std::string_view key, int64_t most) const {
    const PythonJson* value = object.find(key);
    const auto number = value ? value->as_int64() : std::nullopt;
    if (!number || *number < 1 || *number > most)
      return fail_at(fmt::format("{}: expected an integer from 1 to {}", key, most));
    return *number;
  }

  Result<void> read_sizes() {
    const PythonJson& config = *root_.find("config");
    auto size = positive(config, "default_vocab_size", kMaxVocabularySize);
    if (!size) return forward_error(size);
    auto specials = positive(config, "default_num_special_tokens", std::min(*size, kMaxSpecialSlots));
    if (!specials) return forward_error(specials);
    vocab_size_ = *size;
    special_count_ = *specials;
    return {};
  }

  Result<void> read_specials() {
    std::vector<std::string> names(static_cast<size_t>(special_count_));
    const PythonJson* list = root_.find("special_tokens");
    if (!list || list->is_null()) {
      if (parts_.version > TokenizerVersion::v7) return fail_at("special_tokens: missing, needed above v7");
      if (names.size() < kImplicitSpecials.size())
        return fail_at(
            fmt::format("default_num_special_tokens: expected at least {}", kImplicitSpecials.size()));
      for (size_t i = 0; i < kImplicitSpecials.size(); ++i) names[i] = kImplicitSpecials[i];
    } else {
      if (!list->is_array()) return fail_at("special_tokens: expected a list");
      if (list->items.size() > names.size())
        return fail_at(fmt::format("special_tokens: {} entries, but default_num_special_tokens is {}",
                                   list->items.size(), names.size()));
      for (size_t i = 0; i < list->items.size(); ++i) {
        const PythonJson* rank = list->items[i].find("rank");
        const PythonJson* name = list->items[i].find("token_str");
        if (!rank || rank->as_int64() != static_cast<int64_t>(i) || !name || !name->is_string() ||
            name->text.empty())
          return fail_at(fmt::format("special_tokens[{}]: expected rank {} and a token_str", i, i));
        names[i] = name->text;
      }
    }
    for (size_t i = 0; i < names.size(); ++i)
      parts_.pieces.add(names[i].empty() ? unused_special_name(static_cast<int64_t>(i)) : names[i], true);
    return {};
  }

  Result<void> read_vocabulary() {
    const auto wanted = static_cast<size_t>(vocab_size_ - special_count_);
    const PythonJson* list = root_.find("vocab");
    if (!list || !list->is_array()) return fail_at("vocab: missing");
    if (list->items.size() < wanted)
      return fail_at(fmt::format("vocab: expected at least {} entries, got {}", wanted, list->items.size()));
    for (size_t i = 0; i < wanted; ++i) {
      const PythonJson* rank = list->items[i].find("rank");
      const PythonJson* bytes = list->items[i].find("token_bytes");
      if (!rank || rank->as_int64() != static_cast<int64_t>(i))
        return fail_at(fmt::format("vocab[{}].rank: expected {}", i, i));
      const auto piece = bytes && bytes->is_string() ? decode_base64(bytes->text) : std::nullopt;
      if (!piece) return fail_at(fmt::format("vocab[{}].token_bytes: expected base64", i));
      if (i < 256 && *piece != std::string(1, static_cast<char>(i)))
        return fail_at(fmt::format("vocab[{}].token_bytes: expected the single byte {}", i, i));
      parts_.pieces.add(*piece, false);
    }
    return {};
  }

  Result<void> read_image() {
    const PythonJson* image = root_.find("image");
    if (const PythonJson* older = root_.find("multimodal"); older && !older->is_null()) {
      if (parts_.version > TokenizerVersion::v11) return fail_at("multimodal: called \"image\" above v11");
      image = older;
    }
    if (!image || image->is_null()) return {};
    auto patch = positive(*image, "image_patch_size", 1 << 16);
    if (!patch) return forward_error(patch);
    auto largest = positive(*image, "max_image_size", 1 << 20);
    if (!largest) return forward_error(largest);
    Result<int64_t> merge = 1;
    if (image->find("spatial_merge_size")) merge = positive(*image, "spatial_merge_size", 1 << 8);
    if (!merge) return forward_error(merge);
    parts_.image = {static_cast<int>(*patch), static_cast<int>(*largest), static_cast<int>(*merge)};
    return {};
  }

  Result<void> read_settings() {
    const PythonJson* settings = root_.find("model_settings_builder");
    if (!settings || settings->is_null()) return {};
    if (parts_.version < TokenizerVersion::v15)
      return fail_at("model_settings_builder: not supported before v15");
    auto builder = ModelSettingsBuilder::from_json(*settings, where_);
    if (!builder) return forward_error(builder);
    parts_.model_settings = std::move(*builder);
    return {};
  }

  const PythonJson& root_;
  std::string_view where_;
  TokenizerParts parts_;
  int64_t vocab_size_ = 0;
  int64_t special_count_ = 0;
};

}  // namespace

Result<TokenizerParts> parse_tekken(std::string_view json, std::string_view where) {
  if (!is_valid_utf8(json)) return bad_input(fmt::format("{}: not valid UTF-8", where));
  auto root = parse_python_json(json, where);
  if (!root) return forward_error(root);
  return TekkenReader(*root, where).read();
}

}  // namespace sirocco
