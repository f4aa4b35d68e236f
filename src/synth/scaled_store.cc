// SPDX-License-Identifier: Apache-2.0
#include "synth/scaled_store.h"

#include <fmt/format.h>

#include <utility>

#include "base/check.h"

namespace sirocco::synth {
namespace {

std::string without_weight(const std::string& name) {
  constexpr std::string_view kTail = ".weight";
  CHECK(name.ends_with(kTail));
  return name.substr(0, name.size() - kTail.size());
}

Piece make_codes(const Matrix& matrix, Fill fill, int64_t bytes) {
  Piece piece;
  piece.fill = fill;
  piece.dtype = fill == Fill::packed ? DType::u8 : DType::f8_e4m3;
  piece.name = matrix.name;
  piece.bytes = bytes;
  return piece;
}

}  // namespace

Result<SafetensorsTypes> safetensors_types(const SynthOptions& options) {
  SafetensorsTypes out;
  if (options.type == "fp8") {
    out.fp8 = true;
  } else if (options.type == "nvfp4" && options.layout == "native") {
    out.nvfp4 = true;
    if (options.hidden % 16 != 0 || options.expert_width % 16 != 0 || options.dense_width % 16 != 0) {
      return bad_input("type nvfp4: hidden, expert_width and dense_width must be multiples of 16");
    }
  } else if (options.type == "f32") {
    out.wide = DType::f32;
  } else if (options.type == "f16") {
    out.wide = DType::f16;
  } else if (options.type != "bf16") {
    return bad_input(fmt::format("type: \"{}\" is no type of layout {}", options.type, options.layout));
  }
  return out;
}

ScaledStore::ScaledStore(const SynthOptions& options, std::string weight_suffix,
                         std::string activation_suffix)
    : options_(options),
      weight_suffix_(std::move(weight_suffix)),
      activation_suffix_(std::move(activation_suffix)) {}

void ScaledStore::add(const std::string& name, const Matrix& matrix, const SafetensorsTypes& types,
                      StoredTensors& out) const {
  if (types.fp8) return add_fp8(name, matrix, out);
  if (types.nvfp4) return add_nvfp4(name, matrix, out);
  out.push_back(store(name, matrix, types.wide));
}

void ScaledStore::add_fp8(const std::string& name, const Matrix& matrix, StoredTensors& out) const {
  const std::string base = without_weight(name);
  const auto seed = static_cast<uint64_t>(options_.seed);
  const std::vector<int64_t> shape = options_.f32_scales ? std::vector<int64_t>{1} : std::vector<int64_t>{};
  out.push_back(store(name, matrix, DType::f8_e4m3));
  out.push_back(store_values(base + weight_suffix_, {e4m3_scale(matrix.name, seed, matrix.spread)},
                             scale_type(), shape));
  out.push_back(
      store_values(base + activation_suffix_, {activation_scale(matrix.name, seed)}, scale_type(), shape));
}

void ScaledStore::add_nvfp4(const std::string& name, const Matrix& matrix, StoredTensors& out) const {
  const std::string base = without_weight(name);
  const auto seed = static_cast<uint64_t>(options_.seed);
  const int64_t rows = matrix.rows, cols = matrix.cols;
  const bool shared = name.find("shared") != std::string::npos;
  out.push_back({{base + ".weight_packed", DType::u8, {rows, cols / 2}},
                 {make_codes(matrix, Fill::packed, rows * cols / 2)}});
  out.push_back({{base + ".weight_scale", DType::f8_e4m3, {rows, cols / 16}},
                 {make_codes(matrix, Fill::block_scales, rows * cols / 16)}});
  out.push_back(store_values(base + ".weight_global_scale",
                             {packed_divisor(matrix.name, seed, matrix.spread)}, DType::f32, {1}));
  out.push_back(store_values(base + ".input_global_scale", {activation_scale(matrix.name, seed)},
                             shared ? DType::bf16 : DType::f32, {1}));
}

}  // namespace sirocco::synth
