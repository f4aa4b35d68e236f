// SPDX-License-Identifier: Apache-2.0
// FileWriter: a file that comes into being whole or not at all. Bytes go to a temporary name beside the
// target; `publish` renames it. An object that dies unpublished removes its bytes, so a full disk or an error
// leaves nothing behind under the final name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "sirocco/result.h"

namespace sirocco {

class FileWriter {
 public:
  static Result<FileWriter> create(const std::string& path);
  FileWriter(FileWriter&& other) noexcept;
  FileWriter& operator=(FileWriter&& other) noexcept;
  ~FileWriter();

  Result<void> write(std::span<const std::byte> bytes);
  Result<void> publish();  // closes and renames; nothing may be written afterwards

  const std::string& path() const { return path_; }
  int64_t written_bytes() const { return written_bytes_; }

 private:
  FileWriter() = default;
  void discard();

  std::string path_;
  std::string temporary_;  // empty once published or moved from
  int descriptor_ = -1;
  int64_t written_bytes_ = 0;
};

}  // namespace sirocco
