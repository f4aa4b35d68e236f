// SPDX-License-Identifier: Apache-2.0
#include "api/settings.h"

namespace sirocco::api {

Json settings_json(const GenerateRequest& request) {
  const SamplingOptions& s = request.sampling;
  return {{"temperature", s.temperature},
          {"top_k", s.top_k},
          {"top_p", s.top_p},
          {"min_p", s.min_p},
          {"typical_p", s.typical_p},
          {"repeat_penalty", s.repetition_penalty},
          {"presence_penalty", s.presence_penalty},
          {"frequency_penalty", s.frequency_penalty},
          {"n_predict", request.max_tokens},
          {"seed", s.has_seed ? static_cast<int64_t>(s.seed) : -1},
          {"stop", request.stop}};
}

}  // namespace sirocco::api
