// SPDX-License-Identifier: Apache-2.0
#include "model/mmproj.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "model/bind.h"
#include "weights/checkpoint_files.h"

namespace sirocco {
namespace {

// "models/mmproj-Small-4-F16.gguf" -> Small, 4, F16.
std::vector<std::string> words_of(const std::string& path) {
  const std::string stem = std::filesystem::path(path).stem().string();
  std::vector<std::string> words(1);
  for (const char c : stem) {
    if (c == '-' || c == '_' || c == '.')
      words.emplace_back();
    else
      words.back() += c;
  }
  std::erase_if(words, [](const std::string& word) { return word.empty() || word == "mmproj"; });
  return words;
}

// How many words both names begin with.
ptrdiff_t kinship(const std::string& path, const std::vector<std::string>& model_words) {
  const std::vector<std::string> words = words_of(path);
  return std::ranges::mismatch(words, model_words).in1 - words.begin();
}

// The file, if its header says that it holds a tower for a text model of this width.
Result<std::shared_ptr<const Checkpoint>> open_fitting(const std::string& path, int64_t text_hidden) {
  auto file = Checkpoint::open(path);
  if (!file) return forward_error(file);
  auto vision = parse_mmproj_config(file->gguf_metadata(), path, text_hidden);
  if (!vision) return forward_error(vision);
  return std::make_shared<const Checkpoint>(std::move(*file));
}

Result<Mmproj> find_mmproj(const Checkpoint& model) {
  auto candidates = mmproj_files(model.directory());
  if (!candidates) return forward_error(candidates);
  if (candidates->empty()) return Mmproj();
  auto config = read_config(model);
  if (!config) return forward_error(config);
  const std::vector<std::string> words = words_of(model.file_paths().front());
  std::ranges::stable_sort(*candidates, std::ranges::greater(),
                           [&](const std::string& path) { return kinship(path, words); });
  Mmproj found;
  for (const std::string& path : *candidates) {
    if (path == model.file_paths().front()) continue;  // whose own name says mmproj
    auto file = open_fitting(path, config->hidden);
    if (file) {
      found.file = std::move(*file);
      return found;
    }
    found.passed_over.push_back(std::move(file.error().message));
  }
  return found;
}

}  // namespace

Result<Mmproj> open_mmproj(const Checkpoint& model, const std::string& path) {
  if (path == "none") return Mmproj();
  if (model.layout() != Layout::gguf) {
    if (path.empty()) return Mmproj();
    return bad_input(fmt::format("{}: an mmproj file belongs to a .gguf, but {} is none", path, model.path()));
  }
  if (path.empty()) return find_mmproj(model);
  auto opened = Checkpoint::open(path);
  if (!opened) return forward_error(opened);
  return Mmproj{std::make_shared<const Checkpoint>(std::move(*opened)), {}};
}

}  // namespace sirocco
