// SPDX-License-Identifier: Apache-2.0
#include "text/data_url.h"

#include <fmt/format.h>

#include "base/printable.h"
#include "text/base64.h"

namespace sirocco {

Result<std::string> data_of_url(std::string_view url) {
  const size_t comma = url.find(',');
  if (comma == std::string_view::npos || !url.substr(0, comma).ends_with(";base64"))
    return bad_input(fmt::format("image_url: expected data:image/…;base64,…, got {}", printable(url, 40)));
  std::string text(url.substr(comma + 1));
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; });
  auto bytes = decode_base64(text);
  if (!bytes) return bad_input(fmt::format("image_url: {} characters that are not padded base64", text.size()));
  return *std::move(bytes);
}

}  // namespace sirocco
