// SPDX-License-Identifier: Apache-2.0
// tokenizer.json of a Tekken model: byte-level BPE whose merges follow the order of the ids, so that the ids
// are the ranks. Control tokens are the added ones; unlike the library, nothing here reads them out of text.
#include <fmt/format.h>

#include <algorithm>

#include "text/splitter.h"
#include "text/tokenizer_parts.h"
#include "text/utf8.h"

namespace sirocco {
namespace {

constexpr int64_t kMaxUnnamedIds = 1 << 16;

class HuggingFaceReader {
 public:
  HuggingFaceReader(const PythonJson& root, std::string_view where) : root_(root), where_(where) {}

  Result<TokenizerParts> read() {
    const PythonJson* model = root_.find("model");
    const PythonJson* type = model ? model->find("type") : nullptr;
    if (!type || type->text != "BPE") return fail_at("model.type: expected \"BPE\"");
    if (const PythonJson* normalizer = root_.find("normalizer"); normalizer && !normalizer->is_null())
      return fail_at("normalizer: expected none");
    if (!has_tekken_pattern(root_.find("pre_tokenizer")))
      return fail_at("pre_tokenizer: not the Tekken pattern");
    if (auto done = read_vocabulary(*model); !done) return forward_error(done);
    if (auto done = read_added(); !done) return forward_error(done);
    if (auto done = check_merges(*model); !done) return forward_error(done);
    for (size_t id = 0; id < pieces_.size(); ++id) {
      const bool unnamed = pieces_[id].empty();
      parts_.pieces.add(unnamed ? unused_special_name(static_cast<int64_t>(id)) : pieces_[id],
                        unnamed || is_special_[id]);
    }
    parts_.version = guess_version();
    if (parts_.version == TokenizerVersion::v15) parts_.model_settings = ModelSettingsBuilder::shipped();
    if (has_special("[IMG]")) parts_.image = ImageTokenConfig{};
    return std::move(parts_);
  }

 private:
  tl::unexpected<Error> fail_at(std::string_view what) const {
    return bad_input(fmt::format("{}: {}", where_, what));
  }

  // The split may stand alone or in a sequence: {"pattern": {"Regex": …}}.
  static bool has_tekken_pattern(const PythonJson* pre_tokenizer) {
    if (!pre_tokenizer) return false;
    if (const PythonJson* parts = pre_tokenizer->find("pretokenizers"))
      for (const PythonJson& part : parts->items)
        if (has_tekken_pattern(&part)) return true;
    const PythonJson* pattern = pre_tokenizer->find("pattern");
    const PythonJson* regex = pattern ? pattern->find("Regex") : nullptr;
    return regex && regex->text == kTekkenPattern;
  }

  Result<void> put(std::string_view field, const PythonJson* id, std::string piece, bool special) {
    const auto index = id ? id->as_int64() : std::nullopt;
    if (!index || *index < 0 || *index >= id_limit_)
      return fail_at(fmt::format("{}: expected an id from 0 to {}", field, id_limit_ - 1));
    const auto i = static_cast<size_t>(*index);
    if (i >= pieces_.size()) {
      pieces_.resize(i + 1);
      is_special_.resize(i + 1);
    }
    if (!pieces_[i].empty() && !special) return fail_at(fmt::format("{}: id {} is taken twice", field, i));
    pieces_[i] = std::move(piece);
    is_special_[i] = special;
    return {};
  }

  Result<void> read_vocabulary(const PythonJson& model) {
    const PythonJson* vocab = model.find("vocab");
    if (!vocab || !vocab->is_object()) return fail_at("model.vocab: missing");
    id_limit_ = std::min(kMaxVocabularySize, 2 * std::ssize(vocab->keys) + kMaxUnnamedIds);
    for (size_t i = 0; i < vocab->keys.size(); ++i) {
      // Control tokens may stand here too, in plain spelling; read_added() marks them.
      auto bytes = decode_byte_level(vocab->keys[i]);
      if (auto done = put("model.vocab", &vocab->items[i], bytes ? *bytes : vocab->keys[i], false); !done)
        return forward_error(done);
    }
    return {};
  }

  Result<void> read_added() {
    const PythonJson* added = root_.find("added_tokens");
    if (!added || !added->is_array()) return fail_at("added_tokens: missing");
    for (const PythonJson& token : added->items) {
      const PythonJson* content = token.find("content");
      if (!content || !content->is_string() || content->text.empty())
        return fail_at("added_tokens: expected a content");
      if (auto done = put("added_tokens", token.find("id"), content->text, true); !done)
        return forward_error(done);
    }
    return {};
  }

  // Merges must be listed in the order of their products' ids: otherwise ids are not ranks.
  Result<void> check_merges(const PythonJson& model) const {
    const PythonJson* merges = model.find("merges");
    const PythonJson* vocab = model.find("vocab");
    if (!merges || !merges->is_array()) return fail_at("model.merges: missing");
    std::unordered_map<std::string_view, int64_t> ids;
    for (size_t i = 0; i < vocab->keys.size(); ++i) ids.emplace(vocab->keys[i], *vocab->items[i].as_int64());
    int64_t last = -1;
    std::string product;
    for (size_t i = 0; i < merges->items.size(); ++i) {
      const PythonJson& merge = merges->items[i];
      if (merge.is_array() && merge.items.size() == 2) {
        product = merge.items[0].text + merge.items[1].text;
      } else {
        product = merge.text;
        const size_t gap = product.find(' ');
        if (gap != std::string::npos) product.erase(gap, 1);
      }
      const auto id = ids.find(product);
      if (id == ids.end())
        return fail_at(fmt::format("model.merges[{}]: its product is not in the vocabulary", i));
      if (id->second < last)
        return fail_at(
            fmt::format("model.merges[{}]: not in the order of the ids, so this is no Tekken file", i));
      last = id->second;
    }
    return {};
  }

  bool has_special(std::string_view name) const {
    for (size_t id = 0; id < pieces_.size(); ++id)
      if (is_special_[id] && pieces_[id] == name) return true;
    return false;
  }

  // The file does not say; each layout brought control tokens of its own.
  TokenizerVersion guess_version() const {
    if (has_special("[MODEL_SETTINGS]")) return TokenizerVersion::v15;
    if (has_special("[THINK]")) return TokenizerVersion::v13;
    if (has_special("[ARGS]")) return TokenizerVersion::v11;
    if (has_special("[SYSTEM_PROMPT]")) return TokenizerVersion::v7;
    return TokenizerVersion::v3;
  }

  const PythonJson& root_;
  std::string_view where_;
  TokenizerParts parts_;
  std::vector<std::string> pieces_;
  std::vector<bool> is_special_;
  int64_t id_limit_ = 0;  // a short file cannot ask for a large vocabulary
};

}  // namespace

Result<TokenizerParts> parse_hugging_face(std::string_view json, std::string_view where) {
  if (!is_valid_utf8(json)) return bad_input(fmt::format("{}: not valid UTF-8", where));
  auto root = parse_python_json(json, where);
  if (!root) return forward_error(root);
  return HuggingFaceReader(*root, where).read();
}

}  // namespace sirocco
