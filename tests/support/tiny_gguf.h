// SPDX-License-Identifier: Apache-2.0
// A GGUF of TinyCheckpoint's shapes (2 layers of experts), held as keys and tensors so that a test can spoil
// one.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace sirocco {

using GgufField = std::variant<uint32_t, float, bool, std::string>;

struct TinyGguf {
  struct Tensor {
    std::string name;
    std::vector<uint64_t> extents;  // fastest first, as the file has them; all F32
  };
  std::vector<std::pair<std::string, GgufField>> fields;
  std::vector<Tensor> tensors;

  void set(const std::string& key, GgufField value);
  void erase(const std::string& key);
  void remove(const std::string& tensor);
  // The file; tensors from `begin` to `end` alone (a shard of a split set).
  std::string bytes(size_t begin = 0, size_t end = SIZE_MAX) const;
};

TinyGguf tiny_gguf(const std::string& architecture = "mistral4");
// A vision file for it: 2 layers of 2 heads, patches of 14.
TinyGguf tiny_mmproj();

}  // namespace sirocco
