// SPDX-License-Identifier: Apache-2.0
#include "run/cpu/expert_reader.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace sirocco {
namespace {

constexpr size_t kMatrices = 3;

// From the first row's begin to the last one's end.
int64_t extent(const WeightView& view) {
  return (view.rows - 1) * view.row_stride_bytes + row_bytes(view.dtype, view.cols);
}

}  // namespace

int64_t ExpertReader::bytes_of(const ExpertMatrices& expert) {
  return extent(expert.gate.source()) + extent(expert.up.source()) + extent(expert.down.source());
}

ExpertReader::ExpertReader(std::span<const MappedFile> files, int64_t largest)
    : room_bytes_(DirectFile::room_for(largest) + static_cast<int64_t>(kMatrices) * DirectFile::room_for(0)),
      rooms_(static_cast<int64_t>(kRooms) * room_bytes_, ReservedMemory::Pages::huge) {
  for (const MappedFile& file : files)
    if (auto direct = DirectFile::open(file.path())) files_.push_back({file.bytes(), std::move(*direct)});
  if (rooms_.empty()) files_.clear();
  thread_ = std::thread([this] { read_all(); });
}

ExpertReader::~ExpertReader() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ExpertReader::want(ExpertMatrices& expert) {
  {
    const std::lock_guard lock(mutex_);
    wanted_.push_back(&expert);
  }
  changed_.notify_all();
}

void ExpertReader::fetch(size_t count) {
  std::unique_lock lock(mutex_);
  CHECK(count <= kTogether && fetched_ == released_);
  changed_.wait(lock, [&] { return here_.size() >= count; });
  for (size_t i = 0; i < count; ++i, ++fetched_) {
    const auto matrices = here_.front()->all();
    for (size_t m = 0; m < kMatrices; ++m) matrices[m]->read_from(read_[kMatrices * (fetched_ % kRooms) + m]);
    here_.pop_front();
  }
}

void ExpertReader::release() {
  {
    const std::lock_guard lock(mutex_);
    released_ = fetched_;
  }
  changed_.notify_all();
}

void ExpertReader::read_all() {
  for (std::unique_lock lock(mutex_);;) {
    changed_.wait(lock, [&] { return ending_ || (!wanted_.empty() && begun_ - released_ < kRooms); });
    if (ending_) return;
    ExpertMatrices* expert = wanted_.front();
    wanted_.pop_front();
    const size_t room = begun_++ % kRooms;
    lock.unlock();
    read(*expert, room);
    lock.lock();
    here_.push_back(expert);
    changed_.notify_all();
  }
}

void ExpertReader::read(ExpertMatrices& expert, size_t room) {
  std::span<std::byte> left(rooms_.data() + static_cast<int64_t>(room) * room_bytes_, static_cast<size_t>(room_bytes_));
  const auto matrices = expert.all();
  for (size_t m = 0; m < kMatrices; ++m) read_[kMatrices * room + m] = read_matrix(*matrices[m], left);
}

const std::byte* ExpertReader::read_matrix(const Matrix& matrix, std::span<std::byte>& room) const {
  const WeightView& source = matrix.source();
  const int64_t bytes = extent(source);
  for (const File& file : files_) {
    if (source.data < file.bytes.data() || source.data >= file.bytes.data() + file.bytes.size()) continue;
    const std::byte* found = file.direct.read(source.data - file.bytes.data(), bytes, room);
    room = room.subspan(static_cast<size_t>(DirectFile::room_for(bytes)));
    return found;
  }
  return nullptr;  // memory of somebody else
}

}  // namespace sirocco
