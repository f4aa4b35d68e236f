// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/expert_cache.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace sirocco {
namespace {

constexpr double kHalfLife = 1024;  // tokens
constexpr double kHeaviest = 1e100;

}  // namespace

void ExpertCache::add(ExpertMatrices& expert) {
  expert.cached_as = experts();
  experts_.push_back({&expert});
  room_bytes_ = std::max(room_bytes_, expert.bytes());
  largest_ = std::max(largest_, ExpertReader::bytes_of(expert));
}

void ExpertCache::open(uint64_t bytes, WeightArena& arena, std::span<const MappedFile> files) {
  if (experts_.empty()) return;
  const int64_t wanted = std::clamp<int64_t>(static_cast<int64_t>(bytes / room_bytes_), 1, experts());
  for (int64_t i = 0; i < wanted; ++i) {
    std::byte* room = arena.allocate(static_cast<int64_t>(room_bytes_));
    if (room == nullptr) break;
    rooms_.push_back({room});
  }
  if (!rooms_.empty()) {
    reader_ = std::make_unique<ExpertReader>(files, largest_);
    return;
  }
  for (const Expert& expert : experts_)
    *expert.matrices = {Matrix(expert.matrices->gate.source()), Matrix(expert.matrices->up.source()),
                        Matrix(expert.matrices->down.source())};
  experts_.clear();
}

uint64_t ExpertCache::bytes() const {
  return room_bytes_ * rooms_.size() + (reader_ ? reader_->bytes() : 0);
}

void ExpertCache::pass(int64_t tokens) {
  weight_ *= std::exp2(static_cast<double>(tokens) / kHalfLife);
  ++step_;
  if (weight_ < kHeaviest) return;
  for (Expert& expert : experts_) {
    expert.uses /= weight_;
    expert.last_uses /= weight_;
  }
  weight_ = 1.0;
}

size_t ExpertCache::admit(std::span<const ExpertTask> tasks) {
  ++now_;
  size_t count = 0;
  for (int64_t seated = 0; count < tasks.size(); ++count) {
    const int64_t number = tasks[count].weights->cached_as;
    if (number < 0) continue;
    if (seated++ == rooms()) break;
    Expert& expert = experts_[static_cast<size_t>(number)];
    ++admitted_;
    expert.wanted = now_;
    expert.uses = uses_before(expert);
    expert.last_uses = weight_ * static_cast<double>(tasks[count].pairs);
    expert.last_step = step_;
  }
  for (const ExpertTask& task : tasks.first(count)) {
    ExpertMatrices& expert = *task.weights;
    if (expert.cached_as >= 0 && !expert.in_memory()) {
      move_in(experts_[static_cast<size_t>(expert.cached_as)], room_to_take());
      reader_->want(expert);
    } else if (expert.promised()) {
      for (const Matrix* matrix : expert.all())
        read_ahead_.want({matrix->source().data, static_cast<size_t>(matrix->source().bytes())});
    }
  }
  return count;
}

void ExpertCache::fetch(std::span<const ExpertTask> tasks) {
  const auto count = std::count_if(tasks.begin(), tasks.end(), [](const ExpertTask& task) {
    return task.weights->cached_as >= 0 && task.weights->promised();
  });
  if (count == 0) return;
  reader_->release();
  reader_->fetch(static_cast<size_t>(count));
}

double ExpertCache::uses_before(const Expert& expert) const {
  return expert.last_step == step_ ? expert.uses : expert.uses + expert.last_uses;
}

ExpertCache::Room& ExpertCache::room_to_take() {
  Room* best = nullptr;
  double best_uses = 0.0;
  int64_t best_wanted = 0;
  for (Room& room : rooms_) {
    if (room.expert < 0) return room;
    const Expert& expert = experts_[static_cast<size_t>(room.expert)];
    if (expert.wanted == now_) continue;
    const double uses = uses_before(expert);
    if (best != nullptr && (uses > best_uses || (uses == best_uses && expert.wanted < best_wanted))) continue;
    best = &room;
    best_uses = uses;
    best_wanted = expert.wanted;
  }
  CHECK(best != nullptr);
  return *best;
}

void ExpertCache::move_in(Expert& expert, Room& room) {
  ++moved_in_;
  if (room.expert >= 0) {
    ExpertMatrices& last = *experts_[static_cast<size_t>(room.expert)].matrices;
    for (Matrix* matrix : last.all()) matrix->move_to(nullptr);
  }
  room.expert = expert.matrices->cached_as;
  std::byte* place = room.bytes;
  for (Matrix* matrix : expert.matrices->all()) {
    matrix->move_to(place);
    place += matrix->bytes();  // whole cache lines, as strips are
  }
}

}  // namespace sirocco
