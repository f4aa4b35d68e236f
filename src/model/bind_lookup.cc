// SPDX-License-Identifier: Apache-2.0
#include "model/bind_lookup.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "tensor/float_bits.h"

namespace sirocco {
namespace {

bool plain_float(DType type) {
  return type == DType::f32 || type == DType::f16 || type == DType::bf16;
}

// Types that stand in a weight matrix: floats, FP8 and every block type.
bool is_weight(DType type) {
  switch (type) {
    case DType::f64:
    case DType::i8:
    case DType::u8:
    case DType::i16:
    case DType::i32:
    case DType::i64:
    case DType::boolean:
    case DType::q8_1:
    case DType::q8_k:
    case DType::nvfp4_packed:
      return false;
    default:
      return true;
  }
}

bool is_fp8(DType type) {
  return type == DType::f8_e4m3 || type == DType::f8_e5m2;
}

int64_t elements(const TensorEntry& entry) {
  int64_t n = 1;
  for (const int64_t extent : entry.shape) n *= extent;
  return n;
}

// Element `index` of a tensor of plain floats; NaN for any other type. Bytes may be unaligned.
float float_at(const TensorEntry& entry, int64_t index) {
  const auto load = [&](auto sample) {
    std::memcpy(&sample, entry.bytes.data() + static_cast<size_t>(index) * sizeof(sample), sizeof(sample));
    return sample;
  };
  switch (entry.dtype) {
    case DType::f32:
      return load(float{});
    case DType::f16:
      return f32_from_f16(load(uint16_t{}));
    case DType::bf16:
      return f32_from_bf16(load(uint16_t{}));
    default:
      return std::numeric_limits<float>::quiet_NaN();
  }
}

WeightView view_of(const TensorEntry& entry, int64_t rows, int64_t cols) {
  WeightView view;
  view.dtype = entry.dtype;
  view.rows = rows;
  view.cols = cols;
  view.data = entry.bytes.data();
  view.row_stride_bytes = static_cast<int64_t>(entry.bytes.size()) / rows;
  return view;
}

}  // namespace

bool BindLookup::has_any(std::string_view prefix) const {
  const auto tensors = checkpoint_.tensors();
  return std::any_of(tensors.begin(), tensors.end(),
                     [&](const TensorEntry& entry) { return entry.name.starts_with(prefix); });
}

void BindLookup::refuse(ErrorKind kind, std::string message) {
  if (!error_) error_ = Error{kind, std::move(message)};
}

std::string BindLookup::file_of(const TensorEntry& entry) const {
  return checkpoint_.file_paths()[static_cast<size_t>(entry.file_index)];
}

const TensorEntry* BindLookup::find(const std::string& name) {
  const TensorEntry* entry = checkpoint_.find(name);
  if (entry != nullptr) used_.insert(entry);
  return entry;
}

const TensorEntry* BindLookup::require(const std::string& name, const std::vector<int64_t>& shape) {
  if (error_) return nullptr;
  const TensorEntry* entry = find(name);
  if (entry == nullptr) {
    refuse(ErrorKind::not_found, fmt::format("{}: tensor '{}' is missing, expected {}", checkpoint_.path(),
                                             name, shape_text(shape)));
    return nullptr;
  }
  if (entry->shape == shape) return entry;
  refuse(ErrorKind::bad_input, fmt::format("{}: tensor '{}': shape {}, expected {}", file_of(*entry), name,
                                           shape_text(entry->shape), shape_text(shape)));
  return nullptr;
}

float BindLookup::scalar(const TensorEntry& entry, int64_t index) {
  if (!plain_float(entry.dtype)) {
    refuse(ErrorKind::bad_input, fmt::format("{}: tensor '{}': dtype {}, expected f32, f16 or bf16",
                                             file_of(entry), entry.name, traits(entry.dtype).name));
    return 1.0f;
  }
  const float value = float_at(entry, index);
  if (std::isfinite(value) && value > 0.0f) return value;
  refuse(ErrorKind::bad_input, fmt::format("{}: tensor '{}': scale {}, expected a finite number above 0",
                                           file_of(entry), entry.name, value));
  return 1.0f;
}

float BindLookup::scale(std::initializer_list<std::string> names, bool needed) {
  if (error_) return 1.0f;
  for (const std::string& name : names) {
    const TensorEntry* entry = find(name);
    if (entry == nullptr) continue;
    if (elements(*entry) == 1) return scalar(*entry, 0);
    refuse(ErrorKind::bad_input, fmt::format("{}: tensor '{}': shape {}, expected one element",
                                             file_of(*entry), name, shape_text(entry->shape)));
    return 1.0f;
  }
  if (needed)
    refuse(ErrorKind::not_found,
           fmt::format("{}: tensor '{}' is missing, expected one scale", checkpoint_.path(), *names.begin()));
  return 1.0f;
}

void BindLookup::pass_over_scales(std::initializer_list<std::string> names, int64_t parts) {
  for (const std::string& name : names) {
    const TensorEntry* entry = find(name);
    if (entry == nullptr) continue;
    const int64_t n = elements(*entry);
    if (n == 1 || n == parts) continue;
    const std::string expected = parts == 1 ? "one element" : fmt::format("{} scales or one", parts);
    refuse(ErrorKind::bad_input, fmt::format("{}: tensor '{}': shape {}, expected {}", file_of(*entry), name,
                                             shape_text(entry->shape), expected));
  }
}

WeightView BindLookup::reshaped(const std::string& name, const std::vector<int64_t>& shape, int64_t rows,
                                int64_t cols) {
  const TensorEntry* entry = require(name, shape);
  if (entry == nullptr) return {};
  if (is_weight(entry->dtype)) return view_of(*entry, rows, cols);
  refuse(ErrorKind::bad_input, fmt::format("{}: tensor '{}': dtype {}, expected a type of weights",
                                           file_of(*entry), name, traits(entry->dtype).name));
  return {};
}

WeightView BindLookup::matrix(const std::string& prefix, int64_t rows, int64_t cols) {
  const std::string name = prefix + ".weight";
  if (!has(name) && has(prefix + ".weight_packed")) return packed(prefix, rows, cols);
  WeightView view = reshaped(name, {rows, cols}, rows, cols);
  if (view.present() && is_fp8(view.dtype)) {
    const bool native = checkpoint_.layout() == Layout::native;
    view.scale = scale({prefix + (native ? ".qscale_weight" : ".weight_scale_inv"), prefix + ".qscale_weight",
                        prefix + ".weight_scale_inv", prefix + ".weight_scale"},
                       true);
    pass_over_scales({prefix + ".qscale_act", prefix + ".activation_scale", prefix + ".input_scale"}, 1);
  }
  if (view.present() && checkpoint_.layout() == Layout::gguf) view.scale = scale({prefix + ".scale"}, false);
  return view;
}

WeightView BindLookup::packed(const std::string& prefix, int64_t rows, int64_t cols) {
  if (cols % 16 != 0) {
    refuse(ErrorKind::bad_input,
           fmt::format("{}: tensor '{}.weight_packed': {} columns do not divide into blocks of 16",
                       checkpoint_.path(), prefix, cols));
    return {};
  }
  const TensorEntry* codes = require(prefix + ".weight_packed", {rows, cols / 2});
  const TensorEntry* blocks = require(prefix + ".weight_scale", {rows, cols / 16});
  if (codes == nullptr || blocks == nullptr) return {};
  for (const auto& [entry, dtype] : {std::pair{codes, DType::u8}, std::pair{blocks, DType::f8_e4m3}})
    if (entry->dtype != dtype)
      refuse(ErrorKind::bad_input, fmt::format("{}: tensor '{}': dtype {}, expected {}", file_of(*entry),
                                               entry->name, traits(entry->dtype).name, traits(dtype).name));
  WeightView view = view_of(*codes, rows, cols);
  view.dtype = DType::nvfp4_packed;
  view.block_scales = reinterpret_cast<const uint8_t*>(blocks->bytes.data());
  view.global_divisor = scale({prefix + ".weight_global_scale"}, true);
  pass_over_scales({prefix + ".input_global_scale"}, 1);
  return view;
}

std::vector<WeightView> BindLookup::stack(const std::string& name, int64_t parts, int64_t rows, int64_t cols,
                                          const std::string& scale_name, const std::string& activation_name) {
  const WeightView whole = reshaped(name, {parts, rows, cols}, parts * rows, cols);
  if (!whole.present()) return {};
  const bool scaled = is_fp8(whole.dtype) || (checkpoint_.layout() == Layout::gguf && has(scale_name));
  std::vector<WeightView> views(static_cast<size_t>(parts), whole);
  for (int64_t i = 0; i < parts; ++i) {
    WeightView& view = views[static_cast<size_t>(i)];
    view.rows = rows;
    view.data += i * rows * whole.row_stride_bytes;
  }
  if (!scaled) return views;
  const TensorEntry* entry = find(scale_name);
  if (entry == nullptr) {
    refuse(ErrorKind::not_found, fmt::format("{}: tensor '{}' is missing, expected {} scales",
                                             checkpoint_.path(), scale_name, parts));
    return {};
  }
  const int64_t n = elements(*entry);
  if (n != 1 && n != parts) {
    refuse(ErrorKind::bad_input, fmt::format("{}: tensor '{}': shape {}, expected {} scales or one",
                                             file_of(*entry), scale_name, shape_text(entry->shape), parts));
    return {};
  }
  for (int64_t i = 0; i < parts; ++i) views[static_cast<size_t>(i)].scale = scalar(*entry, n == 1 ? 0 : i);
  pass_over_scales({activation_name}, parts);
  return views;
}

WeightView BindLookup::vector(const std::string& prefix, int64_t n) {
  const TensorEntry* entry = require(prefix + ".weight", {n});
  if (entry == nullptr) return {};
  if (plain_float(entry->dtype)) return view_of(*entry, 1, n);
  refuse(ErrorKind::bad_input, fmt::format("{}: tensor '{}': dtype {}, expected f32, f16 or bf16",
                                           file_of(*entry), entry->name, traits(entry->dtype).name));
  return {};
}

}  // namespace sirocco
