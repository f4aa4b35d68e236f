// SPDX-License-Identifier: Apache-2.0
// What every configuration must satisfy, whatever it was read from.
#pragma once

#include <string>

#include "model/config.h"
#include "sirocco/result.h"

namespace sirocco {

// The rules between fields that the readers' bounds do not cover: divisibility, one kind a layer, sums.
Result<Config> check_config(Config config, const std::string& where);

// Why a tower cannot be so; "" when it can.
std::string vision_fault(const VisionConfig& vision);

// Fills attention and feed_forward: the first `leading_dense` layers are dense, all are without experts.
void set_layer_kinds(Config& config, int64_t leading_dense);

// YaRN's magnitude g(s, m) = 0.1 · m · ln s + 1 for s > 1, else 1 (arXiv:2309.00071, with DeepSeek's m).
double yarn_magnitude(double factor, double mscale);

}  // namespace sirocco
