// SPDX-License-Identifier: Apache-2.0
// View<T>: a borrowed row-major matrix. An aggregate with inline accessors and no dependencies, so that
// files compiled for one instruction set may include it (see ARCHITECTURE.md, "ISA files").
#pragma once

#include <cstddef>
#include <cstdint>

namespace sirocco {

template <class T>
struct View {
  T* data = nullptr;
  int64_t rows = 0;
  int64_t cols = 0;
  int64_t stride = 0;  // elements from one row to the next; >= cols

  T* row(int64_t r) const { return data + r * stride; }
  T& at(int64_t r, int64_t c) const { return data[r * stride + c]; }
  bool empty() const { return rows == 0 || cols == 0; }
  View slice_rows(int64_t begin, int64_t count) const { return {data + begin * stride, count, cols, stride}; }
  View slice_cols(int64_t begin, int64_t count) const { return {data + begin, rows, count, stride}; }
  operator View<const T>() const { return {data, rows, cols, stride}; }
};

template <class T>
View<T> make_view(T* data, int64_t rows, int64_t cols) {
  return {data, rows, cols, cols};
}

}  // namespace sirocco
