// SPDX-License-Identifier: Apache-2.0
#include "ops/select.h"

#include <fmt/format.h>

#include <array>

namespace sirocco {

std::span<const OpTable* const> all_op_tables() {
#if defined(__x86_64__)
  static constexpr std::array kTables{&kScalarOps, &kAvx2Ops, &kAvx512Ops};
#else
  static constexpr std::array kTables{&kScalarOps};
#endif
  return kTables;
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
    if (runs_here) best = table;
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
    const std::string verdict = !missing.empty()   ? "lacks" + missing
                                : table == &chosen ? "chosen"
                                                   : "runs here, a later table is faster";
    lines += fmt::format("{:<8} {}\n", table->name, verdict);
  }
  std::string present;
  for (const CpuFeature& feature : kCpuFeatures)
    if (have.*feature.flag) present += fmt::format(" {}", feature.name);
  return lines + "processor:" + (present.empty() ? " none of the known extensions" : present) + "\n";
}

}  // namespace sirocco
