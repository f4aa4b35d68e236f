// SPDX-License-Identifier: Apache-2.0
// What reasoning_effort means: one answer for a request's prompt, its temperature and the form of its reply.
#pragma once

#include <string_view>

namespace sirocco {

// Low, medium, high, xhigh and max think; none, minimal and any other word do not.
constexpr bool effort_thinks(std::string_view effort) {
  return effort == "low" || effort == "medium" || effort == "high" || effort == "xhigh" || effort == "max";
}

// Of a chat request that names none: the model card's advice.
constexpr double default_temperature(bool thinks) {
  return thinks ? 0.7 : 0.3;
}

}  // namespace sirocco
