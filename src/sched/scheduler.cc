// SPDX-License-Identifier: Apache-2.0
#include "sched/scheduler.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"
#include "sched/prompt_share.h"

namespace sirocco {

Scheduler::Scheduler(const SchedulerLimits& limits, PageCache& cache)
    : limits_(limits), cache_(cache), stall_(limits.stall_seconds, limits.max_batch_tokens) {
  CHECK(limits.max_running >= 1 && limits.max_running <= limits.max_batch_tokens);
}

int64_t Scheduler::longest_sequence(const PageCache& cache) {
  return std::max<int64_t>(0, (cache.pages() - kSparePages) * cache.page_tokens());
}

Sequence& Scheduler::at(SequenceId id) {
  const auto found = sequences_.find(id);
  CHECK(found != sequences_.end());
  return *found->second;
}

const Sequence& Scheduler::sequence(SequenceId id) const {
  const auto found = sequences_.find(id);
  CHECK(found != sequences_.end());
  return *found->second;
}

void Scheduler::add(SequenceSpec spec) {
  CHECK(!spec.keys.empty());
  CHECK(static_cast<int64_t>(spec.keys.size()) <= longest_sequence(cache_));
  auto sequence = std::make_unique<Sequence>();
  spec.priority = std::clamp(spec.priority, -kMostPriority, kMostPriority);
  sequence->rank = spec.arrival_s + kPrioritySeconds * spec.priority;
  sequence->spec = std::move(spec);
  const SequenceId id = sequence->spec.id;
  waiting_.insert({sequence->rank, id});
  CHECK(sequences_.emplace(id, std::move(sequence)).second);
}

void Scheduler::append(SequenceId id, CacheKey key) {
  Sequence& sequence = at(id);
  CHECK(sequence.remaining_tokens() == 0);
  sequence.spec.keys.push_back(key);
  CHECK(sequence.known_tokens() <= longest_sequence(cache_));
}

void Scheduler::give_up_pages(Sequence& sequence) {
  const auto computed = std::span(sequence.spec.keys).first(static_cast<size_t>(sequence.computed_tokens));
  cache_.release(sequence.lease, sequence.spec.use_prefix_cache ? computed : std::span<const CacheKey>());
}

void Scheduler::finish(SequenceId id) {
  Sequence& sequence = at(id);
  give_up_pages(sequence);
  (sequence.running ? running_ : waiting_).erase({sequence.rank, id});
  sequences_.erase(id);
}

void Scheduler::provide(SequenceId id, int64_t first_token) {
  std::erase_if(at(id).spec.pending,
                [&](const PendingInput& input) { return input.first_token == first_token; });
}

std::optional<std::pair<SequenceId, int64_t>> Scheduler::awaited_input() const {
  for (const auto& [rank, id] : running_)
    if (const PendingInput* input = sequence(id).awaited()) return std::pair(id, input->first_token);
  return std::nullopt;
}

std::vector<SequenceId> Scheduler::expired(double now_s) const {
  std::vector<SequenceId> ids;
  for (const auto& [id, sequence] : sequences_)
    if (sequence->spec.deadline_s <= now_s) ids.push_back(id);
  return ids;
}

Plan Scheduler::schedule() {
  Plan plan;
  part_from_leaders(plan);
  admit(plan);
  plan_decoding(plan);
  plan_prompts(plan);
  return plan;
}

Sequence* Scheduler::worst_running() {
  return running_.empty() ? nullptr : &at(running_.rbegin()->second);
}

void Scheduler::preempt(Sequence& sequence, Plan& plan) {
  give_up_pages(sequence);
  running_.erase({sequence.rank, sequence.spec.id});
  waiting_.insert({sequence.rank, sequence.spec.id});
  sequence.running = false;
  sequence.leader.reset();
  sequence.computed_tokens = 0;
  ++sequence.preemptions;
  plan.preempted.push_back(sequence.spec.id);
}

// Takes the pages of everything that is known, so that a prompt, once begun, cannot run out of them.
bool Scheduler::try_start(Sequence& sequence) {
  if (running() >= limits_.max_running) return false;
  const int64_t needed = cache_.pages_for(sequence.known_tokens());
  const int64_t known = cache_.known_prefix(sequence.spec.keys) / cache_.page_tokens();
  if (needed - known + running() > cache_.available()) return false;  // spares the copies of match()
  const std::span<const CacheKey> keys = sequence.spec.keys;
  // The last known token is computed in any case: its logits are wanted.
  if (sequence.spec.use_prefix_cache)
    sequence.computed_tokens = cache_.match(sequence.lease, keys.first(keys.size() - 1));
  const int64_t missing = needed - static_cast<int64_t>(sequence.lease.pages().size());
  // Those who run already will want a page each before long.
  if (missing + running() > cache_.available() || !cache_.grow(sequence.lease, sequence.known_tokens())) {
    cache_.release(sequence.lease, {});
    sequence.computed_tokens = 0;
    return false;
  }
  sequence.running = true;
  waiting_.erase({sequence.rank, sequence.spec.id});
  running_.insert({sequence.rank, sequence.spec.id});
  return true;
}

// Whether `sequence` would fit beside those of better rank. Shared pages count for each holder, so the answer
// may be a cautious no.
bool Scheduler::preemption_helps(const Sequence& sequence) const {
  int64_t better = 0, held = 0, worse = 0;
  for (const auto& [rank, id] : running_) {
    const auto pages = static_cast<int64_t>(this->sequence(id).lease.pages().size());
    (rank > sequence.rank ? worse : held) += pages;
    better += rank > sequence.rank ? 0 : 1;
  }
  held += std::max<int64_t>(0, cache_.counts().held - held - worse);  // by sessions that are saved or restored
  return better < limits_.max_running &&
         cache_.pages_for(sequence.known_tokens()) + better + held <= cache_.pages();
}

void Scheduler::admit(Plan& plan) {
  // Strictly in order of rank: letting a small one past a large one could starve the large one.
  while (!waiting_.empty()) {
    Sequence& next = at(waiting_.begin()->second);
    while (!try_start(next)) {
      Sequence* worst = worst_running();
      if (worst == nullptr || worst->rank <= next.rank || !preemption_helps(next)) return;
      preempt(*worst, plan);
    }
    start_or_follow(next, plan);
  }
}

// Of the prompts that are being computed, came before and are no less urgent: the one that shares most of what
// `sequence` still lacks.
std::optional<Leader> Scheduler::find_leader(const Sequence& sequence) const {
  std::optional<Leader> best;
  if (!sequence.spec.use_prefix_cache) return best;
  const std::span<const CacheKey> keys(sequence.spec.keys.data(), sequence.spec.keys.size() - 1);
  for (const auto& [rank, id] : running_) {
    if (id == sequence.spec.id) break;
    const Sequence& other = this->sequence(id);
    if (other.decoding() || !other.spec.use_prefix_cache) continue;
    if (other.spec.priority > sequence.spec.priority) continue;
    const auto shared = std::ranges::mismatch(keys, other.spec.keys).in1 - keys.begin();
    const int64_t whole = shared / cache_.page_tokens() * cache_.page_tokens();
    if (whole > (best ? best->until_tokens : sequence.computed_tokens)) best = Leader{id, whole};
  }
  return best;
}

// Exchanges what `sequence` reserved for what the tree has by now. Its own pages suffice for the rest: they
// were as many as all its tokens need.
void Scheduler::take_up(Sequence& sequence) {
  const std::span<const CacheKey> keys(sequence.spec.keys.data(), sequence.spec.keys.size() - 1);
  if (cache_.known_prefix(keys) <= sequence.computed_tokens) return;
  cache_.release(sequence.lease, {});
  sequence.computed_tokens = cache_.match(sequence.lease, keys);
  CHECK(cache_.grow(sequence.lease, sequence.known_tokens()));
}

void Scheduler::start_or_follow(Sequence& sequence, Plan& plan) {
  sequence.leader = find_leader(sequence);
  if (sequence.leader || sequence.started) return;
  sequence.started = true;
  sequence.cached_tokens = sequence.computed_tokens;
  plan.started.push_back(sequence.spec.id);
}

void Scheduler::part_from_leaders(Plan& plan) {
  for (const auto& [rank, id] : running_) {
    Sequence& sequence = at(id);
    if (!sequence.leader) continue;
    const auto found = sequences_.find(sequence.leader->id);
    const bool ahead = found != sequences_.end() && found->second->running &&
                       found->second->computed_tokens < sequence.leader->until_tokens;
    if (ahead) continue;
    take_up(sequence);
    start_or_follow(sequence, plan);
  }
}

void Scheduler::plan_decoding(Plan& plan) {
  std::vector<SequenceId> decoding;  // best rank first, so that victims come after those already planned
  for (const auto& [rank, id] : running_)
    if (at(id).decoding() && at(id).ready_tokens() > 0) decoding.push_back(id);
  for (const SequenceId id : decoding) {
    Sequence& sequence = at(id);
    while (sequence.running && !cache_.grow(sequence.lease, sequence.known_tokens()))
      preempt(*worst_running(), plan);
    if (sequence.running) add_item(sequence, 1, plan);
  }
}

void Scheduler::plan_prompts(Plan& plan) {
  std::vector<Sequence*> prompts;
  std::vector<int64_t> wanted;
  for (const auto& [rank, id] : running_) {
    Sequence& sequence = at(id);
    if (sequence.decoding() || sequence.leader || sequence.ready_tokens() == 0) continue;
    prompts.push_back(&sequence);
    wanted.push_back(sequence.ready_tokens());
  }
  int64_t budget = limits_.max_batch_tokens - plan.tokens;
  if (!plan.items.empty()) budget = std::min(budget, stall_.tokens());
  const std::vector<int64_t> shares = share_prompts(wanted, budget);
  for (size_t i = 0; i < prompts.size(); ++i)
    if (shares[i] > 0) add_item(*prompts[i], shares[i], plan);
  plan.prompt_tokens = std::accumulate(shares.begin(), shares.end(), int64_t{0});
}

void Scheduler::add_item(Sequence& sequence, int64_t tokens, Plan& plan) {
  const bool completes = tokens == sequence.remaining_tokens();
  plan.items.push_back(
      {sequence.spec.id, sequence.computed_tokens, tokens, completes, sequence.lease.pages()});
  plan.tokens += tokens;
}

void Scheduler::commit(const Plan& plan, double seconds) {
  stall_.observe(plan.prompt_tokens, seconds);
  for (const PlanItem& item : plan.items) {
    Sequence& sequence = at(item.id);
    CHECK(sequence.running && sequence.computed_tokens == item.first_token);
    sequence.computed_tokens += item.tokens;
    if (sequence.spec.use_prefix_cache)
      cache_.publish(sequence.lease,
                     std::span(sequence.spec.keys).first(static_cast<size_t>(sequence.computed_tokens)));
  }
}

}  // namespace sirocco
