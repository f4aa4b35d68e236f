// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>

#include "ops/table.h"

namespace sirocco {

std::span<const OpTable* const> all_op_tables() {
  static constexpr std::array kTables{&kScalarOps};
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

}  // namespace sirocco
