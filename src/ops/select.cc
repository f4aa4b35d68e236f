// SPDX-License-Identifier: Apache-2.0
#include "ops/select.h"

#include <fmt/format.h>

#include <array>

#include "ops/pack.h"

namespace sirocco {

#if defined(__x86_64__)
namespace {

// An extension's table is the one before it with kernels added or replaced.
OpTable avx2_table() {
  OpTable table = kAvx2Ops;
  table.int8_kernels = &kAvx2Int8Kernels;
  table.int16_kernels = &kAvx2Int16Kernels;
  table.int16_weights = true;
  table.bf16_kernels = &kAvx2FloatKernels;
  table.latent = &kAvx2LatentKernels;
  return table;
}

OpTable avx_vnni_table() {
  OpTable table = avx2_table();
  table.name = "avx_vnni";
  table.needs.avx_vnni = true;
  table.int8_kernels = &kAvxVnniKernels;
  return table;
}

OpTable avx512_table() {
  OpTable table = kAvx512Ops;
  table.int8_kernels = &kAvx2Int8Kernels;
  table.bf16_kernels = &kAvx512FloatKernels;
  table.latent = &kAvx2LatentKernels;
  return table;
}

OpTable avx512_vnni_table() {
  OpTable table = avx512_table();
  table.name = "avx512_vnni";
  table.needs.avx512_vnni = true;
  table.int8_kernels = &kAvx512VnniKernels;
  table.int16_kernels = &kAvx512VnniInt16Kernels;
  table.int16_weights = true;
  table.latent = &kAvx512VnniLatentKernels;
  table.expand_from_rows = 320;
  return table;
}

OpTable avx512_bf16_table() {
  OpTable table = avx512_vnni_table();
  table.name = "avx512_bf16";
  table.needs.avx512_bf16 = true;
  table.int8_kernels = &kAvx512VnniFarKernels;  // this table's cores are AMD's: see slow_bf16_dot
  table.int16_weights = false;  // bf16 dot products are as fast, and take the weights as they are
  table.bf16_kernels = &kAvx512Bf16Kernels;
  table.uses_bf16_dot = true;
  return table;
}

OpTable amx_table() {
  OpTable table = avx512_vnni_table();
  table.name = "amx";
  table.needs.amx = table.needs.avx512_bf16 = true;
  table.int8_tile_kernels = &kAmxInt8Kernels;
  table.bf16_tile_kernels = &kAmxBf16Kernels;
  table.latent = &kAmxLatentKernels;
  table.expand_from_rows = 0;  // expanded attention has no tiles
  return table;
}

}  // namespace

std::span<const OpTable* const> all_op_tables() {
  static const OpTable avx2 = avx2_table(), avx_vnni = avx_vnni_table(), avx512 = avx512_table(),
                       avx512_vnni = avx512_vnni_table(), bf16 = avx512_bf16_table(), amx = amx_table();
  static const std::array<const OpTable*, 7> tables{&kScalarOps, &avx2, &avx_vnni, &avx512, &avx512_vnni, &bf16, &amx};
  return tables;
}
#elif defined(__aarch64__)
namespace {

OpTable neon_table() {
  OpTable table = kNeonOps;
  table.bf16_kernels = &kNeonFloatKernels;
  table.latent = &kNeonLatentKernels;
  return table;
}

OpTable neon_dotprod_table() {
  OpTable table = neon_table();
  table.name = "neon_dotprod";
  table.needs.neon_dotprod = true;
  table.int8_kernels = &kNeonDotprodKernels;
  return table;
}

OpTable neon_i8mm_table() {
  OpTable table = neon_dotprod_table();
  table.name = "neon_i8mm";
  table.needs.neon_i8mm = true;
  table.int8_kernels = &kNeonI8mmKernels;
  return table;
}

}  // namespace

std::span<const OpTable* const> all_op_tables() {
  static const OpTable neon = neon_table(), dotprod = neon_dotprod_table(), i8mm = neon_i8mm_table();
  static const std::array<const OpTable*, 4> tables{&kScalarOps, &neon, &dotprod, &i8mm};
  return tables;
}
#else
std::span<const OpTable* const> all_op_tables() {
  static constexpr std::array kTables{&kScalarOps};
  return kTables;
}
#endif

std::array<const PackedKernels*, 5> packed_kernels(const OpTable& table) {
  return {table.int8_tile_kernels, table.bf16_tile_kernels, table.int8_kernels, table.int16_kernels,
          table.bf16_kernels};
}

const PackedKernel* find_packed_kernel(const OpTable& table, DType dtype, int64_t cols) {
  if (!can_pack(dtype, cols)) return nullptr;
  for (const PackedKernels* list : packed_kernels(table)) {
    if (list == nullptr) continue;
    for (int i = 0; i < list->count; ++i)
      if (list->kernels[i].dtype == dtype) return &list->kernels[i];
  }
  return nullptr;
}

const PackedKernel* find_wide_kernel(const OpTable& table, int64_t cols) {
  return table.int16_weights ? find_attention_kernel(table, cols) : find_packed_kernel(table, DType::bf16, cols);
}

const PackedKernel* find_attention_kernel(const OpTable& table, int64_t cols) {
  const PackedKernel* integers = find_packed_kernel(table, DType::i16_packed, cols);
  return integers != nullptr ? integers : find_packed_kernel(table, DType::bf16, cols);
}

Result<const OpTable*> select_op_table(const CpuFeatures& have, std::string_view forced) {
  const OpTable* best = nullptr;
  std::string names;
  for (const OpTable* table : all_op_tables()) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", table->name);
    const bool runs_here = have.covers(table->needs);
    if (forced == table->name) {
      if (runs_here) return table;
      return fail(ErrorKind::unsupported, fmt::format("--isa {}: this processor lacks it", forced));
    }
    if (runs_here && !(table->uses_bf16_dot && have.slow_bf16_dot)) best = table;
  }
  if (!forced.empty())
    return bad_input(fmt::format("--isa {}: unknown instruction set, expected one of: {}", forced, names));
  return best;
}

std::string describe_op_tables(const CpuFeatures& have, const OpTable& chosen) {
  std::string lines;
  for (const OpTable* table : all_op_tables()) {
    std::string missing;
    for (const CpuFeature& feature : kCpuFeatures)
      if (table->needs.*feature.flag && !(have.*feature.flag)) missing += fmt::format(" {}", feature.name);
    const bool slow = table->uses_bf16_dot && have.slow_bf16_dot;
    const std::string verdict = !missing.empty()   ? "lacks" + missing
                                : table == &chosen ? "chosen"
                                : slow ? "runs here, but bf16 dot products are slow on this processor"
                                       : "runs here, a later table is faster";
    lines += fmt::format("{:<12} {}\n", table->name, verdict);
  }
  std::string present;
  for (const CpuFeature& feature : kCpuFeatures)
    if (have.*feature.flag) present += fmt::format(" {}", feature.name);
  return lines + "processor:" + (present.empty() ? " none of the known extensions" : present) + "\n";
}

}  // namespace sirocco
