// SPDX-License-Identifier: Apache-2.0
// SamplingOptions: how a token is chosen from logits. Every default is neutral: plain sampling from the
// model's own distribution. Stages run in the order of the fields (src/sample/sampler.h gives the formulas).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace sirocco {

struct DryOptions {         // "don't repeat yourself": penalises tokens that would prolong a repeated run
  double multiplier = 0.0;  // 0: off
  double base = 1.75;
  int allowed_length = 2;
  int last_tokens = -1;                        // -1: the whole sequence
  std::vector<int32_t> breaker_tokens;         // ascending; a run may not cross one of them
  std::vector<std::vector<int32_t>> breakers;  // nor one of these sequences
};

struct SamplingOptions {
  std::vector<std::pair<int32_t, float>> logit_bias;  // (token, added); -infinity bans
  double repetition_penalty = 1.0;                    // > 0; over prompt and answer
  int repetition_last_tokens = -1;                    // window of the above; -1: all, 0: off
  double presence_penalty = 0.0;                      // over the answer
  double frequency_penalty = 0.0;                     // over the answer
  DryOptions dry;
  double temperature = 1.0;      // 0: greedy, the lowest id wins a tie
  bool temperature_last = false;  // what follows chooses at temperature 1, as llama.cpp; else behind the temperature
  double top_n_sigma = 0.0;      // 0: off; keeps logits within n standard deviations of the maximum
  int top_k = 0;                 // 0: off
  double top_p = 1.0;            // (0, 1]
  double min_p = 0.0;            // [0, 1)
  double typical_p = 1.0;        // (0, 1]
  double xtc_probability = 0.0;  // 0: off
  double xtc_threshold = 0.1;
  uint64_t seed = 0;  // used when has_seed, else drawn by submit()
  bool has_seed = false;
};

}  // namespace sirocco
