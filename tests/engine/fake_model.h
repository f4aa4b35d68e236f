// SPDX-License-Identifier: Apache-2.0
// FakeModel: a Model whose cache rows are the token ids themselves. The logits of a row are a function of all
// tokens that its page table leads to, so any mistake with pages, copies or positions changes the answer.
#pragma once

#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/thread_pool.h"
#include "run/model.h"
#include "run/picture_encoding.h"
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
  WeightMemory weight_memory() const override { return {}; }
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

  void for_each(int64_t count, FunctionRef<void(int64_t)> body) override {
    pool_.parallel_for(count, 1, [&](int64_t i, int64_t, int) { body(i); });
  }

  StepOutput forward(const Batch& batch) override {
    ++steps;
    note('f');
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
      for (const EmbeddingOverride& override : batch.overrides) {
        const int32_t at = override.first_row - s.first_row;
        if (at < 0 || at >= s.rows) continue;
        for (int32_t i = 0; i < override.rows.rows; ++i)  // what is seen takes the token's place
          slot(s.cached_tokens + at + i) = std::bit_cast<int32_t>(override.rows.at(i, 0));
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
            {.weight_bytes = 1000, .cache_bytes = 10, .operations = 1}};
  }

  // Gives it eyes: patches of 14 pixels, merged two by two.
  void open_eyes() { config_.vision = VisionConfig{.hidden = 4, .layers = 1, .heads = 1, .width = 4}; }
  bool sees() const override { return config_.vision.has_value(); }
  Result<std::unique_ptr<PictureEncoding>> encode(const PixelView& pixels) override {
    if (refuse_pictures) return bad_input("a picture that the tower refuses");
    return std::make_unique<FakeEncoding>(*this, pixels);
  }

  std::atomic<int64_t> pieces = 0;   // of pictures, done so far
  std::atomic<int> pieces_of_picture = 3;
  std::atomic<bool> refuse_pictures = false;
  // So far: 'f' a forward pass, 'e' a piece of a picture.
  std::string turns() const {
    const std::lock_guard lock(mutex_);
    return turns_;
  }
  std::atomic<int64_t> steps = 0, rows = 0;
  std::chrono::microseconds step_time{0};

 private:
  ThreadPool pool_{2};

  void note(char turn) {
    const std::lock_guard lock(mutex_);
    turns_ += turn;
  }

  // A row says the sum of its square's first channel.
  class FakeEncoding final : public PictureEncoding {
   public:
    FakeEncoding(FakeModel& model, const PixelView& pixels) : model_(model) {
      for (int64_t top = 0; top < pixels.height; top += 28)
        for (int64_t left = 0; left < pixels.width; left += 28) {
          float sum = 0.0F;
          for (int64_t y = 0; y < 28; ++y)
            for (int64_t x = 0; x < 28; ++x) sum += pixels.values.at(top + y, left + x);
          rows_.insert(rows_.end(), 4, sum);
        }
    }
    bool step() override {
      model_.note('e');
      ++model_.pieces;
      return ++done_ == model_.pieces_of_picture;
    }
    View<const float> rows() const override {
      return make_view<const float>(rows_.data(), static_cast<int64_t>(rows_.size()) / 4, 4);
    }
    double operations() const override { return 1.0; }

   private:
    FakeModel& model_;
    std::vector<float> rows_;
    int done_ = 0;
  };

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
  mutable std::mutex mutex_;
  std::string turns_;
  std::vector<float> logits_;
};

}  // namespace sirocco
