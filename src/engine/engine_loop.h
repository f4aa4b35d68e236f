// SPDX-License-Identifier: Apache-2.0
// EngineLoop: the one thread that owns the model, the cache and every live request. Three verbs a turn:
// schedule (integers) → run (the model) → commit (tokens, events, pages); and a fourth where pictures wait:
// encode a bounded piece of one. Other threads only leave requests in the inbox and read streams.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/answering.h"
#include "engine/batch_builder.h"
#include "engine/check_request.h"
#include "engine/live_request.h"
#include "engine/picture_cache.h"
#include "engine/picture_turns.h"
#include "run/model.h"
#include "sched/admission.h"
#include "sched/scheduler.h"
#include "sirocco/engine.h"

namespace sirocco {

struct LoopOptions {
  SchedulerLimits limits;
  RequestLimits request_limits;
  int max_queue_requests = 1024;
  int64_t max_queue_tokens = 1 << 22;
  PictureCache* picture_cache = nullptr;  // outlives the loop; null: none
  std::function<void(LogLevel, std::string_view)> log;
};

class EngineLoop {
 public:
  // REQUIRES: the model's cache is reserved; context_tokens <= Scheduler::longest_sequence. Both outlive it.
  EngineLoop(Model& model, const Tokenizer& tokenizer, const LoopOptions& options);
  ~EngineLoop();  // ends all streams with `cancelled`

  Result<Stream> submit(GenerateRequest request);
  EngineStats stats() const;
  // What the prefix tree knows a session by; of pictures, only while this engine lives.
  std::vector<CacheKey> keys_of(const Session& session) const { return session_keys(session, picture_key_); }
  // Runs `task` on the engine's thread between two steps and waits for it.
  void call(const std::function<void(PageCache&)>& task);

 private:
  using Task = std::function<void()>;

  void loop();
  bool next_work();  // waits for some; false: the engine ends
  void begin(std::unique_ptr<LiveRequest> request);
  void drop_abandoned();  // clients that left, deadlines that passed
  Plan schedule();
  StepOutput run(const Plan& plan);
  void commit(const Plan& plan, const StepOutput& output, double step_seconds);
  bool encode();  // a piece of the picture that the request of best rank waits for; false: none waits
  void rest();

  struct Owner {
    LiveRequest* request = nullptr;
    int choice = 0;
    Choice& of() const { return request->choices[static_cast<size_t>(choice)]; }
  };
  // A choice whose next token a step has computed, and what came of taking it.
  struct Taken {
    Owner owner;
    std::span<const float> logits;
    bool first;  // of the answer
    Delta delta;
    std::optional<Finish> ending;
  };
  std::optional<Taken> commit_item(const PlanItem& item, size_t number, const StepOutput& output, double now_s);
  void note_prompt(const PlanItem& item, LiveRequest& request, size_t number, const StepOutput& output,
                   double now_s);
  void take_tokens(std::vector<Taken>& taken);  // of all at the same time: the choices share nothing
  void publish(Taken& taken, double now_s);
  void start_other_choices(LiveRequest& request, std::span<const float> logits, double now_s);
  void finish(const Owner& owner, Finish result, Delta delta);  // whose usage and timings are yet to be filled in
  void finish_all(LiveRequest& request, FinishReason reason, const std::string& error = {});
  bool picture_is_wanted(const ContentHash& content_hash) const;
  void provide_rows(const ContentHash& content_hash, const PictureCache::Rows& rows);
  void schedule_choice(LiveRequest& request, Choice& choice);
  void forget_finished();
  std::span<const float> logits_row(const StepOutput& output, int64_t row) const;
  void publish_stats(const Plan* plan);
  double now_s() const;

  Model& model_;
  LoopOptions options_;
  const KeyedHash picture_key_;
  PageCache cache_;
  Scheduler scheduler_;
  Answering answering_;
  BatchBuilder batch_;
  PictureTurns pictures_;
  Admission admission_;
  const Tokenizer& tokenizer_;
  std::list<std::unique_ptr<LiveRequest>> requests_;
  std::unordered_map<SequenceId, Owner> owners_;
  SequenceId next_sequence_ = 1;
  std::atomic<uint64_t> nonces_ = 0;
  EngineStats totals_;  // the thread's own copy

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable wake_;
  std::vector<std::unique_ptr<LiveRequest>> inbox_;
  std::vector<Task> tasks_;
  EngineStats stats_;
  bool ending_ = false;

  std::thread thread_;  // last: starts when all else is ready
};

}  // namespace sirocco
