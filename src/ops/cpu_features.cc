// SPDX-License-Identifier: Apache-2.0
#include "ops/cpu_features.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

namespace sirocco {

bool CpuFeatures::covers(const CpuFeatures& needed) const {
  for (const CpuFeature& feature : kCpuFeatures)
    if (needed.*feature.flag && !(this->*feature.flag)) return false;
  return true;
}

#if defined(__x86_64__)
namespace {

// Linux hands out the 8 KiB of tile state only on request, once per process (arch_prctl(2)).
bool request_amx_tiles() {
  constexpr int kArchRequestXcompPermission = 0x1023;
  constexpr int kXfeatureTileData = 18;
  return syscall(SYS_arch_prctl, kArchRequestXcompPermission, kXfeatureTileData) == 0;
}

// A bit of ECX of leaf 1; clang 16 has no name for f16c.
bool cpuid_1(unsigned bit) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return false;
  return (c & (1u << bit)) != 0;
}
constexpr unsigned kF16cBit = 29;

bool cpuid_amx() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return false;
  constexpr unsigned kAmxBf16 = 1u << 22, kAmxTile = 1u << 24, kAmxInt8 = 1u << 25;
  constexpr unsigned kAll = kAmxBf16 | kAmxTile | kAmxInt8;
  return (d & kAll) == kAll;
}

// A bit of EAX of leaf 7, subleaf 1.
bool cpuid_7_1(unsigned bit) {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid_count(7, 1, &a, &b, &c, &d)) return false;
  return (a & (1u << bit)) != 0;
}
constexpr unsigned kAvxVnniBit = 4, kAvx512Bf16Bit = 5;

}  // namespace

CpuFeatures detect_cpu_features() {
  __builtin_cpu_init();
  CpuFeatures features;
  features.avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  cpuid_1(kF16cBit) && __builtin_cpu_supports("bmi2");
  features.avx_vnni = features.avx2 && cpuid_7_1(kAvxVnniBit);
  features.avx512 = features.avx2 && __builtin_cpu_supports("avx512f") &&
                    __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
                    __builtin_cpu_supports("avx512vl");
  features.avx512_vnni = features.avx512 && __builtin_cpu_supports("avx512vnni");
  features.avx512_vbmi = features.avx512 && __builtin_cpu_supports("avx512vbmi");
  features.avx512_bf16 = features.avx512 && cpuid_7_1(kAvx512Bf16Bit);
  features.slow_bf16_dot = features.avx512_bf16 && __builtin_cpu_is("intel");
  features.amx = features.avx512 && cpuid_amx() && request_amx_tiles();
  return features;
}

#elif defined(__aarch64__)

CpuFeatures detect_cpu_features() {
  CpuFeatures features;
  features.neon = true;
  features.neon_dotprod = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  features.neon_i8mm = (getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0;
  return features;
}

#else

CpuFeatures detect_cpu_features() {
  return {};
}

#endif

}  // namespace sirocco
