// SPDX-License-Identifier: Apache-2.0
#include "weights/checkpoint_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>
#include <system_error>

#include "base/file.h"
#include "base/printable.h"
#include "weights/shard_index.h"

namespace sirocco {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxIndexBytes = 100'000'000;
constexpr int kMaxShards = 99'999;

struct LayoutNames {
  Layout layout;
  const char* config;  // file name
  const char* stem;    // weight files begin with it
};
constexpr LayoutNames kNative{Layout::native, "params.json", "consolidated"};
constexpr LayoutNames kHuggingFace{Layout::hugging_face, "config.json", "model"};

bool file_exists(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// Sorted names of the files in `directory` that begin and end so.
Result<std::vector<std::string>> list(const std::string& directory, std::string_view prefix,
                                      std::string_view suffix) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(suffix)) names.push_back(name);
  }
  if (error) return bad_input(fmt::format("{}: cannot list the directory: {}", directory, error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

// Every shard of a set that its names announce must be there.
Result<void> check_complete(const std::string& directory, const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const auto shard = parse_shard_name(name);
    if (!shard) continue;
    for (int i = 1; i <= shard->count; ++i)
      if (!file_exists(fs::path(directory) / shard->file_name(i)))
        return fail(ErrorKind::not_found, fmt::format("{}: shard {} is missing ('{}' announces {} shards)",
                                                      directory, shard->file_name(i), name, shard->count));
  }
  return {};
}

Result<void> read_index(CheckpointFiles& files) {
  auto text = read_file(files.index_path, kMaxIndexBytes);
  if (!text) return forward_error(text);
  auto index = parse_shard_index(*text, files.index_path);
  if (!index) return forward_error(index);
  files.index = *std::move(index);
  std::set<std::string> names;
  for (const auto& [tensor, name] : files.index) names.insert(name);
  for (const std::string& name : names) {
    const std::string path = (fs::path(files.directory) / name).string();
    if (!file_exists(path))
      return fail(ErrorKind::not_found,
                  fmt::format("{}: shard {} is missing (named in {})", files.directory, printable(name),
                              fs::path(files.index_path).filename().string()));
    files.weight_paths.push_back(path);
  }
  return {};
}

// The safetensors files of one layout in `directory`; none is no error here.
Result<CheckpointFiles> find_safetensors(const std::string& directory, const LayoutNames& names) {
  CheckpointFiles files;
  files.layout = names.layout;
  files.directory = directory;
  const fs::path base(directory);
  if (file_exists(base / names.config)) files.config_path = (base / names.config).string();
  auto indexes = list(directory, names.stem, ".safetensors.index.json");
  if (!indexes) return forward_error(indexes);
  if (indexes->size() > 1)
    return bad_input(
        fmt::format("{}: {} and {}: expected one index", directory, (*indexes)[0], (*indexes)[1]));
  if (indexes->size() == 1) {
    files.index_path = (base / indexes->front()).string();
    if (auto done = read_index(files); !done) return forward_error(done);
    return files;
  }
  auto shards = list(directory, names.stem, ".safetensors");
  if (!shards) return forward_error(shards);
  if (auto complete = check_complete(directory, *shards); !complete) return forward_error(complete);
  for (const std::string& name : *shards) files.weight_paths.push_back((base / name).string());
  return files;
}

Result<CheckpointFiles> gguf_set(const std::string& directory, const std::string& file_name) {
  CheckpointFiles files;
  files.layout = Layout::gguf;
  files.directory = directory;
  const auto shard = parse_shard_name(file_name);
  std::vector<std::string> names;
  for (int i = 1; shard && i <= shard->count; ++i) names.push_back(shard->file_name(i));
  if (!shard) names.push_back(file_name);
  if (auto complete = check_complete(directory, {file_name}); !complete) return forward_error(complete);
  for (const std::string& name : names) files.weight_paths.push_back((fs::path(directory) / name).string());
  return files;
}

bool is_mmproj(std::string_view name) {
  return name.find("mmproj") != std::string_view::npos;
}

// The one GGUF (or split set) of a directory; projector files ride along with a model and do not count.
Result<std::optional<CheckpointFiles>> find_gguf(const std::string& directory) {
  auto names = list(directory, "", ".gguf");
  if (!names) return forward_error(names);
  std::string chosen;
  for (const std::string& name : *names) {
    if (is_mmproj(name)) continue;
    const auto a = parse_shard_name(name);
    const auto b = parse_shard_name(chosen);
    const bool same_set = a && b && a->stem == b->stem && a->count == b->count;
    if (!chosen.empty() && !same_set)
      return bad_input(
          fmt::format("{}: holds several models ({} and {}): name one of them", directory, chosen, name));
    if (chosen.empty()) chosen = name;
  }
  if (chosen.empty()) return std::optional<CheckpointFiles>();
  auto files = gguf_set(directory, chosen);
  if (!files) return forward_error(files);
  return std::optional<CheckpointFiles>(std::move(*files));
}

// The first layout that is complete. What is broken about one, such as an index whose shards were moved away, must not
// hide another; it is told when none is complete.
Result<CheckpointFiles> find_in_directory(const std::string& directory, WeightFiles weights) {
  std::optional<Error> first_error;
  const auto note = [&](const Error& error) {
    if (!first_error) first_error = error;
  };
  std::vector<CheckpointFiles> partial;  // configuration or weights alone
  for (const LayoutNames& names : {kNative, kHuggingFace}) {
    auto files = find_safetensors(directory, names);
    if (!files) {
      note(files.error());
    } else {
      if (!files->config_path.empty() && !files->weight_paths.empty()) return files;
      partial.push_back(std::move(*files));
    }
  }
  auto gguf = find_gguf(directory);
  if (!gguf)
    note(gguf.error());
  else if (*gguf)
    return std::move(**gguf);
  if (first_error) return tl::unexpected<Error>(*std::move(first_error));
  for (CheckpointFiles& files : partial)
    if (weights == WeightFiles::optional && !files.config_path.empty()) return std::move(files);
  for (const CheckpointFiles& files : partial) {
    const LayoutNames& names = files.layout == Layout::native ? kNative : kHuggingFace;
    if (!files.config_path.empty())
      return fail(ErrorKind::not_found,
                  fmt::format("{}: has {}, but no {}*.safetensors", directory, names.config, names.stem));
    if (!files.weight_paths.empty())
      return fail(ErrorKind::not_found,
                  fmt::format("{}: has {}*.safetensors, but no {}", directory, names.stem, names.config));
  }
  return fail(
      ErrorKind::not_found,
      fmt::format("{}: no model here: expected params.json with consolidated*.safetensors, config.json with "
                  "model*.safetensors, or a .gguf file",
                  directory));
}

// One .safetensors file by name: with the whole set when it is a shard of one.
Result<CheckpointFiles> from_safetensors_file(const std::string& directory, const std::string& file_name) {
  const fs::path base(directory);
  const bool native = file_name.starts_with(kNative.stem) ||
                      (!file_name.starts_with(kHuggingFace.stem) && file_exists(base / kNative.config));
  const LayoutNames& names = native ? kNative : kHuggingFace;
  if (!file_exists(base / names.config))
    return fail(ErrorKind::not_found,
                fmt::format("{}: expected {} beside {}", directory, names.config, file_name));
  const auto shard = parse_shard_name(file_name);
  if (shard && file_name.starts_with(names.stem)) return find_safetensors(directory, names);
  CheckpointFiles files;
  files.layout = names.layout;
  files.directory = directory;
  files.config_path = (base / names.config).string();
  files.weight_paths = {(base / file_name).string()};
  return files;
}

}  // namespace

std::string ShardName::file_name(int shard) const {
  return fmt::format("{}-{:05}-of-{:05}{}", stem, shard, count, extension);
}

std::optional<ShardName> parse_shard_name(std::string_view file_name) {
  const size_t dot = file_name.rfind('.');
  constexpr size_t kTail = 15;  // "-00001-of-00013"
  if (dot == std::string_view::npos || dot < kTail) return std::nullopt;
  const std::string_view tail = file_name.substr(dot - kTail, kTail);
  const auto number = [](std::string_view digits) {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size() ? value : -1;
  };
  if (tail[0] != '-' || tail.substr(6, 4) != "-of-") return std::nullopt;
  ShardName shard{.stem = std::string(file_name.substr(0, dot - kTail)),
                  .number = number(tail.substr(1, 5)),
                  .count = number(tail.substr(10, 5)),
                  .extension = std::string(file_name.substr(dot))};
  if (shard.number < 1 || shard.count < shard.number || shard.count > kMaxShards) return std::nullopt;
  return shard;
}

Result<std::vector<std::string>> mmproj_files(const std::string& directory) {
  auto names = list(directory, "", ".gguf");
  if (!names) return forward_error(names);
  std::erase_if(*names, [](const std::string& name) { return !is_mmproj(name); });
  for (std::string& name : *names) name = (fs::path(directory) / name).string();
  return names;
}

Result<CheckpointFiles> find_checkpoint_files(const std::string& path, WeightFiles weights) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status))
    return fail(ErrorKind::not_found, fmt::format("{}: no such file or directory", path));
  if (fs::is_directory(status)) return find_in_directory(path, weights);
  const fs::path file(path);
  const std::string directory = file.has_parent_path() ? file.parent_path().string() : ".";
  const std::string name = file.filename().string();
  if (name.ends_with(".gguf")) return gguf_set(directory, name);
  if (name.ends_with(".safetensors")) return from_safetensors_file(directory, name);
  if (name.ends_with(".json") && weights == WeightFiles::optional) {
    CheckpointFiles files;
    files.directory = directory;
    files.config_path = path;
    return files;  // the document itself tells its layout
  }
  return bad_input(fmt::format("{}: expected a directory, a .gguf or a .safetensors file", path));
}

}  // namespace sirocco
