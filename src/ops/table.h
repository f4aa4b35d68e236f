// SPDX-License-Identifier: Apache-2.0
// OpTable: the kernels of one instruction set. Each file of an ISA's folder exports its constant tables (this one,
// PackedKernels, LatentKernels) and no other symbol; select.cc puts them together.
// Kernels are single-threaded and know no model; src/run/cpu splits the work over threads. src/ops/scalar is
// the definition of each; a table may point at the scalar kernel where its own would not be faster. Others
// keep its order of additions but may fuse a multiplication with the addition behind it. This header is the
// contract that ISA files include: it must stay free of library templates (ARCHITECTURE.md, "ISA files").
#pragma once

#include <cstdint>

#include "base/view.h"
#include "ops/cpu_features.h"
#include "ops/latent_kernels.h"
#include "ops/packed.h"

namespace sirocco {

struct OpTable {
  const char* name;  // "scalar" | "avx2" | "avx512" | …: the words of --isa
  CpuFeatures needs;

  // y[t, r] = Σ_k x[t, k] · w[r, k]. A row t's sums do not depend on how many rows run beside it; along k,
  // element i goes to partial sum i mod 16, and the 16 are then added pairwise.
  void (*product)(View<const float> x,  // [T, K]
                  View<const float> w,  // [R, K]
                  View<float> y);       // [T, R]
  // y[t, c] += Σ_l p[t, l] · v[l, c], l ascending.
  void (*accumulate)(View<const float> p,  // [T, L]
                     View<const float> v,  // [L, C]
                     View<float> y);       // [T, C]
  // y = x / sqrt(mean(x²) + eps) · w  (arXiv:1910.07467); y may alias x.
  void (*rms_norm)(const float* x, const float* w, int64_t size, float eps, float* y);
  // y = silu(gate) ⊙ up; y may alias either.
  void (*swiglu)(const float* gate, const float* up, int64_t size, float* y);
  // The largest of x[0 … size), size > 0, none of them NaN.
  float (*largest)(const float* x, int64_t size);
  // x = exp(x - max) in place; returns the sum. -inf gives 0.
  float (*exp_minus)(float* x, int64_t size, float max);
  void (*bf16_to_f32)(const uint16_t* x, int64_t size, float* y);
  void (*f32_to_bf16)(const float* x, int64_t size, uint16_t* y);

  // Products with packed weights; null where the instruction set has none.
  const PackedKernels* int8_kernels = nullptr;
  const PackedKernels* int16_kernels = nullptr;  // of 16-bit integers
  bool int16_weights = false;                    // they beat bf16_kernels even with weights that are bf16
  const PackedKernels* bf16_kernels = nullptr;   // of bf16 and e4m3 weights
  // Of AMX, where it has the type rather than the lists above.
  const PackedKernels* int8_tile_kernels = nullptr;
  const PackedKernels* bf16_tile_kernels = nullptr;
  const LatentKernels* latent = nullptr;
  // New rows of a sequence from which expanding its keys (run/cpu/expanded_attention.h) beats `latent`, measured at the
  // published sizes; 0: never.
  int64_t expand_from_rows = 0;
  bool uses_bf16_dot = false;  // not the best choice where CpuFeatures::slow_bf16_dot
};

extern const OpTable kScalarOps;
extern const OpTable kAvx2Ops;
extern const OpTable kAvx512Ops;
extern const OpTable kNeonOps;

}  // namespace sirocco
