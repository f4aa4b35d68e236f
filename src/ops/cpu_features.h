// SPDX-License-Identifier: Apache-2.0
// What this processor offers, as far as the kernels care. Asked once at start.
#pragma once

namespace sirocco {

struct CpuFeatures {
  bool avx2 = false;    // with fma, f16c, bmi2
  bool avx_vnni = false;  // 256-bit vpdpbusd, without AVX-512
  bool avx512 = false;  // f, bw, dq, vl
  bool avx512_vnni = false;
  bool avx512_vbmi = false;
  bool avx512_bf16 = false;
  bool amx = false;  // tile, int8, bf16, and the kernel granted the tile state
  bool neon = false;
  bool neon_dotprod = false;
  bool neon_i8mm = false;
  // vdpbf16ps runs at half the rate of float32 multiply-adds: Intel's cores up to Granite Rapids, which leave
  // bf16 to their tiles. Not an offer, so no table needs it.
  bool slow_bf16_dot = false;

  // True when every feature of `needed` is here.
  bool covers(const CpuFeatures& needed) const;
};

CpuFeatures detect_cpu_features();

struct CpuFeature {
  const char* name;
  bool CpuFeatures::*flag;
};
inline constexpr CpuFeature kCpuFeatures[] = {
    {"avx2", &CpuFeatures::avx2},
    {"avx_vnni", &CpuFeatures::avx_vnni},
    {"avx512", &CpuFeatures::avx512},
    {"avx512_vnni", &CpuFeatures::avx512_vnni},
    {"avx512_vbmi", &CpuFeatures::avx512_vbmi},
    {"avx512_bf16", &CpuFeatures::avx512_bf16},
    {"amx", &CpuFeatures::amx},
    {"neon", &CpuFeatures::neon},
    {"neon_dotprod", &CpuFeatures::neon_dotprod},
    {"neon_i8mm", &CpuFeatures::neon_i8mm},
};

}  // namespace sirocco
