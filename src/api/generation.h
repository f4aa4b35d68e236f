// SPDX-License-Identifier: Apache-2.0
// Generation: runs a request on the engine and carries its events to the client, whole or as a stream. One
// implementation for all surfaces; what differs between them is a ReplyWriter.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/call.h"
#include "api/constraint.h"
#include "api/reply.h"
#include "sirocco/request.h"

namespace sirocco::api {

// What a writer may ask about the request that it answers.
struct AnswerFacts {
  std::string id = {};     // of the answer: "chatcmpl-…"
  std::string model = {};  // as the client named it
  int64_t created_s = 0;
  size_t per_prompt = 1;  // choices of a prompt
  int slot = -1;
};

// One surface's dialect. A stream is open() + on_event()… + close(); a whole answer is whole().
class ReplyWriter {
 public:
  virtual ~ReplyWriter() = default;
  virtual void on_slot(int) {}  // the number under which /slots shows the request; first of all calls
  virtual std::string open() { return {}; }
  virtual std::string on_event(const Event& event, const Reply& so_far) = 0;
  virtual std::string close(const Reply& reply) = 0;
  virtual std::string error(const ApiError& error) = 0;  // in mid-stream, in place of close()
  virtual Json whole(const Reply& reply) = 0;
  virtual std::string ping() const { return ": ping\n\n"; }
};

struct GenerationPlan {
  std::vector<GenerateRequest> requests = {};  // one a prompt; equal `choices`
  std::optional<Constraint> constraint = {};   // that every answer follows
  std::unique_ptr<ReplyWriter> writer = {};
  bool stream = false;
  int wanted_slot = -1;
  std::chrono::milliseconds ping_interval{-1};  // negative: the server's
};

// Compiles the grammar of plan.constraint, in the background if it is a new one, then submits. Fails with the
// engine's reason, before anything was sent.
void run_generation(const CallPtr& call, GenerationPlan plan);

// The checks that need no prompt: a full queue is said at once, before any templating.
std::optional<ApiError> refuse_early(Call& call);

std::string sse(const Json& json);                          // "data: …\n\n"
std::string sse(std::string_view event, const Json& json);  // with its event name

}  // namespace sirocco::api
