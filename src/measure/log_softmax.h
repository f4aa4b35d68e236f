// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

namespace sirocco {

// out = log softmax(logits), in float64 whatever the logits are. False, and `out` undefined: a logit is not
// finite. REQUIRES: !logits.empty().
bool log_softmax(std::span<const float> logits, std::vector<double>& out);

}  // namespace sirocco
