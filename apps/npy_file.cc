// SPDX-License-Identifier: Apache-2.0
#include "npy_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sirocco {
namespace {

tl::unexpected<Error> write_error(const std::string& path) {
  return bad_input(fmt::format("{}: cannot write: {}", path, std::strerror(errno)));
}

}  // namespace

Result<NpyWriter> NpyWriter::create(const std::string& path, int64_t rows, int64_t cols) {
  NpyWriter writer;
  writer.path_ = path;
  writer.temporary_ = fmt::format("{}.tmp.{}", path, ::getpid());
  writer.file_ = std::fopen(writer.temporary_.c_str(), "wb");
  if (writer.file_ == nullptr) return write_error(path);
  std::string header =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, cols);
  header.append(63 - (header.size() + 10) % 64, ' ');  // the data begins at a multiple of 64
  header += '\n';
  const auto size = static_cast<unsigned>(header.size());
  const char magic[] = {
      '\x93', 'N', 'U', 'M', 'P', 'Y', 1, 0, static_cast<char>(size & 255U), static_cast<char>(size >> 8)};
  if (std::fwrite(magic, 1, sizeof magic, writer.file_) != sizeof magic ||
      std::fwrite(header.data(), 1, header.size(), writer.file_) != header.size())
    return write_error(path);
  return writer;
}

NpyWriter::NpyWriter(NpyWriter&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      file_(std::exchange(other.file_, nullptr)) {}

NpyWriter::~NpyWriter() {
  if (file_ == nullptr) return;
  std::fclose(file_);
  ::unlink(temporary_.c_str());
}

Result<void> NpyWriter::append(std::span<const float> row) {
  if (std::fwrite(row.data(), sizeof(float), row.size(), file_) != row.size()) return write_error(path_);
  return {};
}

Result<void> NpyWriter::finish() {
  const bool closed = std::fclose(std::exchange(file_, nullptr)) == 0;
  if (closed && std::rename(temporary_.c_str(), path_.c_str()) == 0) return {};
  auto error = write_error(path_);
  ::unlink(temporary_.c_str());
  return error;
}

}  // namespace sirocco
