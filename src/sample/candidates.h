// SPDX-License-Identifier: Apache-2.0
// Candidates: the tokens that are still in the running, most likely first (lower id first on equal logits),
// and the filters that shorten the list. Every filter renormalises over what the one before it left, so
// weights need no common factor. Filters never leave the list empty.
//
// A row has 131,072 logits and a filter keeps a handful, so nothing sorts a whole row: rank() selects by
// threshold and count first and sorts the rest.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace sirocco {

struct Candidate {
  int32_t token = 0;
  float logit = 0.0F;   // after the temperature
  float weight = 0.0F;  // exp(logit − max)
};

// The `count` (0: all) most likely tokens whose logit is >= threshold, ranked. `logits` are before the
// temperature; max is their maximum.
std::vector<Candidate> rank(std::span<const float> logits, float max, float inverse_temperature,
                            float threshold, int64_t count);

// Shortest ranked head whose weight reaches p of `total`, the weight of all tokens: keep_top_p without
// ranking more than it keeps, or little more.
std::vector<Candidate> rank_top_p(std::span<const float> logits, float max, float inverse_temperature,
                                  float threshold, double p, double total);

double total_weight(std::span<const Candidate> ranked);
// Shortest head whose weight reaches p of `total`, which is that of all tokens still in the running.
void keep_top_p(std::vector<Candidate>& ranked, double p, double total);
void keep_min_p(std::vector<Candidate>& ranked, double min_p);  // weight >= min_p · weight of the first
// Locally typical (arXiv:2202.00666): by closeness of −ln p to the entropy, until their weight reaches p.
void keep_typical(std::vector<Candidate>& ranked, double p);
// Exclude top choices: of the tokens with probability >= threshold all but the least likely go.
void exclude_top(std::vector<Candidate>& ranked, double threshold);

// max − n · (standard deviation of the finite logits): the threshold of top-n-sigma.
float sigma_threshold(std::span<const float> logits, float max, double n);

// The candidate at `u` ∈ [0, 1) of the cumulated weight.
const Candidate& draw(std::span<const Candidate> candidates, double u);

}  // namespace sirocco
