// SPDX-License-Identifier: Apache-2.0
// The ranges of SamplingOptions, in one table.
#include <fmt/format.h>

#include <array>
#include <cmath>

#include "sample/sampler.h"

namespace sirocco {
namespace {

struct Range {
  const char* field;
  double value, least, most;
};

}  // namespace

Result<void> check_sampling(const SamplingOptions& o, int64_t vocabulary) {
  const std::array ranges{
      Range{"temperature", o.temperature, 0.0, 100.0},
      Range{"top_p", o.top_p, 1e-9, 1.0},
      Range{"min_p", o.min_p, 0.0, 1.0},
      Range{"typical_p", o.typical_p, 1e-9, 1.0},
      Range{"top_k", static_cast<double>(o.top_k), 0.0, 2147483647.0},
      Range{"top_n_sigma", o.top_n_sigma, 0.0, 1e6},
      Range{"repetition_penalty", o.repetition_penalty, 1e-3, 1e3},
      Range{"repetition_last_tokens", static_cast<double>(o.repetition_last_tokens), -1.0, 1e9},
      Range{"presence_penalty", o.presence_penalty, -100.0, 100.0},
      Range{"frequency_penalty", o.frequency_penalty, -100.0, 100.0},
      Range{"xtc_probability", o.xtc_probability, 0.0, 1.0},
      Range{"xtc_threshold", o.xtc_threshold, 0.0, 1.0},
      Range{"dry_multiplier", o.dry.multiplier, 0.0, 1e6},
      Range{"dry_base", o.dry.base, 1.0, 1e3},
      Range{"dry_allowed_length", static_cast<double>(o.dry.allowed_length), 0.0, 1e9},
      Range{"dry_penalty_last_n", static_cast<double>(o.dry.last_tokens), -1.0, 1e9},
  };
  for (const Range& r : ranges)
    if (!(r.value >= r.least && r.value <= r.most))
      return bad_input(fmt::format("{}: {:g}, expected {:g} to {:g}", r.field, r.value, r.least, r.most));
  for (const auto& [token, bias] : o.logit_bias) {
    if (token < 0 || token >= vocabulary)
      return bad_input(fmt::format("logit_bias: token {}, expected 0 to {}", token, vocabulary - 1));
    if (std::isnan(bias))
      return bad_input(fmt::format("logit_bias: token {} has a bias that is no number", token));
  }
  return {};
}

}  // namespace sirocco
