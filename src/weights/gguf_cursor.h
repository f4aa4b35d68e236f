// SPDX-License-Identifier: Apache-2.0
// A bounds-checked read position over the bytes of a GGUF header. Every take names what it reads, for the
// error of a file that ends too early.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "sirocco/result.h"

namespace sirocco {

// Headers of real files have at most some 20 MB. The cap bounds what a hostile header inside a file of many
// gigabytes can make the reader allocate.
inline constexpr size_t kMaxGgufHeaderBytes = size_t{128} << 20;

class GgufCursor {
 public:
  GgufCursor(std::span<const std::byte> bytes, std::string_view path)
      : bytes_(bytes.first(std::min(bytes.size(), kMaxGgufHeaderBytes))),
        file_bytes_(bytes.size()),
        path_(path) {}

  size_t position() const { return position_; }
  size_t remaining() const { return bytes_.size() - position_; }

  template <class T>
  Result<T> take(std::string_view what) {
    if (remaining() < sizeof(T)) return short_file(what, sizeof(T));
    T value;
    std::memcpy(&value, bytes_.data() + position_, sizeof(T));
    position_ += sizeof(T);
    return value;
  }

  // u64 length, then that many bytes, which the view borrows.
  Result<std::string_view> take_text(std::string_view what) {
    auto length = take<uint64_t>(what);
    if (!length) return forward_error(length);
    if (*length > remaining()) return short_file(what, *length);
    const auto* text = reinterpret_cast<const char*>(bytes_.data() + position_);
    position_ += static_cast<size_t>(*length);
    return std::string_view(text, static_cast<size_t>(*length));
  }

  tl::unexpected<Error> short_file(std::string_view what, uint64_t wanted_bytes) const {
    if (bytes_.size() < file_bytes_)
      return bad_input(fmt::format("{}: {} at byte {} needs {} bytes, which makes the header longer than {}",
                                   path_, what, position_, wanted_bytes, kMaxGgufHeaderBytes));
    return bad_input(fmt::format("{}: {} at byte {} needs {} bytes, but only {} are left in the file", path_,
                                 what, position_, wanted_bytes, remaining()));
  }

 private:
  std::span<const std::byte> bytes_;
  size_t file_bytes_;
  std::string_view path_;
  size_t position_ = 0;
};

}  // namespace sirocco
