// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/feed_forward.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "run/cpu/linear.h"
#include "run/cpu/vectors.h"

namespace sirocco {
namespace {

constexpr float kDropped = -1.0f;  // below any probability

// Keeps the experts of the best groups; a group's worth is the sum of its two best probabilities.
void drop_groups(const ExpertsConfig& experts, float* p) {
  const int64_t size = experts.experts / experts.groups;
  std::vector<std::pair<float, int64_t>> worth;
  for (int64_t g = 0; g < experts.groups; ++g) {
    float best = 0.0f, second = 0.0f;
    for (int64_t i = 0; i < size; ++i) {
      const float value = p[g * size + i];
      if (value > best) {
        second = best;
        best = value;
      } else {
        second = std::max(second, value);
      }
    }
    worth.emplace_back(-(best + second), g);
  }
  std::sort(worth.begin(), worth.end());
  for (int64_t rank = experts.groups_per_token; rank < experts.groups; ++rank) {
    const int64_t g = worth[static_cast<size_t>(rank)].second;
    std::fill(p + g * size, p + (g + 1) * size, kDropped);
  }
}

ExpertMatrices load_block(const FeedForwardWeights& block, MatrixLoader& loader) {
  return {loader.load(block.gate), loader.load(block.up), loader.load(block.down)};
}

ExpertMatrices promise_block(const FeedForwardWeights& block, MatrixLoader& loader) {
  return {loader.promise(block.gate), loader.promise(block.up), loader.promise(block.down)};
}

}  // namespace

FeedForward::FeedForward(const Config& config, const LayerWeights& weights, FeedForwardKind kind,
                         MatrixLoader& loader, ExpertCache& cache)
    : D(config.hidden),
      experts_(config.experts),
      kind_(kind),
      eps_(static_cast<float>(config.norm_eps)),
      norm_(decode_vector(weights.feed_forward_norm)),
      cache_(cache) {
  if (kind == FeedForwardKind::dense) {
    always_ = load_block(weights.dense, loader);
    return;
  }
  router_ = decode_matrix(weights.router);
  routed_.reserve(weights.experts.size());
  for (const FeedForwardWeights& expert : weights.experts) routed_.push_back(promise_block(expert, loader));
  for (ExpertMatrices& expert : routed_)
    if (expert.packed() && !expert.in_memory()) cache_.add(expert);
  always_ = load_block(weights.shared, loader);
}

void FeedForward::choose(const ExpertsConfig& experts, float* logits, int32_t* ids, float* weights) {
  const int64_t E = experts.experts, K = experts.experts_per_token;
  const float max = *std::max_element(logits, logits + E);
  float sum = 0.0f;
  for (int64_t e = 0; e < E; ++e) sum += logits[e] = std::exp(logits[e] - max);
  for (int64_t e = 0; e < E; ++e) logits[e] /= sum;
  if (experts.groups > 1 && experts.groups_per_token < experts.groups) drop_groups(experts, logits);
  for (int64_t k = 0; k < K; ++k) {
    int64_t best = -1;
    for (int64_t e = 0; e < E; ++e)
      if (std::find(ids, ids + k, static_cast<int32_t>(e)) == ids + k &&
          (best < 0 || logits[e] > logits[best]))
        best = e;
    ids[k] = static_cast<int32_t>(best);
  }
  std::sort(ids, ids + K);
  float total = 0.0f;
  for (int64_t k = 0; k < K; ++k) total += weights[k] = std::max(0.0f, logits[ids[k]]);
  const float divisor = experts.normalise ? total + 1e-20f : 1.0f;
  for (int64_t k = 0; k < K; ++k)
    weights[k] = weights[k] / divisor * static_cast<float>(experts.routed_scale);
}

void FeedForward::run(int64_t T, Workspace& work, Compute& compute, StepCost& cost) {
  const View<float> x = work.x.view(T, D), normed = work.normed.view(T, D);
  compute.pool.parallel_for(T, 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t)
      compute.ops.rms_norm(x.row(t), norm_.data(), D, eps_, normed.row(t));
  });
  if (kind_ == FeedForwardKind::experts) route(T, work, compute);
  std::vector<ExpertTask> tasks;
  std::vector<int64_t> pair_of;   // [T, K]
  std::vector<int32_t> token_of;  // [pairs]
  group(T, work, tasks, pair_of, token_of);
  const uint64_t admitted = cache_.admitted(), moved_in = cache_.moved_in();
  run_all(tasks, token_of, T, work, compute);
  cost.shared_experts += cache_.admitted() - admitted;
  cost.experts_read += cache_.moved_in() - moved_in;
  combine(T, pair_of, work, compute);
  cost.weight_bytes += static_cast<uint64_t>(router_.size()) * sizeof(float);
  for (const ExpertTask& task : tasks) cost.weight_bytes += task.weights->bytes();
}

// Those that are in memory come first, while the others are read; these a few at a time, while the next are read.
void FeedForward::run_all(std::span<ExpertTask> tasks, const std::vector<int32_t>& token_of, int64_t T,
                          Workspace& work, Compute& compute) {
  const auto part = [](std::span<ExpertTask> all, auto&& first) {
    return static_cast<size_t>(std::stable_partition(all.begin(), all.end(), first) - all.begin());
  };
  const size_t packed = part(tasks, [](const ExpertTask& task) { return task.weights->packed(); });
  run_unpacked_experts(tasks.subspan(packed), token_of, work, compute);
  const auto is_there = [](const ExpertTask& task) { return task.weights->in_memory(); };
  for (std::span<ExpertTask> left = tasks.first(packed); !left.empty();) {
    part(left, is_there);  // before anyone takes its room
    std::span<ExpertTask> turn = left.first(cache_.admit(left));
    left = left.subspan(turn.size());
    const size_t ready = part(turn, [](const ExpertTask& task) { return !task.weights->promised(); });
    run_packed_experts(turn.first(ready), token_of, T, work, compute);
    for (turn = turn.subspan(ready); !turn.empty();) {
      const size_t few = std::min(turn.size(), ExpertCache::kFetched);
      {
        const Profile::Scope scope(compute.profile, "experts: wait");
        cache_.fetch(turn.first(few));
      }
      run_packed_experts(turn.first(few), token_of, T, work, compute);
      turn = turn.subspan(few);
    }
  }
}

// Work is cut along the experts too: a single token must not leave the router to one core.
void FeedForward::route(int64_t T, Workspace& work, Compute& compute) const {
  const int64_t E = experts_.experts, K = experts_.experts_per_token;
  const Profile::Scope scope(compute.profile, "router",
                             static_cast<uint64_t>(router_.size()) * sizeof(float));
  const View<float> logits = work.router_logits.view(T, E);
  constexpr int64_t kExperts = 16, kTokens = 64;  // of a piece
  const View<const float> normed = work.normed.view(T, D), router = router_.view(E, D);
  const int64_t columns = (E + kExperts - 1) / kExperts, pieces = columns * ((T + kTokens - 1) / kTokens);
  compute.pool.parallel_for(pieces, 1, [&](int64_t piece, int64_t, int) {
    const int64_t e = piece % columns * kExperts, t = piece / columns * kTokens;
    const int64_t experts = std::min(kExperts, E - e), tokens = std::min(kTokens, T - t);
    compute.ops.product(normed.slice_rows(t, tokens), router.slice_rows(e, experts),
                        logits.slice_rows(t, tokens).slice_cols(e, experts));
  });
  compute.pool.parallel_for(T, 8, [&](int64_t begin, int64_t end, int) {
    for (int64_t t = begin; t < end; ++t)
      choose(experts_, logits.row(t), work.chosen.data() + t * K, work.chosen_weight.data() + t * K);
  });
}

// Pairs of one expert lie together, ascending by expert and then by token; the shared block's rows come last.
void FeedForward::group(int64_t T, Workspace& work, std::vector<ExpertTask>& tasks,
                        std::vector<int64_t>& pair_of, std::vector<int32_t>& token_of) {
  const int64_t K = kind_ == FeedForwardKind::experts ? experts_.experts_per_token : 0;
  std::vector<int64_t> count(routed_.size() + 1, 0);
  for (int64_t i = 0; i < T * K; ++i) ++count[static_cast<size_t>(work.chosen[i]) + 1];
  for (size_t e = 0; e < routed_.size(); ++e) {
    if (count[e + 1] > 0) tasks.push_back({&routed_[e], count[e], count[e + 1]});
    count[e + 1] += count[e];
  }
  pair_of.resize(static_cast<size_t>(T * K));
  token_of.resize(static_cast<size_t>(T * K));
  for (int64_t t = 0; t < T; ++t)
    for (int64_t k = 0; k < K; ++k) {
      const int64_t pair = count[static_cast<size_t>(work.chosen[t * K + k])]++;
      pair_of[static_cast<size_t>(t * K + k)] = pair;
      token_of[static_cast<size_t>(pair)] = static_cast<int32_t>(t);
    }
  if (!always_.gate.present()) return;
  tasks.push_back({&always_, T * K, T});
  for (int64_t t = 0; t < T; ++t) token_of.push_back(static_cast<int32_t>(t));
}

// Without packed weights: panels of W in float32.
void FeedForward::run_unpacked_experts(std::span<const ExpertTask> tasks, const std::vector<int32_t>& token_of,
                                       Workspace& work, Compute& compute) const {
  if (tasks.empty()) return;
  struct Panel {
    const ExpertTask* task;
    int64_t row;
  };
  for (size_t pair = 0; pair < token_of.size(); ++pair) {
    const float* row = work.normed.data() + token_of[pair] * D;
    std::copy(row, row + D, work.pair_in.data() + static_cast<int64_t>(pair) * D);
  }
  std::vector<Panel> up_panels, down_panels;
  for (const ExpertTask& task : tasks) {
    for (int64_t r = 0; r < task.weights->gate.rows(); r += kPanelRows) up_panels.push_back({&task, r});
    for (int64_t r = 0; r < D; r += kPanelRows) down_panels.push_back({&task, r});
  }
  const int64_t stride = work.pair_act.size() / (work.pair_in.size() / D);  // widest F
  compute.pool.parallel_for(static_cast<int64_t>(up_panels.size()), 1, [&](int64_t i, int64_t, int worker) {
    const auto& [task, r] = up_panels[static_cast<size_t>(i)];
    const ExpertMatrices& w = *task->weights;
    const int64_t rows = std::min(kPanelRows, w.gate.rows() - r), n = task->pairs;
    float* scratch = compute.scratch(worker, kPanelRows * D + 2 * n * kPanelRows);
    const View<float> gate = make_view(scratch + kPanelRows * D, n, rows);
    const View<float> up = make_view(gate.data + n * kPanelRows, n, rows);
    const View<const float> in = make_view<const float>(work.pair_in.data() + task->first_pair * D, n, D);
    compute.ops.product(in, decode_panel(w.gate.source(), r, rows, scratch), gate);
    compute.ops.product(in, decode_panel(w.up.source(), r, rows, scratch), up);
    for (int64_t p = 0; p < n; ++p)
      compute.ops.swiglu(gate.row(p), up.row(p), rows,
                         work.pair_act.data() + (task->first_pair + p) * stride + r);
  });
  compute.pool.parallel_for(static_cast<int64_t>(down_panels.size()), 1, [&](int64_t i, int64_t, int worker) {
    const auto& [task, r] = down_panels[static_cast<size_t>(i)];
    const WeightView& down = task->weights->down.source();
    const int64_t rows = std::min(kPanelRows, D - r), n = task->pairs;
    float* scratch = compute.scratch(worker, kPanelRows * down.cols);
    const View<const float> act{work.pair_act.data() + task->first_pair * stride, n, down.cols, stride};
    const View<float> out{work.pair_out.data() + task->first_pair * D + r, n, rows, D};
    compute.ops.product(act, decode_panel(down, r, rows, scratch), out);
  });
}

void FeedForward::combine(int64_t T, const std::vector<int64_t>& pair_of, Workspace& work,
                          Compute& compute) const {
  const int64_t K = T == 0 ? 0 : static_cast<int64_t>(pair_of.size()) / T;
  const bool always = always_.gate.present();
  const Profile::Scope scope(compute.profile, "experts: sum");
  compute.pool.parallel_for(T, 1, [&](int64_t t, int64_t, int) {
    float* sum = work.projected.data() + t * D;
    std::fill(sum, sum + D, 0.0f);
    for (int64_t k = 0; k < K; ++k) {
      const float* out = work.pair_out.data() + pair_of[static_cast<size_t>(t * K + k)] * D;
      const float weight = work.chosen_weight[t * K + k];
      for (int64_t d = 0; d < D; ++d) sum[d] += weight * out[d];
    }
    const float* shared = always ? work.pair_out.data() + (T * K + t) * D : nullptr;
    float* x = work.x.data() + t * D;
    for (int64_t d = 0; d < D; ++d) x[d] += always ? sum[d] + shared[d] : sum[d];
  });
}

}  // namespace sirocco
