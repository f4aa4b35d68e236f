// SPDX-License-Identifier: Apache-2.0
#include "engine/engine_loop.h"

#include <chrono>
#include <future>
#include <utility>

#include "base/check.h"
#include "engine/page_bytes.h"

namespace sirocco {
namespace {

constexpr auto kRest = std::chrono::milliseconds(2);

}  // namespace

EngineLoop::EngineLoop(Model& model, const Tokenizer& tokenizer, const LoopOptions& options)
    : model_(model),
      options_(options),
      cache_(model.pages(), static_cast<int32_t>(Model::kPageTokens)),
      scheduler_(options.limits, cache_),
      answering_(tokenizer, options.request_limits.context_tokens),
      batch_(model.config().hidden, options.request_limits.image_token),
      pictures_(model),
      admission_(options.max_queue_requests, options.max_queue_tokens),
      tokenizer_(tokenizer) {
  CHECK(options.request_limits.context_tokens <= Scheduler::longest_sequence(cache_));
#ifndef NDEBUG
  cache_.on_free([this](int32_t page) { poison_page(model_, page); });
#endif
  publish_stats(nullptr);
  thread_ = std::thread([this] { loop(); });
}

EngineLoop::~EngineLoop() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

double EngineLoop::now_s() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Result<Stream> EngineLoop::submit(GenerateRequest request) {
  if (auto ok = check_request(request, options_.request_limits); !ok) return forward_error(ok);
  const auto tokens = static_cast<int64_t>(request.prompt.size());
  if (!admission_.enter(tokens)) return fail(ErrorKind::resource, "the queue is full");
  auto live = std::make_unique<LiveRequest>();
  live->stream = std::make_shared<StreamState>(request.choices);
  live->submitted_s = now_s();
  live->queued_tokens = tokens;
  // Prompt logits of cached pages would be missing.
  const bool takes_from_others = request.use_prefix_cache && request.prompt_logprobs < 0;
  live->shares_pages = takes_from_others || request.choices > 1;
  live->prompt_keys =
      prompt_keys(request, picture_key_, takes_from_others || request.choices == 1 ? 0 : ++nonces_);
  live->request = std::move(request);
  for (int i = 0; i < live->request.choices; ++i) live->choices.emplace_back(live->request, tokenizer_, i);
  Stream stream(live->stream);
  {
    const std::lock_guard lock(mutex_);
    inbox_.push_back(std::move(live));
  }
  wake_.notify_one();
  return stream;
}

void EngineLoop::call(const std::function<void(PageCache&)>& task) {
  std::promise<void> done;
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back([&] {
      task(cache_);
      done.set_value();
    });
  }
  wake_.notify_one();
  done.get_future().wait();
}

EngineStats EngineLoop::stats() const {
  const std::lock_guard lock(mutex_);
  EngineStats stats = stats_;
  stats.waiting = admission_.requests();
  stats.waiting_tokens = admission_.tokens();
  return stats;
}

void EngineLoop::loop() {
  while (next_work()) {
    const Plan plan = schedule();
    const double begin_s = now_s();
    const StepOutput output = run(plan);
    commit(plan, output, now_s() - begin_s);
    const bool encoded = encode();
    if (plan.items.empty() && !encoded) rest();
  }
  for (const auto& request : requests_) finish_all(*request, FinishReason::cancelled);
  forget_finished();
}

// All requests wait for somebody else, such as a session that holds pages while its file is read.
void EngineLoop::rest() {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, kRest, [&] { return ending_ || !inbox_.empty() || !tasks_.empty(); });
}

bool EngineLoop::next_work() {
  std::vector<std::unique_ptr<LiveRequest>> arrived;
  std::vector<Task> tasks;
  bool ending = false;
  {
    std::unique_lock lock(mutex_);
    if (requests_.empty() && inbox_.empty() && tasks_.empty()) {
      cache_.check();  // idle: the books must balance
      wake_.wait(lock, [&] { return ending_ || !inbox_.empty() || !tasks_.empty(); });
    }
    arrived.swap(inbox_);
    tasks.swap(tasks_);
    ending = ending_;
  }
  for (auto& request : arrived) begin(std::move(request));
  for (const Task& task : tasks) task();
  if (!tasks.empty()) publish_stats(nullptr);
  return !ending;
}

void EngineLoop::begin(std::unique_ptr<LiveRequest> request) {
  requests_.push_back(std::move(request));
  LiveRequest& live = *requests_.back();
  schedule_choice(live, live.choices[0]);
}

// The scheduler learns of choice 0 with the request, of the others when its prompt is computed.
void EngineLoop::schedule_choice(LiveRequest& live, Choice& choice) {
  SequenceSpec spec;
  spec.id = choice.sequence = next_sequence_++;
  spec.keys = live.prompt_keys;
  for (const int32_t token : choice.answer) spec.keys.push_back(static_cast<CacheKey>(token));
  spec.priority = live.request.priority;
  spec.arrival_s = live.submitted_s;
  if (live.request.timeout)
    spec.deadline_s = live.submitted_s + std::chrono::duration<double>(*live.request.timeout).count();
  for (const PromptPicture& picture : live.request.pictures)
    if (!picture.rows)
      spec.pending.push_back({picture.first_token, picture.first_token + picture.tokens});
  spec.use_prefix_cache = live.shares_pages;
  choice.scheduled = true;
  owners_[spec.id] = {&live, choice.index};
  scheduler_.add(std::move(spec));
}

void EngineLoop::drop_abandoned() {
  for (const auto& request : requests_)
    if (request->stream->cancelled()) finish_all(*request, FinishReason::cancelled);
  for (const SequenceId id : scheduler_.expired(now_s()))
    if (const auto owner = owners_.find(id); owner != owners_.end())
      finish_all(*owner->second.request, FinishReason::timeout);
  forget_finished();
}

Plan EngineLoop::schedule() {
  drop_abandoned();
  Plan plan = scheduler_.schedule();
  for (const PageCopy& copy : cache_.copies()) copy_page(model_, copy);
  cache_.copies_done();
  for (const SequenceId id : plan.started) {
    LiveRequest& live = *owners_.at(id).request;
    if (!live.in_queue()) continue;
    live.started_s = now_s();
    live.cached_tokens = scheduler_.sequence(id).cached_tokens;
    admission_.leave(live.queued_tokens);
  }
  for (const SequenceId id : plan.preempted) ++owners_.at(id).of().timings.preemptions;
  publish_stats(nullptr);  // whoever reads a first token finds its request among the running ones
  return plan;
}

StepOutput EngineLoop::run(const Plan& plan) {
  if (plan.items.empty()) return {};
  batch_.clear();
  for (const PlanItem& item : plan.items) {
    const Owner& owner = owners_.at(item.id);
    const bool every_row = owner.request->request.prompt_logprobs >= 0 && owner.of().answer.empty();
    batch_.add(item, *owner.request, owner.of(), every_row);
  }
  return model_.forward(batch_.batch());
}

void EngineLoop::publish_stats(const Plan* plan) {
  if (plan != nullptr && !plan->items.empty()) {
    ++totals_.steps;
    totals_.sequences_stepped += plan->items.size();
    totals_.preemptions += plan->preempted.size();
  }
  totals_.running = scheduler_.running();
  totals_.pages_free = cache_.counts().free;
  totals_.pages_held = cache_.counts().held;
  totals_.pages_cached = cache_.counts().cached;
  const std::lock_guard lock(mutex_);
  stats_ = totals_;
}

}  // namespace sirocco
