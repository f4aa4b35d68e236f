// SPDX-License-Identifier: Apache-2.0
// DirectFile: ranges of a file, read around the system's page cache where the file system can do that. For files that
// are larger than memory, whose pages would be dropped before they are wanted again: then making and dropping pages
// takes more of the processor than the disk takes time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/descriptor.h"
#include "sirocco/result.h"

namespace sirocco {

class DirectFile {
 public:
  static constexpr int64_t kBlock = 4096;

  static Result<DirectFile> open(const std::string& path);

  // Room that read() needs for so many bytes.
  static int64_t room_for(int64_t bytes) { return (bytes + 2 * kBlock) / kBlock * kBlock; }
  // Reads [offset, offset + bytes) into `room`, which must begin on a block and be large enough. Returns where in it
  // they begin; null: they could not be read whole.
  const std::byte* read(int64_t offset, int64_t bytes, std::span<std::byte> room) const;

 private:
  explicit DirectFile(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace sirocco
