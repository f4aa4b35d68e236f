// SPDX-License-Identifier: Apache-2.0
// Text from outside (tensor names, keys, parser messages) made fit for a one-line error message.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace sirocco {

// Control characters and bytes above ASCII become \xNN; text over `max_chars` is cut and ends in "…".
std::string printable(std::string_view text, size_t max_chars = 160);

}  // namespace sirocco
