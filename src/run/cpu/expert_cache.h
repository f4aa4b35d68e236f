// SPDX-License-Identifier: Apache-2.0
// ExpertCache: packed routed experts, where memory has no room for all of them. They share rooms of one size. An
// expert that is chosen and has none takes the room of the one that was chosen least of late, and is packed from the
// file again. Counts fade with the tokens that pass. Those of a step count from the next one on, or layers that had
// their turn would drive out the ones to come; among equals the one that was wanted last goes first, since its layer is
// the farthest (arXiv:2602.03921 compares such rules).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/read_ahead.h"
#include "run/cpu/packed_experts.h"
#include "run/cpu/weight_arena.h"

namespace sirocco {

class ExpertCache {
 public:
  // An expert without memory of its own. It must stay where it is and live as long. Comes before open().
  void add(ExpertMatrices& expert);
  // Takes rooms for as many experts as `bytes` hold, at least one, at most as many as were added. Where the system
  // gives none at all, the experts are left unpacked.
  void open(uint64_t bytes, WeightArena& arena);

  // How many of `tasks`, from the first on, can be computed now. Those of them that had no room have one, and must be
  // packed; the disk is asked for all that must. Tasks of experts that were not added count as well. REQUIRES: tasks,
  // each of another expert.
  size_t admit(std::span<const ExpertTask> tasks);
  // A step begins: `tokens` will pass the layers.
  void pass(int64_t tokens);

  int64_t experts() const { return std::ssize(experts_); }
  int64_t rooms() const { return std::ssize(rooms_); }
  uint64_t room_bytes() const { return room_bytes_; }  // of one

 private:
  struct Expert {
    ExpertMatrices* matrices;
    double uses = 0.0;      // in steps before its last: pairs, each weighed by when it passed
    double last_uses = 0.0;  // in its last step
    int64_t last_step = -1;
    int64_t wanted = -1;  // the last admit()
  };
  struct Room {
    std::byte* bytes;
    int64_t expert = -1;  // in it
  };
  static uint64_t bytes_of(const ExpertMatrices& expert);
  double uses_before(const Expert& expert) const;  // this step
  Room& room_to_take();
  void move_in(Expert& expert, Room& room);

  std::vector<Expert> experts_;
  std::vector<Room> rooms_;
  uint64_t room_bytes_ = 0;
  ReadAhead read_ahead_;
  double weight_ = 1.0;  // of a pair that passes now
  int64_t step_ = 0, now_ = 0;  // calls of pass() and of admit()
};

}  // namespace sirocco
