// SPDX-License-Identifier: Apache-2.0
// K types times int8 activations with tiles: sixteen tokens, sixteen rows and 64 columns an instruction. Its sums have
// no room for the scale of each group, so that codes are multiplied by it beforehand. Such a product has up to 14 bits;
// it is cut into two planes of bytes, whose sums are put together: the integers of vpdpbusd's kernels, and therefore
// their results. Few tokens are left to vpdpbusd where cutting is dear.
#include <immintrin.h>

#include <cstdint>

#include "ops/amx/tiles.h"
#include "ops/avx512_vnni/int8_formats.h"
#include "ops/packed.h"

namespace sirocco {
namespace {

constexpr int kMostTokens = 64;
constexpr int kMostStrips = 2;  // whose blocks share a tile of tokens in the first cache
static_assert(kMostTokens <= kLargestTile);

using TileSums = int32_t[kTileRows][kStripRows];

// Numbers of sixteen rows in both halves of their dwords.
inline __m512i doubled(__m512i numbers) {
  return _mm512_or_si512(_mm512_and_si512(numbers, _mm512_set1_epi32(0xffff)), _mm512_slli_epi32(numbers, 16));
}
inline __m512i unsigned_scale(const uint8_t* p) {
  return doubled(_mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
}

// Each of these cuts code · scale into planes: product = lower + 2^kShift · upper. kFewTokens: for which vpdpbusd is
// faster, since it stores no planes.

// Products of q2_k, at most 45.
struct WholeProduct {
  static constexpr int kPlanes = 1, kFewTokens = 1;
  explicit WholeProduct(const uint8_t* scale) : scale_(unsigned_scale(scale)) {}
  void store(__m512i codes, uint8_t* lower, uint8_t*) const {
    _mm512_store_si512(lower, _mm512_mullo_epi16(codes, scale_));
  }

 private:
  __m512i scale_;
};

// A scale of six bits in two halves: times a code of five bits neither outgrows a byte, so that one multiplication
// serves two codes.
struct HalvedScale {
  static constexpr int kPlanes = 2, kShift = 3, kFewTokens = 1;
  static constexpr bool kSigned = false;
  explicit HalvedScale(const uint8_t* scale) {
    const __m512i whole = unsigned_scale(scale);
    lower_ = _mm512_and_si512(whole, _mm512_set1_epi16(7));
    upper_ = _mm512_srli_epi16(whole, 3);
  }
  void store(__m512i codes, uint8_t* lower, uint8_t* upper) const {
    _mm512_store_si512(lower, _mm512_mullo_epi16(codes, lower_));
    _mm512_store_si512(upper, _mm512_mullo_epi16(codes, upper_));
  }

 private:
  __m512i lower_, upper_;
};

// Products of signed numbers in 16 bits, cut into their bytes.
template <int OffsetLog2>
struct ProductBytes {
  static constexpr int kPlanes = 2, kShift = 8, kFewTokens = 10;
  static constexpr bool kSigned = true;  // the upper plane
  explicit ProductBytes(const uint8_t* scale) : scale_(doubled(bytes_to_i32(scale))) {}
  void store(__m512i codes, uint8_t* lower, uint8_t* upper) const {
    codes = _mm512_sub_epi8(codes, _mm512_set1_epi8(static_cast<char>(1 << OffsetLog2)));
    const __m512i even = _mm512_mullo_epi16(_mm512_srai_epi16(_mm512_slli_epi16(codes, 8), 8), scale_);
    const __m512i odd = _mm512_mullo_epi16(_mm512_srai_epi16(codes, 8), scale_);
    constexpr __mmask64 kOdd = 0xaaaaaaaaaaaaaaaau;
    _mm512_store_si512(lower, _mm512_mask_blend_epi8(kOdd, even, _mm512_slli_epi16(odd, 8)));
    _mm512_store_si512(upper, _mm512_mask_blend_epi8(kOdd, _mm512_srli_epi16(even, 8), odd));
  }

 private:
  __m512i scale_;
};

template <class F>
struct CutOf {
  using Type = ProductBytes<F::kOffsetLog2>;
};
template <>
struct CutOf<Q2K> {
  using Type = WholeProduct;
};
template <>
struct CutOf<Q4K> {
  using Type = HalvedScale;
};
template <>
struct CutOf<Q5K> {
  using Type = HalvedScale;
};
template <class F>
using Cut = typename CutOf<F>::Type;

constexpr int kPlaneBytes = kRecordColumns * kStripRows;

// A load waits for an earlier store at the same place of another page. So planes begin pages and sums lie in the middle
// of theirs: what is read after they are stored is far from there.
constexpr int kPage = 4096;
static_assert(kPlaneBytes == kPage);
struct alignas(kPage) Sums {
  uint8_t apart[kPage / 2];
  TileSums of_plane[2];
};

// A block of sixteen rows, unpacked.
template <class F>
struct alignas(kPage) Planes {
  uint8_t bytes[Cut<F>::kPlanes][kPlaneBytes];  // [256 / 4, 16, 4]
};
template <class F>
struct alignas(64) Scales {
  uint8_t of_groups[16 * kGroups<F>], mins[16 * kGroups<F>];
  __m512 d, d_min;
};

// Lines of the block after next are asked for in three parts, spread over all that is done: many at once would keep the
// core's few line buffers from everything else.
constexpr int kBlocksAhead = 2;
template <class F>
constexpr int kThird = (F::kBytes / 64 + 2) / 3;
template <int Lines>
inline void ask_for(const uint8_t* lines) {
#pragma GCC unroll 16
  for (int i = 0; i < Lines; ++i) __builtin_prefetch(lines + 64 * i, 0, 2);
}

template <class F, int G>
inline void unpack_group(const uint8_t* w, const uint8_t* scales, Planes<F>& planes) {
  constexpr int kLines = F::kGroup / 4, kAsked = (kThird<F> + kGroups<F> - 1) / kGroups<F>;
  ask_for<kAsked>(w + kBlocksAhead * F::kBytes + 64 * kAsked * G);
  const Cut<F> cut(scales + 16 * G);
  __m512i codes[kLines];  // all before the first store, which later loads might have to wait for
#pragma GCC unroll 8
  for (int q = 0; q < kLines; ++q) codes[q] = F::template codes<G>(w, q);
#pragma GCC unroll 8
  for (int q = 0; q < kLines; ++q) {
    const int at = 64 * (G * kLines + q);
    cut.store(codes[q], planes.bytes[0] + at, planes.bytes[Cut<F>::kPlanes - 1] + at);
  }
}

template <class F, int... G>
inline void unpack_groups(const uint8_t* w, const uint8_t* scales, Planes<F>& planes) {
  (unpack_group<F, G>(w, scales, planes), ...);
}

// In the order of the file's lines.
template <class F>
inline void unpack(const PackedStrip& strip, int64_t index, Planes<F>& planes, Scales<F>& scales) {
  const uint8_t* w = strip.lines + index * F::kBytes;
  if constexpr (F::kPackedScales) F::unpack_scales(w + F::kScales, scales.of_groups, scales.mins);
  const uint8_t* ds = strip.scales + 32 * index;
  if constexpr (!F::kSplitD) ds = w + F::kD;
  scales.d = halves(ds);
  if constexpr (F::kMins) scales.d_min = halves(ds + 32);
  const uint8_t* of_groups = F::kPackedScales ? scales.of_groups : w + F::kScales;
  if constexpr (F::kGroup == 32)
    unpack_groups<F, 0, 1, 2, 3, 4, 5, 6, 7>(w, of_groups, planes);
  else
    unpack_groups<F, 0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15>(w, of_groups, planes);
}

// A block of a strip times a tile of tokens, on its way through the tiles.
template <class F>
struct Product {
  const Planes<F>* planes;
  const Scales<F>* scales;
  const Int8Record* x;
  int first, rows;  // tokens of the tile that count
  __m512* total;
  TileSums* sums;        // of each plane
  const uint8_t* ahead;  // lines that will be wanted
};

// Puts the sums into memory.
template <class F>
inline void multiply_planes(const Product<F>& product) {
  const Planes<F>& planes = *product.planes;
  _tile_zero(0);
  _tile_zero(1);
#pragma GCC unroll 4
  for (int k = 0; k < 4; ++k) {  // loads first: between two products they would hold up the second
    constexpr int kAsked = (kThird<F> + 3) / 4;
    ask_for<kAsked>(product.ahead + 64 * (kThird<F> + kAsked * k));
    _tile_loadd(4, product.x->codes + kTileBytes * k, sizeof(Int8Record));
    load_weights<6>(planes.bytes[0] + kTileSize * k);
    if constexpr (Cut<F>::kPlanes > 1) load_weights<7>(planes.bytes[1] + kTileSize * k);
    _tile_dpbsud(0, 4, 6);
    if constexpr (Cut<F>::kPlanes > 1) {
      if constexpr (Cut<F>::kSigned)
        _tile_dpbssd(1, 4, 7);
      else
        _tile_dpbsud(1, 4, 7);
    }
  }
  _tile_stored(0, product.sums[0], kTileBytes);
  if constexpr (Cut<F>::kPlanes > 1) _tile_stored(1, product.sums[1], kTileBytes);
}

// total[t] += what a block contributes to a token of the tile.
template <class F>
inline void add_sums(const Product<F>& product) {
  const Scales<F>& scales = *product.scales;
  const __m512 d = scales.d;
  __m512 d_min = _mm512_setzero_ps();
  if constexpr (F::kMins) d_min = scales.d_min;
  constexpr int kPairs = F::kMins ? kGroups<F> / 2 : 0;  // of groups, whose mins lie side by side
  __m512i min[kPairs + 1];
#pragma GCC unroll 8
  for (int p = 0; p < kPairs; ++p)
    min[p] = _mm512_cvtepu8_epi16(_mm256_load_si256(reinterpret_cast<const __m256i*>(scales.mins + 32 * p)));
  constexpr int kAsked = (kThird<F> + 8) / 9;  // a token
  const uint8_t* ahead = product.ahead + 64 * 2 * kThird<F>;
  const uint8_t* const end = product.ahead + F::kBytes;
  for (int t = product.first; t < product.rows; ++t, ahead += 64 * kAsked) {
    if (ahead < end) ask_for<kAsked>(ahead);
    const Int8Record& x = product.x[t];
    __m512i sum = _mm512_load_si512(product.sums[0][t]);
    if constexpr (Cut<F>::kPlanes > 1)
      sum = _mm512_add_epi32(sum, _mm512_slli_epi32(_mm512_load_si512(product.sums[1][t]), Cut<F>::kShift));
    __m512 value = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), d);
    if constexpr (F::kMins) {
      const int16_t* groups = group_sums<F>(x);
      __m512i offset = _mm512_setzero_si512();
#pragma GCC unroll 8
      for (int p = 0; p < kPairs; ++p) offset = _mm512_dpwssd_epi32(offset, min[p], dword(groups + 2 * p));
      value = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(offset), d_min, value);
    }
    product.total[t] = _mm512_fmadd_ps(value, _mm512_set1_ps(x.scales[0]), product.total[t]);
  }
}

// Sums are taken up one product later, when the tiles have surely stored them.
template <class F>
void multiply_blocks(const PackedStrip* strips, int count, const Int8Record* x, const TokenTiles& tiles,
                     __m512 (*total)[kMostTokens]) {
  const Tiles shapes(tiles.rows, kTileBytes);
  Planes<F> planes[kMostStrips];
  Scales<F> scales[2][kMostStrips];
  Sums sums[2];
  Product<F> before{planes, scales[0], x, 0, 0, total[0], sums[1].of_plane, strips->lines};
  int turn = 0;
  for (int64_t b = 0; b < strips->cols / kRecordColumns; ++b, x += tiles.tokens) {
    for (int j = 0; j < count; ++j) unpack<F>(strips[j], b, planes[j], scales[b % 2][j]);
    for (int i = 0; i < tiles.count; ++i)
      for (int j = 0; j < count; ++j, turn ^= 1) {
        const int first = tiles.first(i);
        const Product<F> product{&planes[j],        &scales[b % 2][j],   x + first,
                                 tiles.repeated(i), tiles.rows,          total[j] + first,
                                 sums[turn].of_plane, strips[j].lines + (b + kBlocksAhead) * F::kBytes};
        multiply_planes(product);
        add_sums(before);
        before = product;
      }
  }
  add_sums(before);
}

template <class F>
void multiply(const PackedStrip* strips, int count, const void* records, int tokens, float* y, int64_t y_stride) {
  const TokenTiles tiles(tokens);
  __m512 total[kMostStrips][kMostTokens];
  for (int j = 0; j < count; ++j)
    for (int t = 0; t < tokens; ++t) total[j][t] = _mm512_setzero_ps();
  multiply_blocks<F>(strips, count, static_cast<const Int8Record*>(records), tiles, total);
  for (int j = 0; j < count; ++j) {
    const __mmask16 mask = static_cast<__mmask16>((1u << strips[j].rows) - 1u);
    const __m512 multiplier = _mm512_set1_ps(strips[j].multiplier);
    for (int t = 0; t < tokens; ++t)
      _mm512_mask_storeu_ps(y + t * y_stride + kStripRows * j, mask, _mm512_mul_ps(total[j][t], multiplier));
  }
}

// Which of the vpdpbusd kernels is that of the same format.
struct Types {
  template <class F>
  static constexpr PackedKernel of() {
    return {F::kType, RecordKind::int8_per_256, nullptr};
  }
};
template <class F>
constexpr int kIndex = [] {
  int index = 0;
  while (Int8Kernels<Types>::kAll[index].dtype != F::kType) ++index;
  return index;
}();

template <class F>
constexpr bool is_few(int tokens) {
  return tokens <= Cut<F>::kFewTokens && is_tile_size(tokens);
}

template <class F>
void multiply_strips(const PackedStrip* strips, int count, const void* records, int tokens, float* y,
                     int64_t y_stride) {
  if (is_few<F>(tokens)) return kAvx512VnniKernels.kernels[kIndex<F>].run(strips, count, records, tokens, y, y_stride);
  for (; count > 0; count -= kMostStrips, strips += kMostStrips, y += kMostStrips * kStripRows)
    multiply<F>(strips, count < kMostStrips ? count : kMostStrips, records, tokens, y, y_stride);
}

template <class F>
void multiply_strip(const PackedStrip& strip, const void* records, int tokens, float* y, int64_t y_stride) {
  multiply_strips<F>(&strip, 1, records, tokens, y, y_stride);
}

template <class F>
constexpr PackedKernel kernel() {
  return {F::kType, RecordKind::int8_per_256, multiply_strip<F>, kMostTokens, kTileRows, multiply_strips<F>};
}

int64_t spin(int64_t rounds) {
  return spin_tiles(rounds, kTileBytes, [] {
    _tile_dpbssd(0, 4, 6);
    _tile_dpbssd(1, 4, 7);
    _tile_dpbssd(2, 5, 6);
    _tile_dpbssd(3, 5, 7);
  });
}

constexpr PackedKernel kKernels[] = {
    kernel<Q2K>(),   kernel<Q3K>(),  kernel<Q4K>(),    kernel<Q5K>(),  kernel<Q6K>(),   kernel<Iq2Xxs>(),
    kernel<Iq2Xs>(), kernel<Iq2S>(), kernel<Iq3Xxs>(), kernel<Iq3S>(), kernel<Iq4Xs>(),
};

}  // namespace

constinit const PackedKernels kAmxInt8Kernels{
    .kernels = kKernels, .count = sizeof kKernels / sizeof kKernels[0], .spin = spin};

}  // namespace sirocco
