// SPDX-License-Identifier: Apache-2.0
#include "synth/synthesize.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <future>
#include <map>
#include <numeric>
#include <thread>

#include "base/file.h"
#include "synth/configuration.h"
#include "synth/matrices.h"
#include "weights/gguf_writer.h"
#include "weights/safetensors_writer.h"

namespace sirocco::synth {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBatchBytes = int64_t{64} << 20;
constexpr int64_t kChunkBytes = int64_t{1} << 20;

struct Chunk {
  const Piece* piece;
  int64_t begin_bytes;  // in the piece
  int64_t at_bytes;     // in the buffer
  int64_t size_bytes;
};

using Progress = std::function<void(uint64_t, uint64_t)>;

// Fills a buffer with chunks on several threads; one call at a time.
void fill(const std::vector<Chunk>& chunks, uint64_t seed, int threads, std::vector<std::byte>& buffer) {
  std::atomic<size_t> next = 0;
  const auto work = [&] {
    for (size_t i = next++; i < chunks.size(); i = next++) {
      const Chunk& c = chunks[i];
      const std::span out(buffer.data() + c.at_bytes, static_cast<size_t>(c.size_bytes));
      generate(*c.piece, seed, c.begin_bytes, out);
    }
  };
  std::vector<std::jthread> helpers;
  const int useful = static_cast<int>(std::min<size_t>(static_cast<size_t>(threads), chunks.size()));
  for (int t = 1; t < useful; ++t) helpers.emplace_back(work);
  work();
}

// Streams tensors into one file: one buffer is filled while the other is being written.
class Stream {
 public:
  Stream(TensorFileWriter& file, uint64_t seed, int threads) : file_(file), seed_(seed), threads_(threads) {}

  Result<void> add(const Piece& piece) {
    const int64_t granule = granule_bytes(piece);
    const int64_t step = std::max(kChunkBytes / granule, int64_t{1}) * granule;
    for (int64_t begin = 0; begin < piece.bytes; begin += step) {
      const int64_t size = std::min(step, piece.bytes - begin);
      if (pending_bytes_ + size > kBatchBytes) {
        auto flushed = flush();
        if (!flushed) return flushed;
      }
      chunks_.push_back({&piece, begin, pending_bytes_, size});
      pending_bytes_ += size;
    }
    return {};
  }

  Result<void> flush() {
    filling_.resize(static_cast<size_t>(pending_bytes_));
    fill(chunks_, seed_, threads_, filling_);
    auto earlier = wait();
    if (!earlier) return earlier;
    writing_.swap(filling_);
    writer_ = std::async(std::launch::async, [this] { return file_.write(writing_); });
    chunks_.clear();
    pending_bytes_ = 0;
    return {};
  }

  Result<void> wait() { return writer_.valid() ? writer_.get() : Result<void>{}; }

 private:
  TensorFileWriter& file_;
  uint64_t seed_;
  int threads_;
  std::vector<Chunk> chunks_;
  int64_t pending_bytes_ = 0;
  std::vector<std::byte> filling_, writing_;
  std::future<Result<void>> writer_;  // last: its destructor waits for a task that reads writing_
};

struct Shard {
  std::string path;
  std::vector<const StoredTensor*> tensors;
  std::vector<TensorSpec> specs;
};

int64_t total_bytes(const StoredTensors& tensors) {
  return std::accumulate(tensors.begin(), tensors.end(), int64_t{0},
                         [](int64_t sum, const StoredTensor& t) { return sum + stored_bytes(t.spec); });
}

// Cuts the tensors, in order, into `count` runs of about equal size.
std::vector<Shard> cut(const StoredTensors& tensors, int64_t count) {
  std::vector<Shard> shards(static_cast<size_t>(count));
  const int64_t share = total_bytes(tensors) / count + 1;
  int64_t before = 0;
  for (const StoredTensor& tensor : tensors) {
    Shard& shard = shards[static_cast<size_t>(std::min(before / share, count - 1))];
    shard.tensors.push_back(&tensor);
    shard.specs.push_back(tensor.spec);
    before += stored_bytes(tensor.spec);
  }
  return shards;
}

struct Job {
  const SynthOptions& options;
  int threads;
  const Progress& progress;
  uint64_t done_bytes = 0;
  uint64_t all_bytes = 0;

  Result<void> write(const Shard& shard, TensorFileWriter& file) {
    Stream stream(file, static_cast<uint64_t>(options.seed), threads);
    for (const StoredTensor* tensor : shard.tensors) {
      for (const Piece& piece : tensor->pieces) {
        auto added = stream.add(piece);
        if (!added) return added;
      }
      done_bytes += static_cast<uint64_t>(stored_bytes(tensor->spec));
      if (progress) progress(done_bytes, all_bytes);
    }
    auto flushed = stream.flush();
    return flushed ? stream.wait() : flushed;
  }
};

Result<StoredTensors> plan(const SynthOptions& options) {
  if (options.layout == "native") return native_tensors(options);
  if (options.layout == "hf") return hugging_face_tensors(options);
  return gguf_tensors(options);
}

std::string shard_name(const std::string& stem, const char* extension, size_t index, size_t count) {
  if (count == 1) return stem + extension;
  return fmt::format("{}-{:05}-of-{:05}{}", stem, index + 1, count, extension);
}

Result<TensorFileWriter> create_shard(const SynthOptions& options, const Shard& shard, size_t index,
                                      size_t count, size_t all_tensors) {
  if (options.layout != "gguf") return create_safetensors(shard.path, shard.specs);
  GgufMetadata metadata = index == 0 ? gguf_metadata(options) : GgufMetadata{};
  if (count > 1) {
    metadata.entries.emplace_back("split.no", GgufValue{GgufValue::Scalar(uint64_t{index})});
    metadata.entries.emplace_back("split.count", GgufValue{GgufValue::Scalar(uint64_t{count})});
    metadata.entries.emplace_back("split.tensors.count",
                                  GgufValue{GgufValue::Scalar(static_cast<int64_t>(all_tensors))});
  }
  return create_gguf(shard.path, metadata, shard.specs);
}

// The configuration and, for several shards, the index: written last, so that a directory without them is
// recognisably unfinished.
Result<void> write_beside(const SynthOptions& options, const std::string& directory,
                          std::span<const Shard> shards, SynthResult& out) {
  const bool native = options.layout == "native";
  const std::string stem = directory + (native ? "/consolidated" : "/model");
  if (shards.size() > 1) {
    std::map<std::string, std::string> files;
    int64_t bytes = 0;
    for (const Shard& shard : shards) {
      for (const TensorSpec& spec : shard.specs) {
        files[spec.name] = fs::path(shard.path).filename();
        bytes += stored_bytes(spec);
      }
    }
    out.paths.push_back(stem + ".safetensors.index.json");
    auto written = write_safetensors_index(out.paths.back(), bytes, files);
    if (!written) return written;
  }
  out.paths.push_back(directory + (native ? "/params.json" : "/config.json"));
  const std::string text = (native ? native_params(options) : hugging_face_config(options)).dump(2) + "\n";
  return write_file_atomically(out.paths.back(), std::as_bytes(std::span(text)));
}

Result<std::string> stem_of(const SynthOptions& options, const std::string& path) {
  constexpr std::string_view kGguf = ".gguf";
  const bool single = options.layout == "gguf" && path.ends_with(kGguf);
  const fs::path directory = single ? fs::path(path).parent_path() : fs::path(path);
  std::error_code error;
  if (!directory.empty()) fs::create_directories(directory, error);
  if (error)
    return fail(ErrorKind::resource,
                fmt::format("{}: cannot create: {}", directory.string(), error.message()));
  if (single) return path.substr(0, path.size() - kGguf.size());
  return path + (options.layout == "native" ? "/consolidated" : "/model");
}

// "models/x" -> "models/mmproj-x.gguf", written whole.
Result<void> write_mmproj(Job& job, const StoredTensors& tensors, const std::string& stem, SynthResult& out) {
  const fs::path model(stem);
  Shard shard = cut(tensors, 1).front();
  shard.path = (model.parent_path() / fmt::format("mmproj-{}.gguf", model.filename().string())).string();
  auto file = create_gguf(shard.path, mmproj_metadata(job.options), shard.specs);
  if (!file) return forward_error(file);
  if (auto written = job.write(shard, *file); !written) return written;
  if (auto published = file->publish(); !published) return published;
  out.mmproj_path = shard.path;
  out.paths.push_back(shard.path);
  return {};
}

}  // namespace

Result<SynthResult> synthesize(const SynthOptions& options, const std::string& path, int threads,
                               const Progress& progress) {
  auto valid = validate(options);
  if (!valid) return forward_error(valid);
  const auto tensors = plan(options);
  if (!tensors) return bad_input(tensors.error().message);
  const bool mmproj = options.vision && options.layout == "gguf";
  const auto eyes = mmproj ? mmproj_tensors(options) : Result<StoredTensors>();
  if (!eyes) return bad_input(eyes.error().message);
  const auto stem = stem_of(options, path);
  if (!stem) return tl::unexpected<Error>(stem.error());
  std::vector<Shard> shards =
      cut(*tensors, std::min<int64_t>(options.shards, static_cast<int64_t>(tensors->size())));

  if (threads <= 0) threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  Job job{options, threads, progress, 0, static_cast<uint64_t>(total_bytes(*tensors) + total_bytes(*eyes))};
  SynthResult out;
  std::vector<TensorFileWriter> files;
  for (size_t i = 0; i < shards.size(); ++i) {
    const char* extension = options.layout == "gguf" ? ".gguf" : ".safetensors";
    shards[i].path = shard_name(*stem, extension, i, shards.size());
    auto file = create_shard(options, shards[i], i, shards.size(), tensors->size());
    if (!file) return forward_error(file);
    auto written = job.write(shards[i], *file);
    if (!written) return forward_error(written);
    files.push_back(std::move(*file));
    out.paths.push_back(shards[i].path);
  }
  for (TensorFileWriter& file : files) {
    auto published = file.publish();
    if (!published) return forward_error(published);
  }
  out.model_path = options.layout == "gguf" ? out.paths.front() : path;
  if (mmproj) {
    auto written = write_mmproj(job, *eyes, *stem, out);
    if (!written) return forward_error(written);
  }
  if (options.layout != "gguf") {
    auto written = write_beside(options, path, shards, out);
    if (!written) return forward_error(written);
  }
  out.bytes = job.all_bytes;
  return out;
}

}  // namespace sirocco::synth
