// SPDX-License-Identifier: Apache-2.0
// Matrices that are made while the model runs (keys and values of attention), packed like weights (ops/packed.h):
// their strips of 16 rows lie one behind the other, packed_strip_bytes(dtype, cols) apart. `cols`, of a row, is a
// multiple of 32.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/view.h"
#include "ops/table.h"

namespace sirocco {

// Rows x [R, up to cols].
void pack_rows(const OpTable& ops, DType dtype, View<const float> x, int64_t cols, std::byte* strips);

// The columns of x [up to kRecordColumns, R] as block `block` of rows.
void pack_columns(const OpTable& ops, DType dtype, View<const float> x, int64_t block, int64_t cols, std::byte* strips);

// y[t, r] = row r times record t, for `rows` rows. records: [ceil(cols / 256), y.rows]. REQUIRES: kernel.takes(y.rows).
void multiply_rows(const PackedKernel& kernel, const std::byte* strips, int64_t rows, int64_t cols,
                   const std::byte* records, View<float> y);

}  // namespace sirocco
