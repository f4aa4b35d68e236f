// SPDX-License-Identifier: Apache-2.0
// Any bytes as saved logits: an error, or rows that lie inside the file and are finite.
//
// Covers: src/measure/logits_file.cc
#include <cmath>
#include <vector>

#include "measure/logits_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sirocco;
  const auto view = parse_logits_file(std::as_bytes(std::span(data, size)), "logits");
  if (!view) return 0;
  std::vector<float> row(view->header.vocabulary);
  for (size_t i = 0; i < view->ids.size(); ++i)
    if (read_logits_row(*view, i, "logits", row))
      for (const float x : row)
        if (!std::isfinite(x) || x > 0.0f) __builtin_trap();
  return 0;
}
