// SPDX-License-Identifier: Apache-2.0
// Scheduler: who runs in the next step, how many tokens each, and on which pages. A pure state machine over
// integers that reads no clock; the engine's thread alone calls it.
//
// One total order decides everything: rank = arrival + priority · kPrioritySeconds. A step of priority is
// worth so many seconds of waiting, so only finitely many requests can ever get ahead of a given one: nothing
// starves. The best-ranked sequence can always run, because preemption takes pages from the worst-ranked.
//
// A step holds one token of every decoding sequence and, next to them, chunks of prompts: as many tokens as
// the stall budget allows, divided by rank and shortness (prompt_share.h). A sequence whose next input is still
// being made (a picture) keeps its pages and skips steps. So does one whose prompt begins like another's that is
// being computed: it takes up the shared pages when they are there, instead of computing them too.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "cache/page_cache.h"
#include "sched/sequence.h"
#include "sched/stall_budget.h"

namespace sirocco {

struct SchedulerLimits {
  int64_t max_batch_tokens = 512;
  int max_running = 32;        // <= max_batch_tokens
  double stall_seconds = 0.5;  // longest that prompts of others should delay a step of those who decode
};

struct PlanItem {
  SequenceId id = 0;
  int64_t first_token = 0;  // = tokens in the cache before the step
  int64_t tokens = 0;       // > 0
  bool completes = false;   // reaches the last known token: a token is sampled from its logits
  std::span<const int32_t> pages;
};

struct Plan {
  std::vector<PlanItem> items;        // best rank first
  std::vector<SequenceId> started;    // had to wait until now
  std::vector<SequenceId> preempted;  // lost their pages, wait again
  int64_t tokens = 0;
  int64_t prompt_tokens = 0;  // of these
};

class Scheduler {
 public:
  static constexpr double kPrioritySeconds = 30.0;
  static constexpr int kMostPriority = 20;  // ten minutes of waiting; priorities beyond ±20 count as these
  static constexpr int64_t kSparePages = 2;  // that no sequence may count on: for copies of shared pages

  // REQUIRES: no sequence ever grows beyond longest_sequence(cache) tokens.
  Scheduler(const SchedulerLimits& limits, PageCache& cache);
  static int64_t longest_sequence(const PageCache& cache);  // in tokens

  void add(SequenceSpec spec);
  // REQUIRES (of the three below): the id is known.
  void append(SequenceId id, CacheKey key);  // a sampled token; REQUIRES: everything known is computed
  void finish(SequenceId id);                // in whatever state; its pages stay cached
  const Sequence& sequence(SequenceId id) const;
  void provide(SequenceId id, int64_t first_token);  // the pending input that begins there has arrived
  // The running sequence of best rank that waits for an input, and where that begins.
  std::optional<std::pair<SequenceId, int64_t>> awaited_input() const;

  std::vector<SequenceId> expired(double now_s) const;  // past their deadline; the caller finishes them
  Plan schedule();
  // The plan's items were computed. `seconds`: what the step took, for the stall budget.
  void commit(const Plan& plan, double seconds);

  bool idle() const { return sequences_.empty(); }
  int running() const { return static_cast<int>(running_.size()); }
  int waiting() const { return static_cast<int>(waiting_.size()); }

 private:
  using Ranked = std::set<std::pair<double, SequenceId>>;  // best first

  Sequence& at(SequenceId id);
  void admit(Plan& plan);
  bool try_start(Sequence& sequence);
  bool preemption_helps(const Sequence& sequence) const;
  Sequence* worst_running();
  void preempt(Sequence& sequence, Plan& plan);
  std::optional<Leader> find_leader(const Sequence& sequence) const;
  void take_up(Sequence& sequence);
  void start_or_follow(Sequence& sequence, Plan& plan);
  void part_from_leaders(Plan& plan);
  void plan_decoding(Plan& plan);
  void plan_prompts(Plan& plan);
  void add_item(Sequence& sequence, int64_t tokens, Plan& plan);
  void give_up_pages(Sequence& sequence);

  SchedulerLimits limits_;
  PageCache& cache_;
  StallBudget stall_;
  std::map<SequenceId, std::unique_ptr<Sequence>> sequences_;
  Ranked running_, waiting_;
};

}  // namespace sirocco
