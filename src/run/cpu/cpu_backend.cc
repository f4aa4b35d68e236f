// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/cpu_backend.h"

#include <algorithm>
#include <cmath>

#include "base/available_memory.h"
#include "ops/rope.h"
#include "ops/select.h"
#include "run/cpu/linear.h"
#include "run/cpu/vectors.h"

namespace sirocco {
namespace {

// g(pos) of model/config.h, in float32 as the reference forms it.
float query_scale(const QueryScaleConfig& config, int64_t position) {
  if (config.beta == 0.0) return 1.0f;
  const auto turns = static_cast<float>(position / config.original_max_positions);
  return 1.0f + static_cast<float>(config.beta) * std::log(1.0f + turns);
}

std::vector<float> frequencies(const Config& config) {
  const RopeConfig& rope = config.rope;
  return yarn_frequencies(config.rope_dim, {.theta = rope.theta,
                                            .factor = rope.factor,
                                            .beta_fast = rope.beta_fast,
                                            .beta_slow = rope.beta_slow,
                                            .original_max_positions = rope.original_max_positions});
}

}  // namespace

Result<std::unique_ptr<CpuBackend>> CpuBackend::create(const Config& config, const ModelWeights& weights,
                                                       const ModelOptions& options,
                                                       std::span<const MappedFile> files) {
  for (const AttentionKind kind : config.attention)
    if (kind != AttentionKind::latent)
      return fail(ErrorKind::unsupported,
                  "grouped attention: this build runs models with latent attention (MLA)");
  auto ops = select_op_table(detect_cpu_features(), options.isa);
  if (!ops) return forward_error(ops);
  return std::unique_ptr<CpuBackend>(new CpuBackend(config, weights, options, files, **ops));
}

CpuBackend::CpuBackend(const Config& config, const ModelWeights& weights, const ModelOptions& options,
                       std::span<const MappedFile> files, const OpTable& ops)
    : config_(config),
      embedding_(weights.embedding),
      final_norm_(decode_vector(weights.final_norm)),
      inv_freq_(frequencies(config)),
      compute_(ops, options.threads, options.pin),
      work_(config, options.max_batch_tokens),
      cache_(config.layers, config.kv_lora_rank, config.rope_dim, cache_type_of(options)) {
  attention_.reserve(static_cast<size_t>(config.layers));
  feed_forward_.reserve(static_cast<size_t>(config.layers));
  compute_.profile = options.profile;
  uint64_t done = 0;
  const MatrixBytes bytes = matrix_bytes(weights);
  const uint64_t total = bytes.routed + bytes.others;
  const PackingPlan plan = plan_packing(bytes, available_memory_bytes(), options);
  MatrixLoader loader(ops, plan.packing, arena_, compute_.pool,
                      [&](uint64_t of_matrix) {
                        done += of_matrix;
                        if (options.progress) options.progress(std::min(done, total), total);
                      });
  for (size_t layer = 0; layer < weights.layers.size(); ++layer) {
    attention_.emplace_back(config, weights.layers[layer], options, ops, loader);
    feed_forward_.emplace_back(config, weights.layers[layer], config.feed_forward[layer], loader, experts_);
  }
  head_ = loader.load(weights.head);
  if (config.vision && weights.vision.patch_conv.present())
    vision_ = std::make_unique<VisionEncoder>(config, weights.vision, compute_, loader);
  experts_.open(plan.room_bytes, arena_, files);
  weight_memory_ = loader.to_come();
  weight_memory_.promised_bytes += experts_.bytes();
  weight_memory_.shared_experts = experts_.experts();
  weight_memory_.expert_rooms = experts_.rooms();
  weight_memory_.mapped_bytes += static_cast<uint64_t>(embedding_.bytes());
}

void CpuBackend::begin(const Batch& batch) {
  const auto T = static_cast<int64_t>(batch.tokens.size());
  CHECK(T <= work_.max_tokens);
  batch_ = batch;
  cost_ = {};
  experts_.pass(T);
  const int64_t D = config_.hidden, half = config_.rope_dim / 2;
  const auto factor = static_cast<float>(config_.rope.attention_factor);
  for (int64_t t = 0; t < T; ++t) {
    const auto row = static_cast<size_t>(t);
    CHECK(batch.tokens[row] >= 0 && batch.tokens[row] < config_.vocabulary);
    decode_row(embedding_, batch.tokens[row], work_.x.data() + t * D);
    rope_angles(inv_freq_, batch.positions[row], factor, work_.cos.data() + t * half,
                work_.sin.data() + t * half);
    work_.query_scale[t] = query_scale(config_.query_scale, batch.positions[row]);
  }
  for (const EmbeddingOverride& rows : batch.overrides)
    for (int64_t i = 0; i < rows.rows.rows; ++i)
      std::copy(rows.rows.row(i), rows.rows.row(i) + D, work_.x.data() + (rows.first_row + i) * D);
  count_operations();
}

// Multiplications of weights, two operations each, and of attention over the cached rows in its absorbed
// form.
void CpuBackend::count_operations() {
  const auto T = static_cast<uint64_t>(batch_.tokens.size());
  const Config& c = config_;
  const auto H = c.heads, N = c.nope_dim, R = c.rope_dim, V = c.v_head_dim, C = c.kv_lora_rank,
             Q = c.q_lora_rank;
  const int64_t q_in = Q > 0 ? Q : c.hidden;
  const int64_t attention =
      Q * c.hidden + q_in * H * (N + R) + c.hidden * (C + R) + H * C * (N + V) + H * V * c.hidden;
  for (const FeedForwardKind kind : c.feed_forward) {
    const ExpertsConfig& e = c.experts;
    const int64_t ffn = kind == FeedForwardKind::dense
                            ? 3 * c.hidden * c.dense_width
                            : c.hidden * (e.experts + 3 * e.width * (e.experts_per_token + e.shared_experts));
    cost_.operations += 2 * T * static_cast<uint64_t>(attention + ffn);
  }
  cost_.operations += 2 * batch_.logit_rows.size() * static_cast<uint64_t>(c.hidden * c.vocabulary);
  for (const SequenceSpan& span : batch_.sequences) {
    uint64_t keys = 0;  // summed over the rows
    for (int64_t i = 0; i < span.rows; ++i) keys += static_cast<uint64_t>(span.cached_tokens + i + 1);
    cost_.operations += 2 * keys * static_cast<uint64_t>(c.layers * H * (2 * C + R));
    cost_.cache_bytes +=
        static_cast<uint64_t>((span.cached_tokens + span.rows) * cache_.row_bytes() * c.layers);
  }
}

void CpuBackend::attend(int64_t layer) {
  const LatentAttention& attention = attention_[static_cast<size_t>(layer)];
  attention.run(batch_, layer, cache_, work_, compute_);
  cost_.weight_bytes += attention.weight_bytes();
}

void CpuBackend::feed_forward(int64_t layer) {
  const auto T = static_cast<int64_t>(batch_.tokens.size());
  feed_forward_[static_cast<size_t>(layer)].run(T, work_, compute_, cost_);
}

StepOutput CpuBackend::finish() {
  const auto S = static_cast<int64_t>(batch_.logit_rows.size());
  const int64_t D = config_.hidden, W = config_.vocabulary;
  hidden_.resize(static_cast<size_t>(S * D));
  logits_.resize(static_cast<size_t>(S * W));
  const View<float> hidden = make_view(hidden_.data(), S, D), logits = make_view(logits_.data(), S, W);
  for (int64_t s = 0; s < S; ++s)
    compute_.ops.rms_norm(work_.x.data() + batch_.logit_rows[static_cast<size_t>(s)] * D, final_norm_.data(),
                          D, static_cast<float>(config_.norm_eps), hidden.row(s));
  if (S > 0) {
    const Profile::Scope scope(compute_.profile, "head", static_cast<uint64_t>(head_.bytes()));
    linear(head_, hidden, logits, compute_);
    cost_.weight_bytes += static_cast<uint64_t>(head_.bytes());
  }
  return {logits, cost_};
}

}  // namespace sirocco
