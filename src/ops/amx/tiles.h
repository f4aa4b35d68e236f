// SPDX-License-Identifier: Apache-2.0
// The eight tile registers (Intel SDM volume 1, chapter "Programming with Intel AMX"), as these kernels share them out:
// 0-3 hold sums [tokens, 16 rows], 4 and 5 activations [tokens, k], 6 and 7 weights [k, 16 rows] with the neighbours
// along k of one dword side by side, which is how strips lie. Internal linkage: ISA files compile their own copy
// (ARCHITECTURE.md, "ISA files").
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace sirocco {
namespace {

constexpr int kTileRows = 16;    // of any tile, at most
constexpr int kTileBytes = 64;   // of a row, at most
constexpr int kTileSize = 1024;

// Gives the registers their shapes for as long as it lives. Without shapes there are no tiles for the system to save.
class Tiles {
 public:
  // Tiles of `rows` tokens, and of `bytes` bytes of each along k.
  Tiles(int rows, int bytes) {
    struct alignas(64) {
      uint8_t palette = 1, start_row = 0, reserved[14] = {};
      uint16_t row_bytes[16] = {};
      uint8_t rows[16] = {};
    } shapes;
    for (int i = 0; i < 8; ++i) {
      shapes.rows[i] = static_cast<uint8_t>(i < 6 ? rows : bytes / 4);
      shapes.row_bytes[i] = static_cast<uint16_t>(i == 4 || i == 5 ? bytes : kTileBytes);
    }
    asm volatile("" : : "m"(shapes));  // g++ 12 knows of eight bytes that _tile_loadconfig reads
    _tile_loadconfig(&shapes);
  }
  ~Tiles() { _tile_release(); }
  Tiles(const Tiles&) = delete;
  Tiles& operator=(const Tiles&) = delete;
};

// Loads tile I from rows that lie together, Size bytes in all. g++ 12 does not know what _tile_loadd reads, and may put
// off the stores of it.
template <int I, int Size = kTileSize>
inline void load_weights(const void* tile) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2"
               :
               : "r"(tile), "r"(int64_t{kTileBytes}), "i"(I), "m"(*static_cast<const uint8_t(*)[Size]>(tile)));
}

// Tile I += tile A · tile B, of bf16. The intrinsic's own numbers cannot come from a template.
template <int I, int A, int B>
inline void add_product_bf16() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(I), "i"(A), "i"(B));
}

// Stores before it are done before tiles behind it load, as far as the compiler goes.
inline void stores_first() {
  asm volatile("" : : : "memory");
}

// Numbers of all sizes for the tiles of operands: with zeros the processor's clock runs higher than with weights.
inline void fill_operands() {
  alignas(64) uint8_t tile[kTileSize];
  uint32_t state = 1;
  for (uint8_t& byte : tile) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<uint8_t>(state >> 26);  // two of them: a bf16 below one
  }
  load_weights<4>(tile);
  load_weights<5>(tile);
  load_weights<6>(tile);
  load_weights<7>(tile);
}

// Runs `four_products`, each into sums of its own, on tiles alone for some 2 · `rounds` cycles; returns how many
// operations those were, with `columns` columns a product. The loop of every PackedKernels::spin of tiles.
template <class FourProducts>
inline int64_t spin_tiles(int64_t rounds, int64_t columns, const FourProducts& four_products) {
  const Tiles shapes(kTileRows, kTileBytes);
  fill_operands();
  const int64_t turns = (rounds + 31) / 32;
  for (int64_t i = 0; i < turns; ++i) four_products();
  return turns * 4 * 2 * kTileRows * kTileRows * columns;
}

// `tokens` tokens in tiles of equally many rows. The last one begins early, and repeats rows, where they do not divide.
struct TokenTiles {
  explicit TokenTiles(int token_count)
      : tokens(token_count),
        count((token_count + kTileRows - 1) / kTileRows),
        rows((token_count + count - 1) / count) {}
  int first(int i) const { return i * rows < tokens - rows ? i * rows : tokens - rows; }
  int repeated(int i) const { return i * rows - first(i); }

  int tokens, count, rows;
};

}  // namespace
}  // namespace sirocco
