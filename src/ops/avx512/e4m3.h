// SPDX-License-Identifier: Apache-2.0
// e4m3 to bf16 (internal linkage, as tile.h).
#pragma once

#include <immintrin.h>

namespace sirocco {
namespace {

// code: one in the low byte of each word, the rest of the word arbitrary.
inline __m512i bf16_from_e4m3(__m512i code) {
  const __m512i magnitude = _mm512_and_si512(code, _mm512_set1_epi16(0x7f));
  const __m512i denormals = _mm512_setr_epi32(0x3b000000, 0x3bc03b80, 0x3c203c00, 0x3c603c40, 0, 0, 0, 0, 0, 0, 0,
                                              0, 0, 0, 0, 0);  // m · 2^-9, m = 0 … 7
  __m512i value = _mm512_add_epi16(_mm512_slli_epi16(magnitude, 4), _mm512_set1_epi16(120 << 7));
  const __mmask32 small = _mm512_cmplt_epi16_mask(magnitude, _mm512_set1_epi16(8));
  value = _mm512_mask_permutexvar_epi16(value, small, magnitude, denormals);
  // value | (code << 8 & 0x8000)
  return _mm512_ternarylogic_epi32(_mm512_slli_epi16(code, 8), _mm512_set1_epi16(static_cast<int16_t>(0x8000)),
                                   value, 0xea);
}

}  // namespace
}  // namespace sirocco
