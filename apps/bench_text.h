// SPDX-License-Identifier: Apache-2.0
// The text tests of `sirocco bench`: prompts (ppN) and decoding (tgN) behind any number of cached tokens.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "run/model.h"
#include "run/profile.h"
#include "run/roof.h"
#include "sirocco/result.h"

namespace sirocco {

struct TextTests {
  int64_t prompt = 512, generate = 64;  // tokens
  std::vector<int64_t> depths{0};
  int repeat = 5;
  int64_t sequences = 1;          // that decode together
  int64_t max_batch_tokens = 512;  // of one step
};

struct TextMeasurement {  // of one test at one depth
  std::string test;
  int64_t depth = 0;
  double tokens_per_second = 0.0, slowest = 0.0, fastest = 0.0;  // median and range over the repeats
  double bytes_per_token = 0.0, operations_per_token = 0.0;      // as the operators declare them
  double experts_read = 0.0;            // share of those that take turns in memory that had to be read from the file
  std::vector<OperatorCost> operators;  // of all repeats

  double gb_per_second() const { return tokens_per_second * bytes_per_token / 1e9; }
  double gop_per_second() const { return tokens_per_second * operations_per_token / 1e9; }
  // Time at the roof over time taken; the roof is the slower of memory and int8 units.
  double share(const Roof& roof) const {
    const double memory = gb_per_second() / roof.read_gbs;
    const double compute = roof.int8_tops > 0.0 ? gop_per_second() / (1e3 * roof.int8_tops) : 0.0;
    return std::max(memory, compute);
  }
};

// A model with a cache whose rows count as already computed: their content does not change the work.
class BenchText {
 public:
  BenchText(Model& model, Profile& profile, TextTests tests);

  Result<void> reserve();
  TextMeasurement prompt(int64_t depth);
  TextMeasurement generate(int64_t depth);

 private:
  int64_t sequence_pages() const;
  // One step: `rows` new tokens of each of the first `sequences` sequences behind `cached` tokens.
  StepCost step(int64_t sequences, int64_t rows, int64_t cached, bool logits);
  template <class F>
  TextMeasurement measure(std::string test, int64_t depth, int64_t tokens, F pass);

  Model& model_;
  Profile& profile_;
  const TextTests tests_;
  std::vector<int32_t> tokens_;
  std::vector<std::vector<int32_t>> pages_;  // [sequences]
};

}  // namespace sirocco
