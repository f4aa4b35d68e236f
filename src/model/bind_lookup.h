// SPDX-License-Identifier: Apache-2.0
// BindLookup: takes a checkpoint's tensors by name into WeightViews and checks dtype, shape and scales on the
// way. Errors stick like ConfigFields': the first missing or ill-shaped tensor is the one that is reported,
// and every later call returns an absent view, so that a layout's file reads as the list of its tensors.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "model/weights.h"
#include "sirocco/result.h"
#include "weights/checkpoint.h"

namespace sirocco {

class BindLookup {
 public:
  explicit BindLookup(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {}

  // "<prefix>.weight" [rows, cols] in any type that decodes, with an FP8 tensor's scale beside it (in a GGUF
  // "<prefix>.scale" if there is one); or, when only "<prefix>.weight_packed" is there, compressed-tensors
  // NVFP4 with its two levels of scales.
  WeightView matrix(const std::string& prefix, int64_t rows, int64_t cols);
  // One matrix by its full name and its shape there (a convolution's [out, c, h, w]) as rows × cols elements.
  WeightView reshaped(const std::string& name, const std::vector<int64_t>& shape, int64_t rows, int64_t cols);
  // `name` [parts, rows, cols] as `parts` matrices; FP8 has `scale_name`: [], [1], [parts] or [parts, 1, 1], and may
  // have `activation_name`, which is passed over.
  std::vector<WeightView> stack(const std::string& name, int64_t parts, int64_t rows, int64_t cols,
                                const std::string& scale_name = "", const std::string& activation_name = "");
  // "<prefix>.weight" [n] as one row of floats: norms.
  WeightView vector(const std::string& prefix, int64_t n);

  bool has(std::string_view name) const { return checkpoint_.find(name) != nullptr; }
  bool has_any(std::string_view prefix) const;  // some tensor's name begins with it
  bool used(const TensorEntry& entry) const { return used_.contains(&entry); }
  bool ok() const { return !error_; }
  const std::optional<Error>& error() const { return error_; }
  void refuse(ErrorKind kind, std::string message);

 private:
  const TensorEntry* require(const std::string& name, const std::vector<int64_t>& shape);
  WeightView packed(const std::string& prefix, int64_t rows, int64_t cols);
  float scalar(const TensorEntry& entry, int64_t index);
  // The first of `names` that exists as one finite number; refused when none does and `needed`.
  float scale(std::initializer_list<std::string> names, bool needed);
  // Scales of quantised activations, where they exist: counted as used, one or `parts` of them, their values not
  // read. Products here take activations as they are, and calibration leaves inf or 0 where an expert saw none.
  void pass_over_scales(std::initializer_list<std::string> names, int64_t parts);
  const TensorEntry* find(
      const std::string& name);  // null when absent; a tensor that is found counts as used
  std::string file_of(const TensorEntry& entry) const;

  const Checkpoint& checkpoint_;
  std::unordered_set<const TensorEntry*> used_;
  std::optional<Error> error_;
};

}  // namespace sirocco
