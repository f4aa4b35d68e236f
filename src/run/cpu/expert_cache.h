// SPDX-License-Identifier: Apache-2.0
// ExpertCache: packed routed experts, where memory has no room for all of them. They share rooms of one size. An
// expert that is chosen and has none takes the room of the one that was chosen least of late, and is packed from the
// file again. Counts fade with the tokens that pass. Those of a step count from the next one on, or layers that had
// their turn would drive out the ones to come; among equals the one that was wanted last goes first, since its layer is
// the farthest (arXiv:2602.03921 compares such rules).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/mapped_file.h"
#include "base/read_ahead.h"
#include "run/cpu/expert_reader.h"
#include "run/cpu/packed_experts.h"
#include "run/cpu/weight_arena.h"

namespace sirocco {

class ExpertCache {
 public:
  // An expert without memory of its own. It must stay where it is and live as long. Comes before open().
  void add(ExpertMatrices& expert);
  // Takes rooms for as many experts as `bytes` hold, at least one, at most as many as were added. Where the system
  // gives none at all, the experts are left unpacked. `files`: that they are views of.
  void open(uint64_t bytes, WeightArena& arena, std::span<const MappedFile> files = {});

  // How many of `tasks`, from the first on, can be computed now. Those of them that had no room have one, and must be
  // packed: fetch() brings them. Tasks of experts that were not added count as well. REQUIRES: tasks, each of another
  // expert.
  size_t admit(std::span<const ExpertTask> tasks);
  // Waits until the bytes of these tasks' promised experts are read. They are the next ones of those that were
  // admitted, kFetched at most; those before them must be packed by now.
  void fetch(std::span<const ExpertTask> tasks);
  static constexpr size_t kFetched = ExpertReader::kTogether;
  // A step begins: `tokens` will pass the layers.
  void pass(int64_t tokens);

  uint64_t admitted() const { return admitted_; }  // experts that were added, so far
  uint64_t moved_in() const { return moved_in_; }  // of them those that had no room
  int64_t experts() const { return std::ssize(experts_); }
  int64_t rooms() const { return std::ssize(rooms_); }
  uint64_t room_bytes() const { return room_bytes_; }  // of one
  uint64_t bytes() const;                              // of all, and of what is being read

 private:
  struct Expert {
    ExpertMatrices* matrices;
    double uses = 0.0;  // in steps before its last: pairs, each weighed by when it passed
    double last_uses = 0.0;
    int64_t last_step = -1;
    int64_t wanted = -1;  // the last admit()
  };
  struct Room {
    std::byte* bytes;
    int64_t expert = -1;  // in it
  };
  double uses_before(const Expert& expert) const;  // this step
  Room& room_to_take();
  void move_in(Expert& expert, Room& room);

  std::vector<Expert> experts_;
  std::vector<Room> rooms_;
  uint64_t room_bytes_ = 0;
  int64_t largest_ = 0;                   // expert, in the file
  ReadAhead read_ahead_;                  // of experts with memory of their own
  std::unique_ptr<ExpertReader> reader_;  // of the others; null: there are none
  uint64_t admitted_ = 0, moved_in_ = 0;
  double weight_ = 1.0;         // of a pair that passes now
  int64_t step_ = 0, now_ = 0;  // calls of pass() and of admit()
};

}  // namespace sirocco
