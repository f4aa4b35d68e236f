// SPDX-License-Identifier: Apache-2.0
// e^x of sixteen lanes (internal linkage, as tile.h).
#pragma once

#include <immintrin.h>

namespace sirocco {
namespace {

// e^x for x <= 88: 2^n · e^r with |r| <= ln 2 / 2 and a polynomial of degree 6; below -87.3 it is 0.
inline __m512 exp_lanes(__m512 x) {
  const __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(1.44269504f)), 0);
  __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0.693359375f), x);
  r = _mm512_fnmadd_ps(n, _mm512_set1_ps(-2.12194440e-4f), r);
  __m512 e = _mm512_set1_ps(1.3981999507e-3f);
  e = _mm512_fmadd_ps(e, r, _mm512_set1_ps(8.3334519073e-3f));
  e = _mm512_fmadd_ps(e, r, _mm512_set1_ps(4.1665795894e-2f));
  e = _mm512_fmadd_ps(e, r, _mm512_set1_ps(1.6666665459e-1f));
  e = _mm512_fmadd_ps(e, r, _mm512_set1_ps(5.0000001201e-1f));
  e = _mm512_fmadd_ps(_mm512_mul_ps(r, r), e, _mm512_add_ps(r, _mm512_set1_ps(1.0f)));
  const __mmask16 normal = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-87.3f), _CMP_GE_OQ);
  return _mm512_maskz_scalef_ps(normal, e, n);
}

}  // namespace
}  // namespace sirocco
