// SPDX-License-Identifier: Apache-2.0
// Latent attention with smlal: 16-bit integers, sums in 32 bits; what the AVX-512 kernels do
// (avx512_vnni/latent_kernels.cc says why no sum overflows). Both products take a register of one side and single
// lanes of the other, so queries lie column by column, [W, 16 heads], and values are the keys as they are.
#include <arm_neon.h>

#include <cstdint>

#include "ops/latent_kernels.h"
#include "ops/neon/exp.h"
#include "ops/neon/lanes.h"

namespace sirocco {
namespace {

constexpr int kScoreKeys = 4;  // at once
constexpr int kQuarters = kHeadLanes / kLanes;

inline const int16_t* columns(const LatentQueries& queries) {
  return reinterpret_cast<const int16_t*>(queries.pairs);
}
inline int16x4_t integers(float32x4_t x) {
  return vqmovn_s32(vcvtnq_s32_f32(x));
}
inline float32x4_t from_bf16(uint16x4_t bits) {
  return vreinterpretq_f32_u32(vshll_n_u16(bits, 16));
}
inline float sum_of(float32x4_t x) {
  const float32x2_t two = vadd_f32(vget_low_f32(x), vget_high_f32(x));
  return vget_lane_f32(two, 0) + vget_lane_f32(two, 1);
}
inline float inverse_of(float norm) {
  return norm > 0.0f ? kRowNorm / norm : 0.0f;
}

// four(k): columns k … k + 3 of a row, zeros behind `width`; store(k, …) takes them as integers, scaled to the norm.
// Returns the scale that gives the row back.
template <class Four, class Store>
inline float narrow_row(int64_t width, const Four& four, const Store& store) {
  float32x4_t squares[2] = {vdupq_n_f32(0.0f), vdupq_n_f32(0.0f)};
  for (int64_t k = 0; k < width; k += kLanes) {
    const float32x4_t x = four(k);
    squares[k / kLanes % 2] = vfmaq_f32(squares[k / kLanes % 2], x, x);
  }
  const float norm = __builtin_sqrtf(sum_of(vaddq_f32(squares[0], squares[1])));
  for (int64_t k = 0; k < whole_steps(width); k += kLanes)
    store(k, k < width ? integers(vmulq_n_f32(four(k), inverse_of(norm))) : vdup_n_s16(0));
  return norm / kRowNorm;
}

void load_query(const float* query, int64_t width, int lane, LatentQueries* queries) {
  auto* out = reinterpret_cast<int16_t*>(queries->pairs) + lane;
  queries->scales[lane] = narrow_row(
      width, [&](int64_t k) { return load_first(query + k, width - k); },
      [&](int64_t k, int16x4_t codes) {
        int16_t four[kLanes];
        vst1_s16(four, codes);
        for (int i = 0; i < kLanes; ++i) out[(k + i) * kHeadLanes] = four[i];
      });
}

// Zeros up to a whole number of score tiles.
inline void complete(int count, int64_t stride, LatentTile* tile) {
  for (int l = count; l % kScoreKeys != 0; ++l) {
    for (int64_t k = 0; k < stride; k += 8) vst1q_s16(tile->keys + l * stride + k, vdupq_n_s16(0));
    tile->scales[l] = 0.0f;
  }
}

inline uint16x4_t load_halfwords(const uint16_t* row, int64_t left) {
  if (left >= kLanes) return vld1_u16(row);
  uint16_t some[kLanes] = {};
  for (int64_t i = 0; i < left; ++i) some[i] = row[i];
  return vld1_u16(some);
}

void load_keys(const uint16_t* keys, int count, int64_t latent, int64_t width, LatentTile* tile) {
  static_cast<void>(latent);  // values are the keys' first columns
  const int64_t stride = whole_steps(width);
  for (int l = 0; l < count; ++l, keys += width) {
    int16_t* out = tile->keys + l * stride;
    tile->scales[l] = narrow_row(
        width, [&](int64_t k) { return from_bf16(load_halfwords(keys + k, width - k)); },
        [&](int64_t k, int16x4_t codes) { vst1_s16(out + k, codes); });
  }
  complete(count, stride, tile);
}

// Four codes as float32; behind `end` they are zero. A row's scales lie behind it, so that reading on is no harm.
inline float32x4_t code_floats(const int8_t* codes, int64_t k, int64_t end) {
  int32_t bytes;
  __builtin_memcpy(&bytes, codes + k, sizeof bytes);
  const int16x8_t wide = vmovl_s8(vcreate_s8(static_cast<uint32_t>(bytes)));
  const float32x4_t all = vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
  if (end - k >= kLanes) return all;
  float four[kLanes];
  vst1q_f32(four, all);
  return load_first(four, end - k);
}

void load_q8_keys(const uint8_t* rows, int count, int64_t latent, int64_t width, LatentTile* tile) {
  const int64_t stride = whole_steps(width);
  for (int l = 0; l < count; ++l) {
    const auto* codes = reinterpret_cast<const int8_t*>(rows);
    float scales[2];
    __builtin_memcpy(scales, rows + width, sizeof scales);
    rows += width + static_cast<int64_t>(sizeof scales);
    int16_t* out = tile->keys + l * stride;
    tile->scales[l] = narrow_row(
        width,  // no step crosses `latent`, a multiple of 64
        [&](int64_t k) { return vmulq_n_f32(code_floats(codes, k, width), scales[k < latent ? 0 : 1]); },
        [&](int64_t k, int16x4_t four) { vst1_s16(out + k, four); });
  }
  complete(count, stride, tile);
}

// sum[…] += sixteen lanes · number I of `by`.
template <int I>
inline void add_lanes(int16x8_t low, int16x8_t high, int16x8_t by, int32x4_t (&sum)[4]) {
  sum[0] = vmlal_laneq_s16(sum[0], vget_low_s16(low), by, I);
  sum[1] = vmlal_high_laneq_s16(sum[1], low, by, I);
  sum[2] = vmlal_laneq_s16(sum[2], vget_low_s16(high), by, I);
  sum[3] = vmlal_high_laneq_s16(sum[3], high, by, I);
}

// The heads of column I of eight, times that column of each key.
template <int I>
inline void add_column(const int16_t* heads, const int16x8_t (&keys)[kScoreKeys],
                       int32x4_t (&sum)[kScoreKeys][kQuarters]) {
  const int16x8_t low = vld1q_s16(heads + kHeadLanes * I), high = vld1q_s16(heads + kHeadLanes * I + 8);
#pragma GCC unroll 4
  for (int l = 0; l < kScoreKeys; ++l) add_lanes<I>(low, high, keys[l], sum[l]);
}

// scores [4 keys, 16 heads]
inline void score_tile(const LatentQueries& queries, const int16_t* keys, const float* key_scales,
                       int64_t stride, float* scores) {
  int32x4_t sum[kScoreKeys][kQuarters];
  for (auto& key : sum)
    for (auto& part : key) part = vdupq_n_s32(0);
  for (int64_t k = 0; k < stride; k += 8) {
    const int16_t* heads = columns(queries) + kHeadLanes * k;
    int16x8_t key[kScoreKeys];
#pragma GCC unroll 4
    for (int l = 0; l < kScoreKeys; ++l) key[l] = vld1q_s16(keys + l * stride + k);
    add_column<0>(heads, key, sum);
    add_column<1>(heads, key, sum);
    add_column<2>(heads, key, sum);
    add_column<3>(heads, key, sum);
    add_column<4>(heads, key, sum);
    add_column<5>(heads, key, sum);
    add_column<6>(heads, key, sum);
    add_column<7>(heads, key, sum);
  }
  for (int l = 0; l < kScoreKeys; ++l)
    for (int i = 0; i < kQuarters; ++i) {
      const float32x4_t score = vmulq_f32(vcvtq_f32_s32(sum[l][i]), vld1q_f32(queries.scales + 4 * i));
      vst1q_f32(scores + kHeadLanes * l + 4 * i, vmulq_n_f32(score, key_scales[l]));
    }
}

// sums[4 heads, 16 columns] = sums · shrink + weight · Σ over keys, `stride` apart. probabilities [count, 16].
inline void value_tile(const int16_t* probabilities, const int16_t* values, int count, int64_t stride,
                       int64_t latent, const float* shrink, const float* weight, float* sums) {
  int32x4_t sum[4][4];
  for (auto& head : sum)
    for (auto& part : head) part = vdupq_n_s32(0);
  for (int l = 0; l < count; ++l, values += stride, probabilities += kHeadLanes) {
    const int16x8_t low = vld1q_s16(values), high = vld1q_s16(values + 8);
    const int16x8_t four = vcombine_s16(vld1_s16(probabilities), vdup_n_s16(0));
    add_lanes<0>(low, high, four, sum[0]);
    add_lanes<1>(low, high, four, sum[1]);
    add_lanes<2>(low, high, four, sum[2]);
    add_lanes<3>(low, high, four, sum[3]);
  }
  for (int h = 0; h < 4; ++h)
    for (int c = 0; c < 4; ++c) {
      float* at = sums + h * latent + 4 * c;
      const float32x4_t old = vmulq_n_f32(vld1q_f32(at), shrink[h]);
      vst1q_f32(at, vfmaq_n_f32(old, vcvtq_f32_s32(sum[h][c]), weight[h]));
    }
}

// Of four heads, from `scores` on: max and total of the partial result, `shrink` for its sums, and the
// probabilities of `count` keys as integers times `weight`.
inline void soften(float* scores, const float* key_scales, int count, bool first, float* max_of, float* total_of,
                   int16_t* probabilities, float* shrink, float* weight) {
  const float32x4_t zero = vdupq_n_f32(0.0f);
  float32x4_t max = vld1q_f32(first ? scores : max_of);
  const float32x4_t old_max = max;
  for (int l = 0; l < count; ++l) max = vmaxq_f32(max, vld1q_f32(scores + kHeadLanes * l));
  const float32x4_t factor = first ? zero : exp_lanes(vsubq_f32(old_max, max));
  float32x4_t total = first ? zero : vmulq_f32(vld1q_f32(total_of), factor);
  float32x4_t squares = zero;  // of probabilities times their keys' scales, which are what is narrowed
  for (int l = 0; l < count; ++l) {
    const float32x4_t p = exp_lanes(vsubq_f32(vld1q_f32(scores + kHeadLanes * l), max));
    total = vaddq_f32(total, p);
    const float32x4_t scaled = vmulq_n_f32(p, key_scales[l]);
    squares = vfmaq_f32(squares, scaled, scaled);
    vst1q_f32(scores + kHeadLanes * l, scaled);
  }
  const float32x4_t norm = vsqrtq_f32(squares);
  const float32x4_t scale = vbslq_f32(vcgtq_f32(norm, zero), vdivq_f32(vdupq_n_f32(kProbabilityNorm), norm), zero);
  for (int l = 0; l < count; ++l)
    vst1_s16(probabilities + kHeadLanes * l, integers(vmulq_f32(vld1q_f32(scores + kHeadLanes * l), scale)));
  vst1q_f32(max_of, max);
  vst1q_f32(total_of, total);
  vst1q_f32(shrink, factor);
  vst1q_f32(weight, vmulq_n_f32(norm, 1.0f / kProbabilityNorm));
}

void add_keys(const LatentQueries* queries, const LatentTile* tile, int count, int64_t latent, int64_t width,
              bool first, LatentPartial* partial) {
  alignas(64) float scores[kKeyTile * kHeadLanes];
  alignas(64) int16_t probabilities[kKeyTile * kHeadLanes];
  alignas(64) float shrink[kHeadLanes], weight[kHeadLanes];
  const int64_t stride = whole_steps(width);
  for (int l = 0; l < count; l += kScoreKeys)
    score_tile(*queries, tile->keys + l * stride, tile->scales + l, stride, scores + kHeadLanes * l);
  for (int h = 0; h < kHeadLanes; h += kLanes)
    soften(scores + h, tile->scales, count, first, partial->max + h, partial->total + h, probabilities + h,
           shrink + h, weight + h);
  if (first)
    for (int64_t i = 0; i < kHeadLanes * latent; i += kLanes) vst1q_f32(partial->sums + i, vdupq_n_f32(0.0f));
  for (int64_t c = 0; c < latent; c += 16)
    for (int h = 0; h < kHeadLanes; h += 4)
      value_tile(probabilities + h, tile->keys + c, count, stride, latent, shrink + h, weight + h,
                 partial->sums + h * latent + c);
}

void merge(const LatentPartial* from, int64_t latent, LatentPartial* into) {
  alignas(16) float scale_from[kHeadLanes], scale_into[kHeadLanes];
  for (int h = 0; h < kHeadLanes; h += kLanes) {
    const float32x4_t a = vld1q_f32(into->max + h), b = vld1q_f32(from->max + h), max = vmaxq_f32(a, b);
    const float32x4_t keep = exp_lanes(vsubq_f32(a, max)), take = exp_lanes(vsubq_f32(b, max));
    const float32x4_t kept = vmulq_f32(vld1q_f32(into->total + h), keep);
    vst1q_f32(into->max + h, max);
    vst1q_f32(into->total + h, vfmaq_f32(kept, vld1q_f32(from->total + h), take));
    vst1q_f32(scale_into + h, keep);
    vst1q_f32(scale_from + h, take);
  }
  for (int h = 0; h < kHeadLanes; ++h)
    for (int64_t c = h * latent; c < (h + 1) * latent; c += kLanes) {
      const float32x4_t kept = vmulq_n_f32(vld1q_f32(into->sums + c), scale_into[h]);
      vst1q_f32(into->sums + c, vfmaq_n_f32(kept, vld1q_f32(from->sums + c), scale_from[h]));
    }
}

void finish(const LatentPartial* partial, int64_t latent, int heads, float* out, int64_t stride) {
  for (int h = 0; h < heads; ++h)
    for (int64_t c = 0; c < latent; c += kLanes)
      vst1q_f32(out + h * stride + c,
                vmulq_n_f32(vld1q_f32(partial->sums + h * latent + c), 1.0f / partial->total[h]));
}

}  // namespace

constinit const LatentKernels kNeonLatentKernels{.load_query = load_query,
                                                 .load_keys = load_keys,
                                                 .load_q8_keys = load_q8_keys,
                                                 .add_keys = add_keys,
                                                 .merge = merge,
                                                 .finish = finish};

}  // namespace sirocco
