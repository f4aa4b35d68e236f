// SPDX-License-Identifier: Apache-2.0
// ExpertReader: a thread that reads the bytes of experts from their files, in the order in which they will be packed,
// while others are packed and computed. It reads ahead by as many experts as it has rooms.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/direct_file.h"
#include "base/mapped_file.h"
#include "base/reserved_memory.h"
#include "run/cpu/packed_experts.h"

namespace sirocco {

class ExpertReader {
 public:
  static constexpr size_t kTogether = 4;  // experts that are fetched at a time, at most

  static int64_t bytes_of(const ExpertMatrices& expert);  // in its file

  // `files` are those that matrices may be views of; files that cannot be opened are left to their mapping. `largest`:
  // bytes of any expert.
  ExpertReader(std::span<const MappedFile> files, int64_t largest);
  ~ExpertReader();
  ExpertReader(const ExpertReader&) = delete;
  ExpertReader& operator=(const ExpertReader&) = delete;

  uint64_t bytes() const { return static_cast<uint64_t>(rooms_.size()); }  // of memory

  void want(ExpertMatrices& expert);
  // Waits for the next experts, in the order of want(), and lets their matrices be packed from what was read; those of
  // which that failed, from the mapping. REQUIRES: count <= kTogether; the last ones that were fetched are released.
  void fetch(size_t count);
  void release();

 private:
  static constexpr size_t kRooms = 2 * kTogether;
  struct File {
    std::span<const std::byte> bytes;
    DirectFile direct;
  };
  void read_all();
  void read(ExpertMatrices& expert, size_t room);
  const std::byte* read_matrix(const Matrix& matrix, std::span<std::byte>& room) const;

  std::vector<File> files_;
  int64_t room_bytes_;
  ReservedMemory rooms_;                             // [kRooms, room_bytes_]
  std::array<const std::byte*, 3 * kRooms> read_{};  // where each matrix is; null: nowhere

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<ExpertMatrices*> wanted_;
  std::deque<ExpertMatrices*> here_;  // read, not fetched
  size_t begun_ = 0, fetched_ = 0, released_ = 0;  // experts; number i is in room i % kRooms
  bool ending_ = false;
  std::thread thread_;  // last: starts when all else is ready
};

}  // namespace sirocco
