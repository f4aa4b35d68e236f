// SPDX-License-Identifier: Apache-2.0
// Rotary positions (arXiv:2104.09864) with YaRN's frequencies (arXiv:2309.00071).
// Must match exactly: frequencies and angles are formed in float32, in the order of the reference and of the
// training code. At position 262,000 one ulp of a frequency is 0.016 rad, so a "better" double would differ.
#pragma once

#include <cstdint>
#include <vector>

namespace sirocco {

struct YarnParameters {
  double theta, factor, beta_fast, beta_slow;
  int64_t original_max_positions;
};

// inv_freq [dim / 2], float32. factor 1 gives plain RoPE.
std::vector<float> yarn_frequencies(int64_t dim, const YarnParameters& yarn);

// cos and sin of position · inv_freq, times `attention_factor`; both [inv_freq.size()].
void rope_angles(const std::vector<float>& inv_freq, int64_t position, float attention_factor, float* cos_out,
                 float* sin_out);

// Rotates x[dim] in place. Interleaved: pairs (2i, 2i+1). Halves: pairs (i, i + dim/2).
void rotate_interleaved(float* x, const float* cos, const float* sin, int64_t dim);
void rotate_halves(float* x, const float* cos, const float* sin, int64_t dim);

}  // namespace sirocco
