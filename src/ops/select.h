// SPDX-License-Identifier: Apache-2.0
// Which of the kernel tables runs here: asked once at start.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "ops/table.h"
#include "sirocco/result.h"

namespace sirocco {

// Every table that this binary carries, slowest first.
std::span<const OpTable* const> all_op_tables();

// The last table that `have` covers, or the one named `forced`; a forced table that is unknown or that the
// machine lacks is an error.
Result<const OpTable*> select_op_table(const CpuFeatures& have, std::string_view forced);

// The table's lists in the order in which they are asked; those that it lacks are null.
std::array<const PackedKernels*, 5> packed_kernels(const OpTable& table);

// The kernel that multiplies rows of `cols` columns of this type, once they are packed; null: there is none.
const PackedKernel* find_packed_kernel(const OpTable& table, DType dtype, int64_t cols);

// The kernel of whichever 16-bit type the table multiplies fastest, i16_packed or bf16; null: there is none.
const PackedKernel* find_wide_kernel(const OpTable& table, int64_t cols);

// The same for what is no file's weights: 16-bit integers wherever the table has them, since they round an eighth as
// coarsely as bf16.
const PackedKernel* find_attention_kernel(const OpTable& table, int64_t cols);

// For people: one line a table, what it needs, whether this machine has it and which one was chosen.
std::string describe_op_tables(const CpuFeatures& have, const OpTable& chosen);

}  // namespace sirocco
