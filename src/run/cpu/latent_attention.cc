// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/latent_attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/rope.h"
#include "run/cpu/linear.h"
#include "run/cpu/softmax_rows.h"
#include "run/cpu/vectors.h"

namespace sirocco {
namespace {

constexpr int64_t kTokenGrain = 8;

// In float32, expanding a key costs as much as some 150 absorbed queries save on it; below that absorbed wins.
constexpr int64_t kExpandFloatFromRows = 128;
// On packed kernels shorter sequences stay with the absorbed form, which costs them a twentieth of a prompt's time at
// most: so their tokens are the same bits however their prompts are cut.
constexpr int64_t kExpandPackedFromKeys = 2048;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
constexpr int64_t kHeadsPerTask = 8;

float softmax_scale(const Config& config, SoftmaxScale reading) {
  double scale = 1.0 / std::sqrt(static_cast<double>(config.nope_dim + config.rope_dim));
  if (reading == SoftmaxScale::mscale && config.rope.factor > 1.0 && config.rope.mscale_all_dim != 0.0) {
    const double mscale = 0.1 * config.rope.mscale_all_dim * std::log(config.rope.factor) + 1.0;
    scale *= mscale * mscale;
  }
  return static_cast<float>(scale);
}

int64_t expand_from_rows(AttentionForm form, int64_t best) {
  return form == AttentionForm::expanded ? 1 : form == AttentionForm::absorbed || best == 0 ? kNever : best;
}

void copy_row(const float* from, int64_t size, float* to) {
  std::copy(from, from + size, to);
}

}  // namespace

LatentAttention::LatentAttention(const Config& config, const LayerWeights& weights,
                                 const ModelOptions& options, const OpTable& ops, MatrixLoader& loader)
    : H(config.heads),
      Q(config.q_lora_rank),
      C(config.kv_lora_rank),
      R(config.rope_dim),
      N(config.nope_dim),
      V(config.v_head_dim),
      eps_(static_cast<float>(config.norm_eps)),
      interleaved_(config.rope_interleaved),
      scale_(softmax_scale(config, options.softmax_scale)),
      q_a_(loader.load(weights.latent.q_a)),
      q_b_(loader.load(weights.latent.q_b)),
      kv_a_(loader.load(weights.latent.kv_a)),
      o_(loader.load(weights.latent.o)),
      input_norm_(decode_vector(weights.attention_norm)),
      kv_norm_(decode_vector(weights.latent.kv_a_norm)),
      k_absorb_(H * C * N),
      k_up_(H * N * C),
      v_up_(H * V * C),
      expand_from_rows_(expand_from_rows(options.attention_form, kExpandFloatFromRows)) {
  if (Q > 0) q_norm_ = decode_vector(weights.latent.q_a_norm);
  const LatentAttentionWeights& from = weights.latent;
  for (int64_t h = 0; h < H; ++h) {
    if (from.kv_b.present()) {  // per head N rows of k_nope, then V rows of v
      for (int64_t n = 0; n < N; ++n) decode_row(from.kv_b, h * (N + V) + n, k_up_.data() + (h * N + n) * C);
      for (int64_t v = 0; v < V; ++v)
        decode_row(from.kv_b, h * (N + V) + N + v, v_up_.data() + (h * V + v) * C);
      for (int64_t c = 0; c < C; ++c)
        for (int64_t n = 0; n < N; ++n) k_absorb_[(h * C + c) * N + n] = k_up_[(h * N + n) * C + c];
    } else {
      const auto head = static_cast<size_t>(h);
      for (int64_t c = 0; c < C; ++c) decode_row(from.k_b[head], c, k_absorb_.data() + (h * C + c) * N);
      for (int64_t v = 0; v < V; ++v) decode_row(from.v_b[head], v, v_up_.data() + (h * V + v) * C);
      for (int64_t c = 0; c < C; ++c)
        for (int64_t n = 0; n < N; ++n) k_up_[(h * N + n) * C + c] = k_absorb_[(h * C + c) * N + n];
    }
  }
  if (loader.packs() && AbsorbedAttention::fits(config, ops, cache_type_of(options))) {
    packed_absorbed_ =
        std::make_unique<AbsorbedAttention>(config, k_absorb_.data(), v_up_.data(), loader);
    expand_from_rows_ = ExpandedAttention::fits(config, ops)
                            ? expand_from_rows(options.attention_form, ops.expand_from_rows)
                            : kNever;
    if (options.attention_form == AttentionForm::automatic) expand_from_keys_ = kExpandPackedFromKeys;
    if (expand_from_rows_ != kNever)
      packed_expanded_ =
          std::make_unique<ExpandedAttention>(config, k_up_.data(), packed_absorbed_->v_up(), loader);
    for (auto* buffer : {&k_absorb_, &k_up_, &v_up_}) *buffer = AlignedBuffer<float>();
  }
}

uint64_t LatentAttention::weight_bytes() const {
  const int64_t bytes = (Q > 0 ? q_a_.bytes() : 0) + q_b_.bytes() + kv_a_.bytes() + o_.bytes();
  const int64_t heads =
      packed_absorbed_ ? packed_absorbed_->bytes() : (k_absorb_.size() + v_up_.size()) * 4;
  return static_cast<uint64_t>(bytes + heads);
}

void LatentAttention::run(const Batch& batch, int64_t layer, LatentCache& cache, Workspace& work,
                          Compute& compute) const {
  const auto T = static_cast<int64_t>(batch.tokens.size());
  const int64_t D = input_norm_.size();
  const View<float> x = work.x.view(T, D), normed = work.normed.view(T, D);
  compute.pool.parallel_for(T, 1, [&](int64_t t, int64_t, int) {
    compute.ops.rms_norm(x.row(t), input_norm_.data(), D, eps_, normed.row(t));
  });
  {
    const int64_t bytes = (Q > 0 ? q_a_.bytes() : 0) + q_b_.bytes() + kv_a_.bytes();
    const Profile::Scope scope(compute.profile, "attention: input", static_cast<uint64_t>(bytes));
    project_queries(batch, work, compute);
    store_latents(batch, layer, cache, work, compute);
  }
  {
    const Profile::Scope scope(compute.profile, "attention");
    attend(batch, layer, cache, work, compute);
  }
  const Profile::Scope scope(compute.profile, "attention: output", static_cast<uint64_t>(o_.bytes()));
  const View<float> projected = work.projected.view(T, D);
  linear(o_, work.attended.view(T, H * V), projected, compute);
  compute.pool.parallel_for(T, kTokenGrain, [&](int64_t begin, int64_t end, int) {
    for (int64_t i = begin * D; i < end * D; ++i) x.data[i] += projected.data[i];
  });
}

void LatentAttention::attend(const Batch& batch, int64_t layer, const LatentCache& cache, Workspace& work,
                             Compute& compute) const {
  if (packed_absorbed_) return attend_packed(batch.sequences, layer, cache, work, compute);
  for (const SequenceSpan& span : batch.sequences)
    if (expands(span))
      attend_expanded_float(span, layer, cache, work, compute);
    else
      attend_absorbed_float(span, layer, cache, work, compute);
}

// Sequences of few rows that are neighbours go together.
void LatentAttention::attend_packed(std::span<const SequenceSpan> spans, int64_t layer, const LatentCache& cache,
                                    Workspace& work, Compute& compute) const {
  while (!spans.empty()) {
    const auto next = std::ranges::find_if(spans, [&](const SequenceSpan& span) { return expands(span); });
    const auto few = static_cast<size_t>(next - spans.begin());
    if (few > 0) packed_absorbed_->run(spans.first(few), layer, cache, work, compute);
    if (few < spans.size()) packed_expanded_->run(spans[few], layer, cache, work, compute);
    spans = spans.subspan(std::min(few + 1, spans.size()));
  }
}

// work.queries [T, H (N + R)]: rotated, and scaled by g(position) and the softmax scale.
void LatentAttention::project_queries(const Batch& batch, Workspace& work, Compute& compute) const {
  const auto T = static_cast<int64_t>(batch.tokens.size());
  View<const float> input = work.normed.view(T, input_norm_.size());
  if (Q > 0) {
    const View<float> q_lora = work.q_lora.view(T, Q);
    linear(q_a_, input, q_lora, compute);
    compute.pool.parallel_for(T, kTokenGrain, [&](int64_t begin, int64_t end, int) {
      for (int64_t t = begin; t < end; ++t)
        compute.ops.rms_norm(q_lora.row(t), q_norm_.data(), Q, eps_, q_lora.row(t));
    });
    input = q_lora;
  }
  const View<float> queries = work.queries.view(T, H * (N + R));
  linear(q_b_, input, queries, compute);
  const auto rotate = interleaved_ ? rotate_interleaved : rotate_halves;
  compute.pool.parallel_for(T, 1, [&](int64_t t, int64_t, int) {
    for (int64_t h = 0; h < H; ++h)
      rotate(queries.row(t) + h * (N + R) + N, work.cos.data() + t * (R / 2), work.sin.data() + t * (R / 2),
             R);
    const float scale = work.query_scale[t] * scale_;
    for (int64_t i = 0; i < queries.cols; ++i) queries.at(t, i) *= scale;
  });
}

void LatentAttention::store_latents(const Batch& batch, int64_t layer, LatentCache& cache, Workspace& work,
                                    Compute& compute) const {
  const auto T = static_cast<int64_t>(batch.tokens.size());
  const View<float> latents = work.latents.view(T, C + R);
  linear(kv_a_, work.normed.view(T, input_norm_.size()), latents, compute);
  const auto rotate = interleaved_ ? rotate_interleaved : rotate_halves;
  for (const SequenceSpan& span : batch.sequences)
    compute.pool.parallel_for(span.rows, kTokenGrain, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t t = span.first_row + i, index = span.cached_tokens + i;
        float* row = latents.row(t);
        compute.ops.rms_norm(row, kv_norm_.data(), C, eps_, row);
        rotate(row + C, work.cos.data() + t * (R / 2), work.sin.data() + t * (R / 2), R);
        const auto page = static_cast<size_t>(index / LatentCache::kTokens);
        cache.store(span.page_table[page], layer, index % LatentCache::kTokens, row, compute.ops);
      }
    });
}

// einsum: s[h,l] = (W_UKᵀ q_nope | q_rope)[h,:] · cache[l,:];  o[h,:] = W_UV Σ_l softmax(s)[h,l] cache[l,:C]
void LatentAttention::attend_absorbed_float(const SequenceSpan& span, int64_t layer, const LatentCache& cache,
                                            Workspace& work, Compute& compute) const {
  const int64_t groups = (H + kHeadsPerTask - 1) / kHeadsPerTask;
  const int64_t tile = LatentCache::kTokens;
  compute.pool.parallel_for(span.rows * groups, 1, [&](int64_t task, int64_t, int worker) {
    const int64_t row = span.first_row + task / groups;
    const int64_t first = task % groups * kHeadsPerTask, heads = std::min(kHeadsPerTask, H - first);
    float* scratch = compute.scratch(worker, heads * (2 * C + R + tile) + tile * (C + R));
    const View<float> queries = make_view(scratch, heads, C + R);
    const View<float> sums = make_view(queries.data + heads * (C + R), heads, C);
    const View<float> scores = make_view(sums.data + heads * C, heads, tile);
    float* rows = scores.data + heads * tile;
    const float* q = work.queries.data() + row * H * (N + R);
    for (int64_t i = 0; i < heads; ++i) {
      const float* head = q + (first + i) * (N + R);
      compute.ops.product(make_view(head, 1, N), k_absorb(first + i), make_view(queries.row(i), 1, C));
      copy_row(head + N, R, queries.row(i) + C);
    }
    SoftmaxRows softmax(sums, compute.ops);
    const int64_t length = span.cached_tokens + task / groups + 1;
    for (int64_t begin = 0; begin < length; begin += tile) {
      const int64_t count = std::min(tile, length - begin);
      const View<const float> keys =
          cache.load(span.page_table[static_cast<size_t>(begin / tile)], layer, count, rows, compute.ops);
      const View<float> s = scores.slice_cols(0, count);
      compute.ops.product(queries, keys, s);
      softmax.add(s, keys.slice_cols(0, C));
    }
    softmax.finish();
    float* out = work.attended.data() + row * H * V;
    for (int64_t i = 0; i < heads; ++i)
      compute.ops.product(make_view<const float>(sums.row(i), 1, C), v_up(first + i),
                          make_view(out + (first + i) * V, 1, V));
  });
}

// Per head: K[l,:] = (W_UK c_l | k_rope_l), v[l,:] = W_UV c_l, then plain causal attention over the rows.
void LatentAttention::attend_expanded_float(const SequenceSpan& span, int64_t layer, const LatentCache& cache,
                                            Workspace& work, Compute& compute) const {
  const int64_t tile = LatentCache::kTokens, rows = span.rows;
  compute.pool.parallel_for(H, 1, [&](int64_t h, int64_t, int worker) {
    float* scratch = compute.scratch(worker, rows * (V + tile) + tile * (N + R + V) + tile * (C + R));
    const View<float> sums = make_view(scratch, rows, V);
    const View<float> scores = make_view(sums.data + rows * V, rows, tile);
    const View<float> keys = make_view(scores.data + rows * tile, tile, N + R);
    const View<float> values = make_view(keys.data + tile * (N + R), tile, V);
    float* loaded = values.data + tile * V;
    const View<const float> queries{work.queries.data() + span.first_row * H * (N + R) + h * (N + R), rows,
                                    N + R, H * (N + R)};
    SoftmaxRows softmax(sums, compute.ops);
    const int64_t length = span.cached_tokens + rows;
    for (int64_t begin = 0; begin < length; begin += tile) {
      const int64_t count = std::min(tile, length - begin);
      const View<const float> latents =
          cache.load(span.page_table[static_cast<size_t>(begin / tile)], layer, count, loaded, compute.ops);
      compute.ops.product(latents.slice_cols(0, C), k_up(h), View<float>{keys.data, count, N, N + R});
      compute.ops.product(latents.slice_cols(0, C), v_up(h), values.slice_rows(0, count));
      for (int64_t l = 0; l < count; ++l) copy_row(latents.row(l) + C, R, keys.row(l) + N);
      // Rows before `first` end before this tile begins; they are done.
      const int64_t first = std::max<int64_t>(0, begin - span.cached_tokens);
      const View<float> s = scores.slice_rows(first, rows - first).slice_cols(0, count);
      compute.ops.product(queries.slice_rows(first, rows - first), keys.slice_rows(0, count), s);
      for (int64_t i = first; i < rows; ++i)
        for (int64_t l = std::max<int64_t>(0, span.cached_tokens + i + 1 - begin); l < count; ++l)
          s.at(i - first, l) = -std::numeric_limits<float>::infinity();
      softmax.add(s, values.slice_rows(0, count), first);
    }
    softmax.finish();
    for (int64_t i = 0; i < rows; ++i)
      copy_row(sums.row(i), V, work.attended.data() + (span.first_row + i) * H * V + h * V);
  });
}

}  // namespace sirocco
