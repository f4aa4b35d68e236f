// SPDX-License-Identifier: Apache-2.0
#include "number_text.h"

#include <fmt/format.h>

namespace sirocco {

std::string with_commas(int64_t value) {
  std::string digits = fmt::format("{}", value);
  const size_t first = value < 0 ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3; digits.insert(at, 1, ',')) at -= 3;
  return digits;
}

std::string in_billions(int64_t value) {
  const auto x = static_cast<double>(value);
  if (value >= 100'000'000'000) return fmt::format("{:.1f} B", x / 1e9);
  if (value >= 1'000'000'000) return fmt::format("{:.2f} B", x / 1e9);
  if (value >= 1'000'000) return fmt::format("{:.1f} M", x / 1e6);
  return with_commas(value);
}

std::string in_gib(int64_t bytes) {
  const auto x = static_cast<double>(bytes);
  if (bytes >= int64_t{1} << 30) return fmt::format("{:.4g} GiB", x / 0x1p30);
  if (bytes >= int64_t{1} << 20) return fmt::format("{:.4g} MiB", x / 0x1p20);
  return with_commas(bytes) + " bytes";
}

}  // namespace sirocco
