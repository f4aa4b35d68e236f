// SPDX-License-Identifier: Apache-2.0
// Saved logits of a judged text: what another run is compared with (docs/formats/saved-logits.md).
// A row keeps 16 bits a token over the row's own range. Logits matter up to a constant, so the largest is 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sirocco/result.h"
#include "weights/file_writer.h"

namespace sirocco {

struct LogitsHeader {
  uint32_t vocabulary = 0, context = 0, stride = 0;
  uint32_t bos = 0;
};

class LogitsFileWriter {
 public:
  static Result<LogitsFileWriter> create(const std::string& path, const LogitsHeader& header,
                                         std::span<const int32_t> ids);
  // The row that predicts the next id. REQUIRES: `vocabulary` finite logits.
  Result<void> append(std::span<const float> logits);
  Result<void> publish() { return file_.publish(); }

 private:
  explicit LogitsFileWriter(FileWriter file) : file_(std::move(file)) {}

  FileWriter file_;
  std::vector<uint16_t> codes_;  // of one row
};

struct LogitsFileView {
  LogitsHeader header;
  std::vector<int32_t> ids;
  std::span<const std::byte> rows;  // one an id, as they lie in the file
};

// Checks sizes and ids; `where` opens error messages. Rows are checked as they are read.
Result<LogitsFileView> parse_logits_file(std::span<const std::byte> bytes, const std::string& where);

// Row i into out [vocabulary]. REQUIRES: i < ids.size().
Result<void> read_logits_row(const LogitsFileView& view, size_t i, const std::string& where,
                             std::span<float> out);

}  // namespace sirocco
