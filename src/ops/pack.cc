// SPDX-License-Identifier: Apache-2.0
#include "ops/pack.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "ops/int8_layouts.h"
#include "ops/pack_grids.h"
#include "ops/pack_rows.h"

namespace sirocco {
namespace {

// One block of each of 16 rows into `lines`, and into `scales` where the type keeps them apart.
using PackBlock = void (*)(const PackRows& rows, uint8_t* lines, uint8_t* scales);

struct Layout {
  DType dtype;
  int columns;  // of one block
  int line_bytes, scale_bytes;
  PackBlock pack;
  float unit;  // what one step of the packed codes and scales is worth
};

// The 12 bytes of q4_k and q5_k (tensor/blocks_k.cc draws them), d and d_min into 256 bytes.
void pack_k_scales(const PackRows& rows, uint8_t* out) {
  std::memset(out, 0, 192);
  for (int r = 0; r < kStripRows; ++r) {
    const uint8_t* packed = rows[r] + 4;
    for (int j = 0; j < 4; ++j) {
      const unsigned scales = packed[j], mins = packed[4 + j], low = packed[8 + j];
      const unsigned scale = scales & 63u, later_scale = (low & 15u) | ((scales >> 2) & 0x30u);
      const unsigned min = mins & 63u, later_min = (low >> 4) | ((mins >> 2) & 0x30u);
      uint8_t* at = out + 16 * j + r;
      uint8_t* min_at = out + 64 + 32 * (j / 2) + 2 * r + j % 2;
      *at = static_cast<uint8_t>((scale & 15u) | (later_scale & 15u) << 4);
      *min_at = static_cast<uint8_t>((min & 15u) | (later_min & 15u) << 4);
      at[128] = static_cast<uint8_t>(at[128] | scale >> 4 | (later_scale >> 4) << 2);
      min_at[64] = static_cast<uint8_t>(min_at[64] | (min >> 4) << 4 | (later_min >> 4) << 6);
    }
  }
  copy_halves(rows, 0, out + 192);
  copy_halves(rows, 2, out + 224);
}

void pack_q4_k(const PackRows& rows, uint8_t* lines, uint8_t*) {
  pack_k_scales(rows, lines);
  transpose(rows, 16, 32, lines + 256);
}

void pack_q5_k(const PackRows& rows, uint8_t* lines, uint8_t*) {
  pack_k_scales(rows, lines);
  transpose(rows, 16, 8, lines + 256);
  transpose(rows, 48, 32, lines + 768);
}

// Scales and mins of sixteen groups in four bits each: 128 bytes of scales, groups 8-15 above 0-7; as many of mins,
// neighbouring groups side by side.
void pack_q2_k(const PackRows& rows, uint8_t* lines, uint8_t*) {
  for (int r = 0; r < kStripRows; ++r)
    for (int g = 0; g < 8; ++g) {
      const unsigned low = rows[r][g], high = rows[r][g + 8];
      lines[16 * g + r] = static_cast<uint8_t>((low & 15u) | (high & 15u) << 4);
      lines[128 + 32 * (g / 2) + 2 * r + g % 2] = static_cast<uint8_t>(low >> 4 | (high & 0xf0u));
    }
  copy_halves(rows, 80, lines + 256);
  copy_halves(rows, 82, lines + 288);
  transpose(rows, 16, 16, lines + 320);
}

// Scales as pack_k_scales lays them, of sixteen groups instead of eight and their mins, plus 32.
void pack_q3_k(const PackRows& rows, uint8_t* lines, uint8_t* scales) {
  std::memset(lines, 0, 192);
  for (int r = 0; r < kStripRows; ++r)
    for (int g = 0; g < 16; ++g) {
      const uint8_t* packed = rows[r] + 96;
      const unsigned low = (static_cast<unsigned>(packed[g % 8]) >> (4 * (g / 8))) & 15u;
      const unsigned high = (static_cast<unsigned>(packed[8 + g % 4]) >> (2 * (g / 4))) & 3u;
      uint8_t* at = lines + 64 * (g / 8) + 16 * (g % 4) + r;
      *at = static_cast<uint8_t>(*at | low << (4 * (g / 4 % 2)));
      uint8_t* top = lines + 128 + 16 * (g % 4) + r;
      *top = static_cast<uint8_t>(*top | high << (2 * (g / 4)));
    }
  transpose(rows, 0, 8, lines + 192);
  transpose(rows, 32, 16, lines + 704);
  copy_halves(rows, 108, scales);
}

void pack_q6_k(const PackRows& rows, uint8_t* lines, uint8_t* scales) {
  for (int r = 0; r < kStripRows; ++r)
    for (int g = 0; g < 16; ++g) lines[16 * g + r] = rows[r][192 + g];
  for (int part = 0; part < 4;
       ++part, lines += 768) {  // in the order of use: half part / 2, 16 columns of each run
    const int low = 64 * (part / 2) + 16 * (part % 2), high = 128 + 32 * (part / 2) + 16 * (part % 2);
    transpose(rows, low, 4, lines + 256);
    transpose(rows, low + 32, 4, lines + 512);
    transpose(rows, high, 4, lines + 768);
  }
  copy_halves(rows, 208, scales);
}

void pack_iq4_xs(const PackRows& rows, uint8_t* lines, uint8_t* scales) {
  transpose(rows, 8, 32, lines);
  for (int r = 0; r < kStripRows; ++r) {
    const unsigned tops = rows[r][2] | static_cast<unsigned>(rows[r][3]) << 8;
    for (int g = 0; g < 8; ++g) {
      const unsigned low = (static_cast<unsigned>(rows[r][4 + g / 2]) >> (4 * (g % 2))) & 15u;
      const int scale = static_cast<int>(low | ((tops >> (2 * g)) & 3u) << 4) - 32;
      lines[2048 + 16 * g + r] = static_cast<uint8_t>(scale);
    }
  }
  copy_halves(rows, 0, scales);
}

void pack_q8_0(const PackRows& rows, uint8_t* lines, uint8_t* scales) {
  transpose(rows, 2, 8, lines);
  copy_halves(rows, 0, scales);
}

void pack_nibbles(const PackRows& rows, uint8_t* lines, uint8_t* scales) {  // q4_0, iq4_nl
  transpose(rows, 2, 4, lines);
  copy_halves(rows, 0, scales);
}

void pack_q4_1(const PackRows& rows, uint8_t* lines, uint8_t* scales) {
  transpose(rows, 4, 4, lines);
  copy_halves(rows, 0, scales);
  copy_halves(rows, 2, scales + 32);
}

// Bit q of byte i of a row's dword: the fifth bit of element 4 q + i.
void pack_fifth_bits(const PackRows& rows, int offset, uint8_t* line) {
  std::memset(line, 0, 64);
  for (int r = 0; r < kStripRows; ++r)
    for (int e = 0; e < 32; ++e) {
      const unsigned bit = (static_cast<unsigned>(rows[r][offset + e / 8]) >> (e % 8)) & 1u;
      uint8_t& byte = line[4 * r + e % 4];
      byte = static_cast<uint8_t>(byte | bit << (e / 4));
    }
}

void pack_q5_0(const PackRows& rows, uint8_t* lines, uint8_t* scales) {
  transpose(rows, 6, 4, lines);
  pack_fifth_bits(rows, 2, lines + 256);
  copy_halves(rows, 0, scales);
}

void pack_q5_1(const PackRows& rows, uint8_t* lines, uint8_t* scales) {
  transpose(rows, 8, 4, lines);
  pack_fifth_bits(rows, 4, lines + 256);
  copy_halves(rows, 0, scales);
  copy_halves(rows, 2, scales + 32);
}

void pack_mxfp4(const PackRows& rows, uint8_t* lines, uint8_t* scales) {
  transpose(rows, 1, 4, lines);
  for (int r = 0; r < kStripRows; ++r) scales[r] = rows[r][0];
}

// GGUF: 4 groups of 16. Scale code 0x7f means 0 there; the sign bit means nothing, but 0xff is 240 halved.
void pack_nvfp4(const PackRows& rows, uint8_t* lines, uint8_t* scales) {
  transpose(rows, 4, 8, lines);
  for (int r = 0; r < kStripRows; ++r)
    for (int g = 0; g < 4; ++g) {
      const uint8_t code = rows[r][g];
      scales[16 * g + r] = code == 0x7f ? uint8_t{0} : static_cast<uint8_t>(code & 0x7f);
    }
}

// compressed-tensors: neighbours share a byte. 32 columns; the scales come beside (pack_strip).
void pack_nvfp4_packed(const PackRows& rows, uint8_t* lines, uint8_t*) {
  for (int r = 0; r < kStripRows; ++r)
    for (int group = 0; group < 2; ++group)
      for (int j = 0; j < 8; ++j) {  // columns j and j + 8 of the group of 16
        const auto nibble = [&](int column) {
          return (static_cast<unsigned>(rows[r][8 * group + column / 2]) >> (4 * (column % 2))) & 15u;
        };
        lines[64 * (2 * group + j / 4) + 4 * r + j % 4] =
            static_cast<uint8_t>(nibble(j) | nibble(j + 8) << 4);
      }
}

void pack_bf16(const PackRows& rows, uint8_t* lines, uint8_t*) {
  transpose(rows, 0, 16, lines);
}

// Columns 0, 2, 1, 3 of every four.
void pack_e4m3(const PackRows& rows, uint8_t* lines, uint8_t*) {
  transpose(rows, 0, 8, lines);
  for (int i = 0; i < 512; i += 4) std::swap(lines[i + 1], lines[i + 2]);
}

// Of the K types and those of 32 columns, from what their kernels read.
template <class F>
constexpr Layout layout_of(PackBlock pack, float unit = 1.0f) {
  if constexpr (kIsK<F>)
    return {F::kType, kRecordColumns, F::kBytes, F::kSplitD ? 32 : 0, pack, unit};
  else
    return {F::kType, 32, F::kBytes, F::kScaleBytes, pack, unit};
}

constexpr Layout kLayouts[] = {
    layout_of<Q2KLayout>(pack_q2_k),
    layout_of<Q3KLayout>(pack_q3_k),
    layout_of<Q4KLayout>(pack_q4_k),
    layout_of<Q5KLayout>(pack_q5_k),
    layout_of<Q6KLayout>(pack_q6_k),
    layout_of<Iq2XxsLayout>(pack_iq2_xxs, 0.125f),  // (0.5 + s) · 0.25, and the scales are 2 · s + 1
    layout_of<Iq2XsLayout>(pack_iq2_xs, 0.125f),
    layout_of<Iq2SLayout>(pack_iq2_s, 0.125f),
    layout_of<Iq3XxsLayout>(pack_iq3_xxs, 0.25f),  // (0.5 + s) · 0.5
    layout_of<Iq3SLayout>(pack_iq3_s),
    layout_of<Iq4XsLayout>(pack_iq4_xs),
    layout_of<Q80Layout>(pack_q8_0),
    layout_of<Q40Layout>(pack_nibbles),
    layout_of<Q41Layout>(pack_q4_1),
    layout_of<Q50Layout>(pack_q5_0),
    layout_of<Q51Layout>(pack_q5_1),
    layout_of<Iq4NlLayout>(pack_nibbles),
    layout_of<Mxfp4Layout>(pack_mxfp4),
    {DType::nvfp4, 64, 2 * Nvfp4Layout::kBytes, 2 * Nvfp4Layout::kScaleBytes, pack_nvfp4, 0.5f},  // codes are doubled
    layout_of<Nvfp4PackedLayout>(pack_nvfp4_packed, 0.5f),
    {DType::bf16, 32, 1024, 0, pack_bf16, 1.0f},
    {DType::f8_e4m3, 32, 512, 0, pack_e4m3, 1.0f},
    {DType::i16_packed, 32, 1024, 0, nullptr, 1.0f},
};

// Bytes of scales behind all lines of i16_packed.
int64_t wide_scale_bytes(DType dtype, int64_t cols) {
  return dtype == DType::i16_packed ? (cols + kRecordColumns - 1) / kRecordColumns * 64 : 0;
}

const Layout* find_layout(DType dtype) {
  for (const Layout& layout : kLayouts)
    if (layout.dtype == dtype) return &layout;
  return nullptr;
}

int64_t source_bytes(const Layout& layout) {
  return row_bytes(layout.dtype, layout.columns);
}

}  // namespace

bool can_pack(DType dtype, int64_t cols) {
  const Layout* layout = find_layout(dtype);
  return layout != nullptr && cols > 0 && cols % layout->columns == 0;
}

int64_t packed_strip_bytes(DType dtype, int64_t cols) {
  const Layout* layout = find_layout(dtype);
  CHECK(layout != nullptr && cols % layout->columns == 0);
  const int64_t bytes = cols / layout->columns * (layout->line_bytes + layout->scale_bytes);
  return (bytes + wide_scale_bytes(dtype, cols) + 63) / 64 * 64;
}

void pack_strip(const WeightView& weight, int64_t index, std::byte* out) {
  const Layout& layout = *find_layout(weight.dtype);
  CHECK(layout.pack != nullptr);
  const int64_t blocks = weight.cols / layout.columns, step = source_bytes(layout);
  auto* lines = reinterpret_cast<uint8_t*>(out);
  uint8_t* scales = lines + blocks * layout.line_bytes;
  PackRows rows;
  for (int r = 0; r < kStripRows; ++r) {
    const int64_t row = std::min(weight.rows - 1, kStripRows * index + r);
    rows[r] = reinterpret_cast<const uint8_t*>(weight.data) + row * weight.row_stride_bytes;
    if (weight.dtype != DType::nvfp4_packed) continue;
    const int64_t groups = weight.cols / 16;  // [groups, 16] e4m3
    for (int64_t g = 0; g < groups; ++g) scales[16 * g + r] = weight.block_scales[row * groups + g];
  }
  for (int64_t b = 0; b < blocks; ++b) {
    layout.pack(rows, lines + b * layout.line_bytes, scales + b * layout.scale_bytes);
    for (auto& row : rows) row += step;
  }
}

void pack_floats(const OpTable& ops, DType dtype, View<const float> x, int64_t block, int64_t cols,
                 std::byte* strip) {
  const int64_t width = std::min<int64_t>(kRecordColumns, cols - kRecordColumns * block);
  CHECK(x.rows <= kStripRows && x.cols <= width && width - x.cols < 32 && width % 32 == 0);
  auto* lines = reinterpret_cast<uint8_t*>(strip) + block * kRecordColumns / 2 * 64;
  auto* scales = reinterpret_cast<uint8_t*>(strip) + cols / 2 * 64 + block * 64;
  for (int64_t r = 0; r < kStripRows; ++r) {
    Int16Record row{};
    if (dtype == DType::i16_packed) {
      if (r < x.rows) ops.int16_kernels->to_int16(x.row(r), x.cols, &row, 1);
      std::memcpy(scales + 4 * r, &row.scale, 4);
    } else if (r < x.rows) {
      ops.f32_to_bf16(x.row(r), x.cols, reinterpret_cast<uint16_t*>(row.codes));
    }
    for (int64_t k = 0; k < width; k += 2) std::memcpy(lines + 32 * k + 4 * r, row.codes + k, 4);
  }
}

PackedStrip packed_strip(const WeightView& weight, int64_t index, const std::byte* strip) {
  const Layout& layout = *find_layout(weight.dtype);
  const auto* lines = reinterpret_cast<const uint8_t*>(strip);
  float multiplier = weight.scale * layout.unit;
  if (weight.dtype == DType::nvfp4_packed) multiplier = weight.scale * (layout.unit / weight.global_divisor);
  const int64_t left = weight.rows - kStripRows * index;
  return {.lines = lines,
          .scales = lines + weight.cols / layout.columns * layout.line_bytes,
          .cols = weight.cols,
          .multiplier = multiplier,
          .rows = static_cast<int>(std::min<int64_t>(left, kStripRows))};
}

}  // namespace sirocco
