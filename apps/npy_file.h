// SPDX-License-Identifier: Apache-2.0
// NumPy's .npy (version 1.0) for float32 matrices, written row by row so that no copy of the whole is needed.
// It grows under a temporary name and appears when complete.
#pragma once

#include <cstdio>
#include <span>
#include <string>

#include "sirocco/result.h"

namespace sirocco {

class NpyWriter {
 public:
  static Result<NpyWriter> create(const std::string& path, int64_t rows, int64_t cols);
  NpyWriter(NpyWriter&& other) noexcept;
  ~NpyWriter();  // removes an unfinished file

  Result<void> append(std::span<const float> row);
  Result<void> finish();

 private:
  NpyWriter() = default;
  std::string path_, temporary_;
  std::FILE* file_ = nullptr;
};

}  // namespace sirocco
