// SPDX-License-Identifier: Apache-2.0
// Slots: llama-server's view of who runs. The engine has no slots, it has sequences; a slot here is a number
// that a running request holds and the tokens that its last user left behind, which is what can be saved.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "sirocco/request.h"

namespace sirocco::api {

struct SlotState {
  bool busy = false;
  int64_t task = -1;
  std::string request_id;
  Session session;  // prompt and answer of the last request that ended here
  int64_t prompt_tokens = 0, answer_tokens = 0;
};

class Slots {
 public:
  void resize(size_t count);
  size_t count() const;
  // The wanted slot if it is free, else the lowest free one, else -1: more run than there are slots.
  int acquire(int wanted, const std::string& request_id, int64_t prompt_tokens);
  void release(int slot, Session session, int64_t answer_tokens);
  bool set_session(int slot, Session session);  // false: no such slot
  std::vector<SlotState> snapshot() const;

 private:
  mutable std::mutex mutex_;
  std::vector<SlotState> slots_;
  int64_t next_task_ = 0;
};

}  // namespace sirocco::api
