// SPDX-License-Identifier: Apache-2.0
// FakeModel: a Model whose cache rows are the token ids themselves. The logits of a row are a function of all
// tokens that its page table leads to, so any mistake with pages, copies or positions changes the answer.
#pragma once

#include <atomic>
#include <chrono>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "run/model.h"
#include "sample/random.h"

namespace sirocco {

class FakeModel final : public Model {
 public:
  // The token that gets the largest logit, given all tokens so far. Others get noise below 4.
  using Script = std::function<int32_t(std::span<const int32_t> history)>;

  FakeModel(int64_t vocabulary, Script script) : script_(std::move(script)) {
    config_.architecture = "fake";
    config_.vocabulary = vocabulary;
    config_.hidden = 4;
    config_.layers = 1;
    config_.max_position_embeddings = 4096;
    config_.attention = {AttentionKind::latent};
    config_.feed_forward = {FeedForwardKind::dense};
  }

  const Config& config() const override { return config_; }
  std::string_view isa() const override { return "fake"; }
  int threads() const override { return 3; }
  int64_t page_bytes() const override { return kPageTokens * 4; }
  int64_t pages() const override { return static_cast<int64_t>(cache_.size()) / kPageTokens; }
  Result<void> reserve_cache(int64_t pages) override {
    cache_.assign(static_cast<size_t>(pages * kPageTokens), -1);
    return {};
  }
  std::span<std::byte> page(int64_t index) override {
    return std::as_writable_bytes(std::span(cache_))
        .subspan(static_cast<size_t>(index * page_bytes()), static_cast<size_t>(page_bytes()));
  }

  StepOutput forward(const Batch& batch) override {
    ++steps;
    rows += static_cast<int64_t>(batch.tokens.size());
    std::this_thread::sleep_for(step_time);
    logits_.assign(batch.logit_rows.size() * static_cast<size_t>(config_.vocabulary), 0.0F);
    size_t next = 0;
    for (const SequenceSpan& s : batch.sequences) {
      const auto slot = [&](int64_t t) -> int32_t& {
        const auto page = s.page_table[static_cast<size_t>(t / kPageTokens)];
        return cache_[static_cast<size_t>(page * kPageTokens + t % kPageTokens)];
      };
      for (int32_t i = 0; i < s.rows; ++i) {
        slot(s.cached_tokens + i) = batch.tokens[static_cast<size_t>(s.first_row + i)];
        if (batch.positions[static_cast<size_t>(s.first_row + i)] != s.cached_tokens + i) std::abort();
      }
      for (; next < batch.logit_rows.size() && batch.logit_rows[next] < s.first_row + s.rows; ++next) {
        std::vector<int32_t> history;
        for (int64_t t = 0; t <= s.cached_tokens + batch.logit_rows[next] - s.first_row; ++t)
          history.push_back(slot(t));
        fill_row(history, logits_.data() + next * static_cast<size_t>(config_.vocabulary));
      }
    }
    return {make_view<const float>(logits_.data(), static_cast<int64_t>(batch.logit_rows.size()),
                                   config_.vocabulary),
            {},
            {.weight_bytes = 1000, .cache_bytes = 10, .operations = 1}};
  }

  std::atomic<int64_t> steps = 0, rows = 0;
  std::chrono::microseconds step_time{0};

 private:
  void fill_row(std::span<const int32_t> history, float* row) const {
    uint64_t hash = 0;
    for (const int32_t token : history) hash = mix64(hash ^ static_cast<uint64_t>(token));
    for (int64_t t = 0; t < config_.vocabulary; ++t)
      row[t] = static_cast<float>(mix64(hash + static_cast<uint64_t>(t)) >> 40) * 0x1.0p-22F;
    row[script_(history)] = 8.0F;
  }

  Config config_;
  Script script_;
  std::vector<int32_t> cache_;
  std::vector<float> logits_;
};

}  // namespace sirocco
