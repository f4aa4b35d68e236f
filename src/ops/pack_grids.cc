// SPDX-License-Identifier: Apache-2.0
#include "ops/pack_grids.h"

#include <cstring>

#include "ops/int8_layouts.h"
#include "tensor/iq_codebooks.h"

namespace sirocco {
namespace {

// Scale g of each row in four bits: those of the second half of the groups above those of the first.
template <class ScaleOf>
void pack_scales(const PackRows& rows, int groups, const ScaleOf& scale_of, uint8_t* lines) {
  for (int r = 0; r < kStripRows; ++r)
    for (int g = 0; g < groups / 2; ++g) {
      const unsigned low = scale_of(rows[r], g), high = scale_of(rows[r], g + groups / 2);
      lines[16 * g + r] = static_cast<uint8_t>(low | high << 4);
    }
}

unsigned nibble_of(const uint8_t* bytes, int index) {
  return (unsigned{bytes[index / 2]} >> (4 * (index % 2))) & 15u;
}

// byte_of(row, i) for i < 4 · dwords: four of a row make its dword of a line.
template <class ByteOf>
void put_bytes(const PackRows& rows, int dwords, const ByteOf& byte_of, uint8_t* lines) {
  for (int r = 0; r < kStripRows; ++r)
    for (int i = 0; i < 4 * dwords; ++i)
      lines[64 * (i / 4) + 4 * r + i % 4] = static_cast<uint8_t>(byte_of(rows[r], i));
}

// Signs of eight columns out of dwords of four times seven bits, which begin at `at` and lie `step` bytes apart.
uint32_t signs_of_dword(const uint8_t* row, int at, int step, int eight) {
  uint32_t packed;
  std::memcpy(&packed, row + at + step * (eight / 4), 4);
  return even_signs((packed >> (7 * (eight % 4))) & 127u);
}

}  // namespace

void pack_iq2_xxs(const PackRows& rows, uint8_t* lines, uint8_t* scales) {
  using L = Iq2XxsLayout;
  pack_scales(rows, 8, [](const uint8_t* row, int g) { return unsigned{row[9 + 8 * g]} >> 4; }, lines);
  put_bytes(rows, 8, [](const uint8_t* row, int i) { return signs_of_dword(row, 6, 8, i); }, lines + 64 * L::kSigns);
  put_bytes(rows, 8, [](const uint8_t* row, int i) { return row[2 + 8 * (i / 4) + i % 4]; }, lines + 64 * L::kIndices);
  copy_halves(rows, 0, scales);
}

void pack_iq2_xs(const PackRows& rows, uint8_t* lines, uint8_t* scales) {
  using L = Iq2XsLayout;
  const auto packed = [](const uint8_t* row, int eight) {
    return row[2 + 2 * eight] | static_cast<unsigned>(row[3 + 2 * eight]) << 8;
  };
  const auto high = [&](const uint8_t* row, int i) {
    unsigned bits = 0;
    for (int e = 0; e < 4; ++e) bits |= ((packed(row, 4 * i + e) >> 8) & 1u) << (2 * e);
    return bits;
  };
  pack_scales(rows, 16, [](const uint8_t* row, int g) { return nibble_of(row + 66, g); }, lines);
  put_bytes(rows, 2, high, lines + 64 * L::kHigh);
  const auto signs = [&](const uint8_t* row, int i) { return even_signs(packed(row, i) >> 9); };
  put_bytes(rows, 8, signs, lines + 64 * L::kSigns);
  put_bytes(rows, 8, [&](const uint8_t* row, int i) { return packed(row, i) & 255u; }, lines + 64 * L::kIndices);
  copy_halves(rows, 0, scales);
}

void pack_iq2_s(const PackRows& rows, uint8_t* lines, uint8_t* scales) {
  using L = Iq2SLayout;
  pack_scales(rows, 16, [](const uint8_t* row, int g) { return nibble_of(row + 74, g); }, lines);
  transpose(rows, 66, 2, lines + 64 * L::kHigh);
  transpose(rows, 34, 8, lines + 64 * L::kSigns);
  transpose(rows, 2, 8, lines + 64 * L::kIndices);
  copy_halves(rows, 0, scales);
}

void pack_iq3_xxs(const PackRows& rows, uint8_t* lines, uint8_t* scales) {
  using L = Iq3XxsLayout;
  pack_scales(rows, 8, [](const uint8_t* row, int g) { return unsigned{row[69 + 4 * g]} >> 4; }, lines);
  put_bytes(rows, 8, [](const uint8_t* row, int i) { return signs_of_dword(row, 66, 4, i); }, lines + 64 * L::kSigns);
  transpose(rows, 2, 16, lines + 64 * L::kIndices);
  copy_halves(rows, 0, scales);
}

void pack_iq3_s(const PackRows& rows, uint8_t* lines, uint8_t* scales) {
  using L = Iq3SLayout;
  pack_scales(rows, 8, [](const uint8_t* row, int g) { return nibble_of(row + 106, g); }, lines);
  transpose(rows, 66, 2, lines + 64 * L::kHigh);
  transpose(rows, 74, 8, lines + 64 * L::kSigns);
  transpose(rows, 2, 16, lines + 64 * L::kIndices);
  copy_halves(rows, 0, scales);
}

}  // namespace sirocco
