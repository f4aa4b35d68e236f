// SPDX-License-Identifier: Apache-2.0
#include "weights/checkpoint.h"

#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "base/file.h"
#include "base/printable.h"
#include "weights/checkpoint_files.h"
#include "weights/gguf_reader.h"
#include "weights/safetensors.h"

namespace sirocco {

namespace {

constexpr size_t kMaxConfigBytes = 16'000'000;

// A bare .json file names no layout: params.json spells `dim`, config.json `model_type`.
Layout layout_of_document(const Json& json) {
  return json.is_object() && json.contains("dim") ? Layout::native : Layout::hugging_face;
}

}  // namespace

class CheckpointBuilder {
 public:
  explicit CheckpointBuilder(CheckpointFiles files) : files_(std::move(files)) {}

  Result<Checkpoint> build(const std::string& path) {
    checkpoint_.path_ = path;
    checkpoint_.directory_ = files_.directory;
    checkpoint_.layout_ = files_.layout;
    if (auto done = read_config(); !done) return forward_error(done);
    for (const std::string& file : files_.weight_paths)
      if (auto done = add_file(file); !done) return forward_error(done);
    if (auto done = build_index(); !done) return forward_error(done);
    if (auto done = check_against_index(); !done) return forward_error(done);
    if (auto done = check_split(); !done) return forward_error(done);
    return std::move(checkpoint_);
  }

 private:
  Result<void> read_config() {
    checkpoint_.config_path_ =
        files_.layout == Layout::gguf ? files_.weight_paths.front() : files_.config_path;
    if (files_.layout == Layout::gguf) return {};
    auto text = read_file(files_.config_path, kMaxConfigBytes);
    if (!text) return forward_error(text);
    auto json = parse_json(*text, files_.config_path);
    if (!json) return forward_error(json);
    if (files_.weight_paths.empty()) checkpoint_.layout_ = layout_of_document(*json);
    checkpoint_.config_json_ = std::move(*json);
    return {};
  }

  Result<void> add_file(const std::string& path) {
    auto file = MappedFile::open(path);
    if (!file) return forward_error(file);
    const int index = static_cast<int>(checkpoint_.files_.size());
    if (auto added = files_.layout == Layout::gguf ? add_gguf(*file, index) : add_safetensors(*file, index);
        !added)
      return added;
    checkpoint_.file_bytes_ += file->bytes().size();
    checkpoint_.file_paths_.push_back(path);
    checkpoint_.files_.push_back(std::move(*file));
    return {};
  }

  Result<void> add_safetensors(const MappedFile& file, int index) {
    auto entries = read_safetensors(file.bytes(), file.path());
    if (!entries) return forward_error(entries);
    for (TensorEntry& entry : *entries) {
      entry.file_index = index;
      checkpoint_.tensors_.push_back(std::move(entry));
    }
    return {};
  }

  Result<void> add_gguf(const MappedFile& file, int index) {
    auto gguf = read_gguf(file.bytes(), file.path());
    if (!gguf) return forward_error(gguf);
    for (GgufTensor& tensor : gguf->tensors) {
      const auto bytes =
          file.bytes().subspan(static_cast<size_t>(tensor.begin), static_cast<size_t>(tensor.size_bytes));
      checkpoint_.tensors_.push_back({.name = std::move(tensor.name),
                                      .dtype = tensor.dtype,
                                      .shape = std::move(tensor.shape),
                                      .bytes = bytes,
                                      .file_index = index});
    }
    if (auto placed = check_shard(gguf->metadata, file.path(), index); !placed) return placed;
    if (index == 0) checkpoint_.metadata_ = std::move(gguf->metadata);
    return {};
  }

  // split.no counts from 0, split.count must be the number that the file names announce.
  Result<void> check_shard(const GgufMetadata& metadata, const std::string& path, int index) const {
    const auto count = metadata.integer("split.count");
    const auto number = metadata.integer("split.no");
    const auto files = static_cast<int64_t>(files_.weight_paths.size());
    if (files > 1 && (!count || !number))
      return bad_input(
          fmt::format("{}: split.count or split.no is missing, expected {} and {}", path, files, index));
    if (count.value_or(files) != files && !(files == 1 && *count == 0))
      return bad_input(
          fmt::format("{}: split.count is {}, but the file names announce {} file(s)", path, *count, files));
    if (number.value_or(index) != index)
      return bad_input(fmt::format("{}: split.no is {}, expected {}", path, *number, index));
    return {};
  }

  Result<void> build_index() {
    checkpoint_.index_.reserve(checkpoint_.tensors_.size());
    for (size_t i = 0; i < checkpoint_.tensors_.size(); ++i) {
      const TensorEntry& entry = checkpoint_.tensors_[i];
      const auto [other, fresh] = checkpoint_.index_.emplace(entry.name, i);
      if (fresh) continue;
      return bad_input(fmt::format("{}: tensor '{}' is also in {}", file_of(entry), printable(entry.name),
                                   file_of(checkpoint_.tensors_[other->second])));
    }
    return {};
  }

  // Each tensor that a *.safetensors.index.json names lies in the file that it names.
  Result<void> check_against_index() const {
    for (const auto& [name, file] : files_.index) {
      const TensorEntry* entry = checkpoint_.find(name);
      if (entry == nullptr)
        return fail(ErrorKind::not_found, fmt::format("{}: tensor '{}' is in no shard, expected in {}",
                                                      files_.index_path, printable(name), printable(file)));
      const std::string actual = std::filesystem::path(file_of(*entry)).filename().string();
      if (actual != file)
        return bad_input(fmt::format("{}: tensor '{}' is in {}, expected in {}", files_.index_path,
                                     printable(name), actual, printable(file)));
    }
    return {};
  }

  Result<void> check_split() const {
    const auto expected = checkpoint_.metadata_.integer("split.tensors.count");
    const auto actual = static_cast<int64_t>(checkpoint_.tensors_.size());
    if (!expected || files_.weight_paths.size() < 2 || *expected == actual) return {};
    return bad_input(fmt::format("{}: split.tensors.count is {}, but the {} files hold {} tensors",
                                 checkpoint_.config_path_, *expected, files_.weight_paths.size(), actual));
  }

  const std::string& file_of(const TensorEntry& entry) const {
    return files_.weight_paths[static_cast<size_t>(entry.file_index)];
  }

  CheckpointFiles files_;
  Checkpoint checkpoint_;
};

Result<Checkpoint> Checkpoint::open(const std::string& path, WeightFiles weights) {
  auto files = find_checkpoint_files(path, weights);
  if (!files) return forward_error(files);
  return CheckpointBuilder(std::move(*files)).build(path);
}

const TensorEntry* Checkpoint::find(std::string_view name) const {
  const auto it = index_.find(name);
  return it == index_.end() ? nullptr : &tensors_[it->second];
}

}  // namespace sirocco
