// SPDX-License-Identifier: Apache-2.0
// The model's matrices by canonical (native) name, and the tensors that a layout stores of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "synth/generator.h"
#include "synth/synth_options.h"
#include "weights/tensor_file_writer.h"

namespace sirocco::synth {

enum class Role { linear, router, embedding, head, norm };

struct Matrix {
  std::string name;  // canonical
  int64_t rows = 0;
  int64_t cols = 0;
  float spread = 1.0f;
  Role role = Role::linear;
};

struct StoredTensor {
  TensorSpec spec;
  std::vector<Piece> pieces;  // their bytes follow each other
};

struct FeedForwardMatrices {
  Matrix w1, w2, w3;  // gate [F, D], down [D, F], up [F, D]
};

struct AttentionMatrices {
  std::optional<Matrix> wq;                    // without a query latent
  std::optional<Matrix> wq_a, q_a_norm, wq_b;  // with one
  Matrix wkv_a, kv_a_norm, wo;
  Matrix wkv_b;       // native, hf and older GGUF
  Matrix wk_b, wv_b;  // GGUF; matrices of their own, not slices of wkv_b
};

struct LayerMatrices {
  Matrix attention_norm, ffn_norm;
  AttentionMatrices attention;
  bool dense = false;
  FeedForwardMatrices feed_forward;  // dense layers
  Matrix gate;                       // the router
  std::vector<FeedForwardMatrices> experts;
  std::optional<FeedForwardMatrices> shared;
};

struct OuterMatrices {
  Matrix embedding, norm, head;
};

OuterMatrices outer_matrices(const SynthOptions& options);
LayerMatrices layer_matrices(const SynthOptions& options, int64_t layer);
Matrix make_matrix(std::string name, int64_t rows, int64_t cols, double gain = 1.0, int64_t fan_in = 0);
Matrix make_norm(std::string name, int64_t size);

// One matrix as one tensor of `dtype` (a float, f8_e4m3 or a GGUF block type); norms have one dimension.
Piece make_piece(const Matrix& matrix, DType dtype);
StoredTensor store(std::string name, const Matrix& matrix, DType dtype);
StoredTensor store_stacked(std::string name, const std::vector<Matrix>& matrices, DType dtype,
                           std::vector<int64_t> shape);
StoredTensor store_values(std::string name, std::vector<float> values, DType dtype,
                          std::vector<int64_t> shape);

using StoredTensors = std::vector<StoredTensor>;
Result<StoredTensors> native_tensors(const SynthOptions& options);
Result<StoredTensors> hugging_face_tensors(const SynthOptions& options);
Result<StoredTensors> gguf_tensors(const SynthOptions& options);
StoredTensors native_vision_tensors(const SynthOptions& options);
StoredTensors hugging_face_vision_tensors(const SynthOptions& options);
Result<StoredTensors> mmproj_tensors(const SynthOptions& options);

// `name` as the main type of a gguf; `option` is for the message.
Result<DType> gguf_weight_type(const std::string& name, const char* option);
// What a gguf of main type `main` stores this matrix as.
DType gguf_type_for(const Matrix& matrix, DType main);

}  // namespace sirocco::synth
