// SPDX-License-Identifier: Apache-2.0
// Slots: llama-server's view of who runs. The engine has no slots, it has sequences; a slot here is a number
// that a running request holds and the tokens that its last user left behind, which is what can be saved.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/json.h"
#include "sirocco/event.h"
#include "sirocco/request.h"

namespace sirocco::api {

// What runs, or ran last, in a slot.
struct SlotTask {
  std::string request_id = {};
  Json params = {};  // settings_json
  int64_t prompt_tokens = 0;
  int64_t max_tokens = -1;
};

struct SlotProgress {
  PromptProgress prompt;
  int64_t answer_tokens = 0;
  bool broke_line = false;
};

struct SlotState {
  bool busy = false;
  int64_t number = -1;  // of its task, counted over all slots; -1: none yet
  SlotTask task;
  SlotProgress progress;
  Session session;  // prompt and answer of the last request that ended here
};

class Slots {
 public:
  void resize(size_t count);
  size_t count() const;
  // The wanted slot if it is free, else the lowest free one, else -1: more run than there are slots.
  int acquire(int wanted, SlotTask task);
  void advance(int slot, const SlotProgress& progress);  // REQUIRES: acquired, as below
  void release(int slot, Session session);
  bool set_session(int slot, Session session);  // false: no such slot
  std::vector<SlotState> snapshot() const;

 private:
  mutable std::mutex mutex_;
  std::vector<SlotState> slots_;
  int64_t tasks_ = 0;
};

}  // namespace sirocco::api
