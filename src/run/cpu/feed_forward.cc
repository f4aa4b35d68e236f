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

uint64_t block_bytes(const FeedForwardWeights& block) {
  return static_cast<uint64_t>(block.gate.bytes() + block.up.bytes() + block.down.bytes());
}

}  // namespace

FeedForward::FeedForward(const Config& config, const LayerWeights& weights, FeedForwardKind kind)
    : D(config.hidden),
      experts_(config.experts),
      kind_(kind),
      eps_(static_cast<float>(config.norm_eps)),
      norm_(decode_vector(weights.feed_forward_norm)) {
  if (kind == FeedForwardKind::dense) {
    always_ = weights.dense;
    return;
  }
  router_ = decode_matrix(weights.router);
  routed_ = weights.experts;
  always_ = weights.shared;
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

uint64_t FeedForward::run(int64_t T, Workspace& work, Compute& compute) const {
  const View<float> x = work.x.view(T, D), normed = work.normed.view(T, D);
  const bool routed = kind_ == FeedForwardKind::experts;
  const View<float> logits = work.router_logits.view(T, experts_.experts);
  compute.pool.parallel_for(T, 1, [&](int64_t t, int64_t, int) {
    compute.ops.rms_norm(x.row(t), norm_.data(), D, eps_, normed.row(t));
    if (!routed) return;
    compute.ops.product(normed.slice_rows(t, 1), router_.view(experts_.experts, D), logits.slice_rows(t, 1));
    choose(experts_, logits.row(t), work.chosen.data() + t * experts_.experts_per_token,
           work.chosen_weight.data() + t * experts_.experts_per_token);
  });
  std::vector<Task> tasks;
  std::vector<int64_t> pair_of;  // [T, K]
  gather(T, work, tasks, pair_of);
  run_tasks(tasks, work, compute);
  combine(T, pair_of, work, compute);
  uint64_t bytes = static_cast<uint64_t>(router_.size()) * sizeof(float);
  for (const Task& task : tasks) bytes += block_bytes(*task.weights);
  return bytes;
}

// Pairs of one expert lie together, ascending by expert and then by token; the shared block's rows come last.
void FeedForward::gather(int64_t T, Workspace& work, std::vector<Task>& tasks,
                         std::vector<int64_t>& pair_of) const {
  const int64_t K = kind_ == FeedForwardKind::experts ? experts_.experts_per_token : 0;
  std::vector<int64_t> count(routed_.size() + 1, 0);
  for (int64_t i = 0; i < T * K; ++i) ++count[static_cast<size_t>(work.chosen[i]) + 1];
  for (size_t e = 0; e < routed_.size(); ++e) {
    if (count[e + 1] > 0) tasks.push_back({&routed_[e], count[e], count[e + 1]});
    count[e + 1] += count[e];
  }
  pair_of.resize(static_cast<size_t>(T * K));
  for (int64_t t = 0; t < T; ++t) {
    const float* row = work.normed.data() + t * D;
    for (int64_t k = 0; k < K; ++k) {
      const int64_t pair = count[static_cast<size_t>(work.chosen[t * K + k])]++;
      pair_of[static_cast<size_t>(t * K + k)] = pair;
      std::copy(row, row + D, work.pair_in.data() + pair * D);
    }
  }
  if (always_.gate.present()) {
    tasks.push_back({&always_, T * K, T});
    std::copy(work.normed.data(), work.normed.data() + T * D, work.pair_in.data() + T * K * D);
  }
}

void FeedForward::run_tasks(const std::vector<Task>& tasks, Workspace& work, Compute& compute) const {
  struct Panel {
    const Task* task;
    int64_t row;
  };
  std::vector<Panel> up_panels, down_panels;
  for (const Task& task : tasks) {
    for (int64_t r = 0; r < task.weights->gate.rows; r += kPanelRows) up_panels.push_back({&task, r});
    for (int64_t r = 0; r < D; r += kPanelRows) down_panels.push_back({&task, r});
  }
  const int64_t stride = work.pair_act.size() / (work.pair_in.size() / D);  // widest F
  compute.pool.parallel_for(static_cast<int64_t>(up_panels.size()), 1, [&](int64_t i, int64_t, int worker) {
    const auto& [task, r] = up_panels[static_cast<size_t>(i)];
    const FeedForwardWeights& w = *task->weights;
    const int64_t rows = std::min(kPanelRows, w.gate.rows - r), n = task->pairs;
    float* scratch = compute.scratch(worker, kPanelRows * D + 2 * n * kPanelRows);
    const View<float> gate = make_view(scratch + kPanelRows * D, n, rows);
    const View<float> up = make_view(gate.data + n * kPanelRows, n, rows);
    const View<const float> in = make_view<const float>(work.pair_in.data() + task->first_pair * D, n, D);
    compute.ops.product(in, decode_panel(w.gate, r, rows, scratch), gate);
    compute.ops.product(in, decode_panel(w.up, r, rows, scratch), up);
    for (int64_t p = 0; p < n; ++p)
      compute.ops.swiglu(gate.row(p), up.row(p), rows,
                         work.pair_act.data() + (task->first_pair + p) * stride + r);
  });
  compute.pool.parallel_for(static_cast<int64_t>(down_panels.size()), 1, [&](int64_t i, int64_t, int worker) {
    const auto& [task, r] = down_panels[static_cast<size_t>(i)];
    const WeightView& down = task->weights->down;
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
