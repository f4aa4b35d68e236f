// SPDX-License-Identifier: Apache-2.0
// Spells GGUF bytes for tests, well-formed or not: every put appends exactly what it is given.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace sirocco {

class GgufBytes {
 public:
  template <class T>
  GgufBytes& put(T value) {
    const size_t at = bytes.size();
    bytes.resize(at + sizeof(T));
    std::memcpy(bytes.data() + at, &value, sizeof(T));
    return *this;
  }
  GgufBytes& text(std::string_view value) {
    put<uint64_t>(value.size());
    for (const char c : value) put(c);
    return *this;
  }
  GgufBytes& head(uint64_t tensors, uint64_t entries, uint32_t version = 3) {
    for (const char c : std::string_view("GGUF")) put(c);
    return put(version).put(tensors).put(entries);
  }
  GgufBytes& entry(std::string_view key, uint32_t type) { return text(key).put(type); }
  GgufBytes& tensor(std::string_view name, const std::vector<uint64_t>& extents, uint32_t type,
                    uint64_t offset) {
    text(name).put(static_cast<uint32_t>(extents.size()));
    for (const uint64_t extent : extents) put(extent);
    return put(type).put(offset);
  }
  GgufBytes& pad(size_t alignment) {
    while (bytes.size() % alignment != 0) bytes.push_back(std::byte{0});
    return *this;
  }
  GgufBytes& zeros(size_t count) {
    bytes.resize(bytes.size() + count);
    return *this;
  }

  std::vector<std::byte> bytes;
};

}  // namespace sirocco
