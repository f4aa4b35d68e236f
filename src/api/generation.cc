// SPDX-License-Identifier: Apache-2.0
#include "api/generation.h"

#include <fmt/format.h>

#include <algorithm>

#include "api/settings.h"

namespace sirocco::api {
namespace {

// A client that reads slower than the model writes leaves events in the engine's stream, which merges them.
constexpr size_t kMaxBacklogBytes = 256 << 10;

class Generation : public std::enable_shared_from_this<Generation> {
 public:
  Generation(CallPtr call, GenerationPlan plan, std::vector<Stream> streams,
             const std::vector<int64_t>& prompt_tokens, int slot)
      : call_(std::move(call)),
        plan_(std::move(plan)),
        streams_(std::move(streams)),
        slot_(slot),
        reply_(prompt_tokens, static_cast<size_t>(plan_.requests[0].choices)) {}

  void start() {
    if (plan_.stream) {
      const auto ping =
          plan_.ping_interval.count() >= 0 ? plan_.ping_interval : call_->service().options().ping_interval;
      call_->start_events(ping, plan_.writer->ping(), plan_.writer->open());
    }
    const auto self = shared_from_this();
    call_->exchange().on_gone([self] { self->leave(); });
    for (Stream& stream : streams_) {
      stream.on_ready([weak = weak_from_this(), exchange = call_->exchange().weak_from_this()] {
        const auto alive = exchange.lock();
        if (alive)
          alive->post([weak] {
            if (const auto generation = weak.lock()) generation->pump();
          });
      });
    }
    self_ = self;
    pump();
  }

 private:
  // The client left: nothing may be computed for it any more.
  void leave() {
    call_->note("client", "left");
    for (Stream& stream : streams_) stream.cancel();
    pump();
  }

  void pump() {
    if (over_) return;
    const size_t per_stream = reply_.choices.size() / streams_.size();
    for (size_t i = 0; i < streams_.size(); ++i) {
      while (auto event = next_event(streams_[i])) {
        event->choice += static_cast<int>(i * per_stream);
        take(*event);
      }
    }
    if (reply_.finished()) return end();
    if (call_->exchange().gone() && all_ended()) return end();
    if (held_back_) {
      held_back_ = false;
      call_->exchange().on_drained([self = shared_from_this()] { self->pump(); });
    }
  }

  std::optional<Event> next_event(Stream& stream) {
    if (plan_.stream && !call_->exchange().gone() && call_->exchange().backlog_bytes() > kMaxBacklogBytes) {
      held_back_ = true;
      return std::nullopt;
    }
    return stream.try_next();
  }

  bool all_ended() const {
    return std::all_of(streams_.begin(), streams_.end(), [](const Stream& stream) { return stream.ended(); });
  }

  void take(const Event& event) {
    reply_.add(event);
    if (first_token_s_ < 0.0 && std::holds_alternative<Delta>(event.what)) first_token_s_ = call_->seconds();
    if (const auto* finish = std::get_if<Finish>(&event.what)) measure(*finish);
    show_in_slot(reply_.choices[static_cast<size_t>(event.choice)]);
    if (plan_.stream && !reply_.failure()) call_->exchange().write(plan_.writer->on_event(event, reply_));
  }

  // Of several prompts the first one, of several answers the longest.
  void show_in_slot(const ChoiceReply& choice) {
    if (slot_ < 0) return;
    progress_.prompt = reply_.prompts[0];
    progress_.answer_tokens = std::max(progress_.answer_tokens, std::ssize(choice.tokens));
    progress_.broke_line |= choice.broke_line;
    call_->service().slots().advance(slot_, progress_);
  }

  void measure(const Finish& finish) {
    call_->service().metrics().add_request({.reason = finish.reason,
                                            .usage = finish.usage,
                                            .timings = finish.timings,
                                            .first_token_s = first_token_s_,
                                            .total_s = call_->seconds(),
                                            .max_tokens = plan_.requests[0].max_tokens,
                                            .choices = plan_.requests[0].choices});
  }

  void end() {
    over_ = true;
    const auto keep = std::move(self_);
    describe();
    release_slot();
    const Finish* failure = reply_.failure();
    const std::optional<ApiError> error = failure ? std::optional(error_of(*failure)) : std::nullopt;
    if (plan_.stream) {
      if (error) call_->note("error", error->message);
      call_->exchange().write(error ? plan_.writer->error(*error) : plan_.writer->close(reply_));
      call_->exchange().finish();
    } else if (call_->exchange().gone()) {
      // nobody to answer
    } else if (error) {
      call_->fail(*error);
    } else {
      call_->respond(plan_.writer->whole(reply_));
    }
    call_->exchange().on_gone({});  // drops the reference to this
  }

  static ApiError error_of(const Finish& finish) {
    if (finish.request_at_fault)  // the client's mistake: a schema and allowed_token_ids, say
      return {.status = 400, .message = finish.error};
    if (finish.reason == FinishReason::error) return {.status = 500, .message = finish.error};
    return {
        .status = 503, .message = "the request was cancelled: the server is stopping", .retry_after_s = 5};
  }

  void describe() {
    std::string why;
    for (const ChoiceReply& choice : reply_.choices) {
      if (!why.empty()) why += ",";
      why += choice.finish ? finish_reason_name(choice.finish->reason) : "unfinished";
    }
    const Usage usage = reply_.usage(static_cast<size_t>(plan_.requests[0].choices));
    call_->note("end", why);
    call_->note("prompt_tokens", usage.prompt_tokens);
    call_->note("cached_tokens", usage.cached_tokens);
    call_->note("completion_tokens", usage.completion_tokens);
    if (first_token_s_ >= 0.0) call_->note("first_token_ms", static_cast<int64_t>(first_token_s_ * 1e3));
    if (const auto& finish = reply_.choices[0].finish; finish && finish->timings.queue_ms >= 1.0) {
      call_->note("queue_ms", static_cast<int64_t>(finish->timings.queue_ms));
    }
  }

  void release_slot() {
    if (slot_ < 0) return;
    Session session = session_of(plan_.requests[0]);
    const std::vector<int32_t>& answer = reply_.choices[0].tokens;
    session.ids.insert(session.ids.end(), answer.begin(), answer.end());
    call_->service().slots().release(slot_, std::move(session));
  }

  const CallPtr call_;
  GenerationPlan plan_;  // of its requests the first alone: they differ in their prompts only
  std::vector<Stream> streams_;
  const int slot_;
  Reply reply_;
  std::shared_ptr<Generation> self_;  // until end(): the engine's wake-ups hold only a weak reference
  SlotProgress progress_;
  double first_token_s_ = -1.0;
  bool held_back_ = false;
  bool over_ = false;
};

std::optional<ApiError> context_error(const Engine& engine, const GenerateRequest& request) {
  const int64_t limit = engine.info().context_tokens;
  const auto length = static_cast<int64_t>(request.prompt.size());
  if (limit <= 0 || length < limit) return std::nullopt;
  return ApiError::too_long({.prompt_tokens = length, .context_tokens = limit});
}

}  // namespace

std::optional<ApiError> refuse_early(Call& call) {
  const int most = call.service().options().max_queue_requests;
  if (most <= 0 || call.engine().stats().waiting < most) return std::nullopt;
  return ApiError{.status = 429, .message = "the queue is full", .retry_after_s = 1};
}

namespace {

// Many prompts enter the queue together or not at all.
std::optional<ApiError> queue_error(Call& call, const GenerationPlan& plan) {
  const int64_t most = call.service().options().max_queue_tokens;
  if (plan.requests.size() < 2 || most <= 0) return std::nullopt;
  int64_t tokens = 0;
  for (const GenerateRequest& request : plan.requests) tokens += std::ssize(request.prompt);
  if (tokens > most)
    return ApiError::bad_request(
        fmt::format("prompt: {} tokens in {} prompts, no more than {} may wait", tokens, plan.requests.size(), most),
        "prompt");
  if (call.engine().stats().waiting_tokens + tokens <= most) return std::nullopt;
  return ApiError{.status = 429, .message = "the queue has no room for so many tokens", .retry_after_s = 1};
}

void submit(const CallPtr& call, GenerationPlan plan) {
  if (auto error = queue_error(*call, plan)) return call->fail(*error);
  std::vector<Stream> streams;
  std::vector<int64_t> prompt_tokens;
  for (GenerateRequest& request : plan.requests) {
    if (auto error = context_error(call->engine(), request)) return call->fail(*error);
    if (!request.timeout) request.timeout = call->service().options().request_timeout;
    request.id = call->id();
    request.report_progress = true;  // /slots and running counts show it, whether the client asked or not
    prompt_tokens.push_back(std::ssize(request.prompt));
    auto stream = call->engine().submit(streams.empty() ? request : std::move(request));
    if (!stream) return call->fail(ApiError::from(stream.error()));
    streams.push_back(*std::move(stream));
  }
  plan.requests.resize(1);
  const GenerateRequest& first = plan.requests[0];
  const int slot = call->service().slots().acquire(plan.wanted_slot, {.request_id = call->id(),
                                                                      .params = settings_json(first),
                                                                      .prompt_tokens = std::ssize(first.prompt),
                                                                      .max_tokens = first.max_tokens});
  plan.writer->on_slot(std::max(slot, 0));
  std::make_shared<Generation>(call, std::move(plan), std::move(streams), prompt_tokens, slot)->start();
}

void submit_masked(const CallPtr& call, GenerationPlan plan, const ApiResult<Compiled>& compiled) {
  if (!compiled) return call->fail(compiled.error());
  call->note_ignored(compiled->ignored);
  for (GenerateRequest& request : plan.requests) request.mask = compiled->mask;
  submit(call, std::move(plan));
}

}  // namespace

void run_generation(const CallPtr& call, GenerationPlan plan) {
  if (!plan.constraint) return submit(call, std::move(plan));
  auto begun = call->service().constraints()->begin(*plan.constraint);
  if (!begun) return call->fail(begun.error());
  if (begun->ready) return submit_masked(call, std::move(plan), *std::move(begun->ready));
  const auto shared = std::make_shared<GenerationPlan>(std::move(plan));
  const auto compile = [call, shared, run = std::move(begun->run)] {
    if (call->exchange().gone()) return call->note("client", "left");
    const auto started = std::chrono::steady_clock::now();
    auto compiled = run();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - started;
    call->exchange().post([call, shared, ms = took.count(), compiled = std::move(compiled)] {
      call->note("grammar_ms", static_cast<int64_t>(ms));
      if (call->exchange().gone()) return call->note("client", "left");
      submit_masked(call, std::move(*shared), compiled);
    });
  };
  const int most = call->service().options().max_queue_requests;
  if (!call->service().background().post(compile, most > 0 ? static_cast<size_t>(most) : SIZE_MAX))
    call->fail({.status = 429, .message = "too many grammars are being compiled", .retry_after_s = 1});
}

std::string sse(const Json& json) {
  return "data: " + to_text(json) + "\n\n";
}

std::string sse(std::string_view event, const Json& json) {
  return fmt::format("event: {}\ndata: {}\n\n", event, to_text(json));
}

}  // namespace sirocco::api
