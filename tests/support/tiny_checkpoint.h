// SPDX-License-Identifier: Apache-2.0
// A checkpoint of odd small widths in the native or the Hugging Face layout, held as a list of tensors so
// that a test can spoil one before it is written. Values do not matter here; names, shapes and types do.
#pragma once

#include <string>
#include <vector>

#include "support/safetensors_writer.h"
#include "support/temporary_directory.h"

namespace sirocco {

struct TinyCheckpoint {
  Json config;
  std::vector<TestTensor> tensors;

  TestTensor& tensor(std::string_view name);
  void remove(std::string_view name);
  void write(const TemporaryDirectory& directory, std::string_view config_name,
             std::string_view file_name) const;
};

// params.json: 2 layers (the first dense when `dense_first`), D 24, H 3, Q 20, C 12, R 6, N 10, V 14, E 5, K
// 2, F 16.
TinyCheckpoint tiny_native(bool dense_first = false, bool vision = false);
// The same numbers as config.json with `prefix` before "layers.…" and `head` for the head; experts fused.
TinyCheckpoint tiny_hugging_face(const std::string& prefix, const std::string& head,
                                 bool vision_model_prefix = false);
// Grouped attention, dense layers: 2 layers, D 24, H 4, kv 2, head 8, F 40.
TinyCheckpoint tiny_grouped_native();

}  // namespace sirocco
