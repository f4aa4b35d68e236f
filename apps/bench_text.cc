// SPDX-License-Identifier: Apache-2.0
#include "bench_text.h"

#include <fmt/format.h>

#include <random>
#include <utility>

#include "stopwatch.h"

namespace sirocco {
namespace {

void add(StepCost& sum, const StepCost& step) {
  sum.weight_bytes += step.weight_bytes;
  sum.cache_bytes += step.cache_bytes;
  sum.operations += step.operations;
  sum.shared_experts += step.shared_experts;
  sum.experts_read += step.experts_read;
}

constexpr int64_t kOffsets = int64_t{1} << 15;  // steps begin in so many places of the random tokens

int64_t most_rows(const TextTests& tests) {
  return std::max(tests.max_batch_tokens, tests.sequences);
}

}  // namespace

BenchText::BenchText(Model& model, Profile& profile, TextTests tests)
    : model_(model),
      profile_(profile),
      tests_(std::move(tests)),
      tokens_(static_cast<size_t>(kOffsets + most_rows(tests_))) {
  std::mt19937 random(1);
  for (auto& token : tokens_)
    token = static_cast<int32_t>(random() % static_cast<uint32_t>(model.config().vocabulary));
}

int64_t BenchText::sequence_pages() const {
  const int64_t most = *std::max_element(tests_.depths.begin(), tests_.depths.end());
  return (most + std::max(tests_.prompt, tests_.generate)) / Model::kPageTokens + 1;
}

Result<void> BenchText::reserve() {
  const int64_t pages = sequence_pages() * tests_.sequences;
  if (auto reserved = model_.reserve_cache(pages); !reserved) return reserved;
  std::mt19937 random(2);
  for (int64_t page = 0; page < pages; ++page) {  // values in (0.5, 2) with signs, in bf16 and in float32
    const auto bytes = model_.page(page);
    auto* values = reinterpret_cast<uint16_t*>(bytes.data());
    for (size_t i = 0; i < bytes.size() / 2; ++i)
      values[i] = static_cast<uint16_t>(0x3f00 | (random() & 0x80ff));
  }
  int32_t next = 0;
  pages_.assign(static_cast<size_t>(tests_.sequences), {});
  for (auto& table : pages_)
    for (int64_t i = 0; i < sequence_pages(); ++i) table.push_back(next++);
  return {};
}

StepCost BenchText::step(int64_t sequences, int64_t rows, int64_t cached, bool logits) {
  std::vector<int32_t> positions, wanted;
  std::vector<SequenceSpan> spans;
  for (int64_t s = 0; s < sequences; ++s) {
    spans.push_back({.first_row = static_cast<int32_t>(s * rows),
                     .rows = static_cast<int32_t>(rows),
                     .cached_tokens = static_cast<int32_t>(cached),
                     .page_table = pages_[static_cast<size_t>(s)]});
    for (int64_t i = 0; i < rows; ++i) positions.push_back(static_cast<int32_t>(cached + i));
    if (logits) wanted.push_back(static_cast<int32_t>((s + 1) * rows - 1));
  }
  Batch batch;
  const auto offset = static_cast<size_t>(cached % kOffsets);
  batch.tokens = std::span(tokens_).subspan(offset, static_cast<size_t>(sequences * rows));
  batch.positions = positions;
  batch.sequences = spans;
  batch.logit_rows = wanted;
  return model_.forward(batch).cost;
}

template <class F>
TextMeasurement BenchText::measure(std::string test, int64_t depth, int64_t tokens, F pass) {
  TextMeasurement result;
  result.test = std::move(test);
  result.depth = depth;
  pass();  // once to warm up
  profile_.clear();
  std::vector<double> rates;
  StepCost cost, all;
  for (int i = 0; i < tests_.repeat; ++i) {
    const auto begin = Clock::now();
    add(all, cost = pass());
    rates.push_back(static_cast<double>(tokens) / seconds_since(begin));
  }
  std::sort(rates.begin(), rates.end());
  result.tokens_per_second = rates[rates.size() / 2];
  result.slowest = rates.front();
  result.fastest = rates.back();
  result.bytes_per_token =
      static_cast<double>(cost.weight_bytes + cost.cache_bytes) / static_cast<double>(tokens);
  result.operations_per_token = static_cast<double>(cost.operations) / static_cast<double>(tokens);
  if (all.shared_experts > 0)
    result.experts_read = static_cast<double>(all.experts_read) / static_cast<double>(all.shared_experts);
  result.operators = profile_.operators();
  return result;
}

TextMeasurement BenchText::prompt(int64_t depth) {
  return measure(fmt::format("pp{}", tests_.prompt), depth, tests_.prompt, [&] {
    StepCost cost;
    for (int64_t done = 0; done < tests_.prompt;) {
      const int64_t rows = std::min(tests_.max_batch_tokens, tests_.prompt - done);
      add(cost, step(1, rows, depth + done, done + rows == tests_.prompt));
      done += rows;
    }
    return cost;
  });
}

TextMeasurement BenchText::generate(int64_t depth) {
  const int64_t S = tests_.sequences;
  const std::string name =
      S == 1 ? fmt::format("tg{}", tests_.generate) : fmt::format("tg{}x{}", tests_.generate, S);
  return measure(name, depth, tests_.generate * S, [&] {
    StepCost cost;
    for (int64_t i = 0; i < tests_.generate; ++i) add(cost, step(S, 1, depth + i, true));
    return cost;
  });
}

}  // namespace sirocco
