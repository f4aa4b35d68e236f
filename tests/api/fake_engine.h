// SPDX-License-Identifier: Apache-2.0
// An Engine without a model: bytes are tokens, and what it answers follows from the last thing said to it.
// One thread steps all requests, a token each, so that queueing, cancelling and streaming behave as with a
// real one. Scripts, by the last user or tool text:
//   "call NAME ARGS"   a tool call          "two calls"  two of them
//   "fail"             ends with an error   "forever"    never ends by itself
//   "contradict"       ends with the error that the request left no token to sample
//   anything else      "You said: …"; a thought in front where the effort is high
// A picture is any data: URL of type image/…, 2 × 2 squares large.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

#include "engine/stream_state.h"
#include "sirocco/engine.h"

namespace sirocco {

struct FakeOptions {
  int max_running = 8;
  int max_waiting = 64;
  int64_t context_tokens = 4096;
  std::chrono::microseconds step{0};
  int prompt_steps = 1;  // steps before the first token
  bool infill = true;
};

class FakeEngine final : public Engine {
 public:
  explicit FakeEngine(FakeOptions options = {});
  ~FakeEngine() override;

  const EngineInfo& info() const override { return info_; }
  EngineStats stats() const override;
  Result<GenerateRequest> chat_request(std::string_view json, ChatRules rules,
                                       std::vector<std::string>* ignored) const override;
  Result<void> read_fields(std::string_view json, GenerateRequest& request,
                           std::vector<std::string>* ignored) const override;
  Result<PictureTokens> picture(std::string_view url) const override;
  std::vector<int32_t> tokenize(std::string_view text, const TokenizeOptions& options) const override;
  Result<std::vector<int32_t>> infill_prompt(std::string_view prefix, std::string_view suffix) const override;
  std::string detokenize(std::span<const int32_t> ids, bool spell_special) const override;
  std::string token_bytes(int32_t id) const override;
  Result<Stream> submit(GenerateRequest request) override;
  Result<int64_t> save_session(const Session& session, const std::string& path) override;
  Result<Session> restore_session(const std::string& path) override;
  void drop_cached_prefixes() override { ++drops; }

  std::atomic<int> cancelled = 0;  // streams that ended because their reader left
  std::atomic<int> drops = 0;

 private:
  struct Live;
  void run();
  bool step(Live& live);  // true when it is over
  std::string script_of(const GenerateRequest& request) const;

  const FakeOptions options_;
  EngineInfo info_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::list<Live> live_;  // guarded by mutex_
  EngineStats stats_;     // guarded by mutex_
  bool stop_ = false;     // guarded by mutex_
  std::thread thread_;
};

}  // namespace sirocco
