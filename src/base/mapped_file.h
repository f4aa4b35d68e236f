// SPDX-License-Identifier: Apache-2.0
// A file mapped read-only into memory. The bytes live as long as the object; a file that is larger than
// memory maps as well, its pages come and go with use.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "sirocco/result.h"

namespace sirocco {

class MappedFile {
 public:
  static Result<MappedFile> open(const std::string& path);
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace sirocco
