// SPDX-License-Identifier: Apache-2.0
// Storing a matrix of a safetensors layout in the checkpoint's main type, with the scales that belong to it.
#pragma once

#include <string>

#include "synth/matrices.h"

namespace sirocco::synth {

struct SafetensorsTypes {
  DType wide = DType::bf16;  // norms, router, embeddings, head; everything when neither flag is set
  bool fp8 = false;
  bool nvfp4 = false;
};
Result<SafetensorsTypes> safetensors_types(const SynthOptions& options);

class ScaledStore {
 public:
  // The suffixes that replace ".weight" in the names of FP8 scales.
  ScaledStore(const SynthOptions& options, std::string weight_suffix, std::string activation_suffix);

  void add(const std::string& name, const Matrix& matrix, const SafetensorsTypes& types,
           StoredTensors& out) const;
  void add_fp8(const std::string& name, const Matrix& matrix, StoredTensors& out) const;
  void add_nvfp4(const std::string& name, const Matrix& matrix, StoredTensors& out) const;

  DType scale_type() const { return options_.f32_scales ? DType::f32 : DType::bf16; }

 private:
  const SynthOptions& options_;
  std::string weight_suffix_, activation_suffix_;
};

}  // namespace sirocco::synth
