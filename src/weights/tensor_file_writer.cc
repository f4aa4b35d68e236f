// SPDX-License-Identifier: Apache-2.0
#include "weights/tensor_file_writer.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "base/check.h"

namespace sirocco {

int64_t element_count(const TensorSpec& spec) {
  int64_t count = 1;
  for (const int64_t extent : spec.shape) count *= extent;
  return count;
}

int64_t stored_bytes(const TensorSpec& spec) {
  if (spec.shape.empty()) return row_bytes(spec.dtype, 1);
  if (spec.shape.back() == 0) return 0;
  return element_count(spec) / spec.shape.back() * row_bytes(spec.dtype, spec.shape.back());
}

Result<TensorFileWriter> TensorFileWriter::create(const std::string& path, std::string_view header,
                                                  std::span<const TensorSpec> tensors, int64_t alignment) {
  auto file = FileWriter::create(path);
  if (!file) return forward_error(file);
  TensorFileWriter writer(std::move(*file));
  writer.alignment_ = alignment;
  for (const TensorSpec& tensor : tensors) writer.sizes_bytes_.push_back(stored_bytes(tensor));
  auto written = writer.file_.write(std::as_bytes(std::span(header)));
  if (!written) return forward_error(written);
  return writer;
}

Result<void> TensorFileWriter::pad() {
  static constexpr std::array<std::byte, 256> kZeros{};
  const int64_t past = file_.written_bytes() % alignment_;
  int64_t missing = past == 0 ? 0 : alignment_ - past;
  while (missing > 0) {
    const int64_t count = std::min<int64_t>(missing, kZeros.size());
    auto written = file_.write(std::span(kZeros).first(static_cast<size_t>(count)));
    if (!written) return written;
    missing -= count;
  }
  return {};
}

Result<void> TensorFileWriter::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    while (tensor_ < sizes_bytes_.size() && tensor_written_ == sizes_bytes_[tensor_]) {
      ++tensor_;
      tensor_written_ = 0;
    }
    CHECK(tensor_ < sizes_bytes_.size());
    if (tensor_written_ == 0) {
      auto padded = pad();
      if (!padded) return padded;
    }
    const auto left = static_cast<size_t>(sizes_bytes_[tensor_] - tensor_written_);
    const auto now = bytes.first(std::min(left, bytes.size()));
    auto written = file_.write(now);
    if (!written) return written;
    tensor_written_ += static_cast<int64_t>(now.size());
    bytes = bytes.subspan(now.size());
  }
  return {};
}

Result<void> TensorFileWriter::publish() {
  while (tensor_ < sizes_bytes_.size() && tensor_written_ == sizes_bytes_[tensor_]) {
    ++tensor_;
    tensor_written_ = 0;
  }
  CHECK(tensor_ == sizes_bytes_.size());
  auto padded = pad();
  if (!padded) return padded;
  return file_.publish();
}

int64_t TensorFileWriter::tensor_bytes() const {
  return std::accumulate(sizes_bytes_.begin(), sizes_bytes_.end(), int64_t{0});
}

}  // namespace sirocco
