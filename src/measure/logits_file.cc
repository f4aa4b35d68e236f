// SPDX-License-Identifier: Apache-2.0
#include "measure/logits_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"

namespace sirocco {
namespace {

constexpr char kMagic[16] = "sirocco-logits\0";
constexpr double kMostCode = 65535.0;
constexpr uint32_t kMostVocabulary = 1u << 24;

struct Header {
  char magic[16];
  uint32_t version;
  uint32_t vocabulary, context, stride, bos;
  uint32_t reserved;
  uint64_t tokens;
};
static_assert(sizeof(Header) == 48);
static_assert(std::endian::native == std::endian::little, "the file is little-endian");

uint64_t row_bytes(uint32_t vocabulary) {
  return sizeof(float) + sizeof(uint16_t) * uint64_t{vocabulary};
}

}  // namespace

Result<LogitsFileWriter> LogitsFileWriter::create(const std::string& path, const LogitsHeader& header,
                                                  std::span<const int32_t> ids) {
  auto file = FileWriter::create(path);
  if (!file) return forward_error(file);
  Header raw{};
  std::memcpy(raw.magic, kMagic, sizeof kMagic);
  raw.version = 1;
  raw.vocabulary = header.vocabulary;
  raw.context = header.context;
  raw.stride = header.stride;
  raw.bos = header.bos;
  raw.tokens = ids.size();
  if (auto ok = file->write(std::as_bytes(std::span(&raw, 1))); !ok) return forward_error(ok);
  if (auto ok = file->write(std::as_bytes(ids)); !ok) return forward_error(ok);
  LogitsFileWriter writer(std::move(*file));
  writer.codes_.resize(header.vocabulary);
  return writer;
}

Result<void> LogitsFileWriter::append(std::span<const float> logits) {
  CHECK(logits.size() == codes_.size());
  const auto [least, most] = std::minmax_element(logits.begin(), logits.end());
  const double max = static_cast<double>(*most);
  const auto step = static_cast<float>((max - static_cast<double>(*least)) / kMostCode);
  for (size_t i = 0; i < logits.size(); ++i) {
    const double steps =
        step > 0.0f ? (max - static_cast<double>(logits[i])) / static_cast<double>(step) : 0.0;
    codes_[i] = static_cast<uint16_t>(std::min(kMostCode, std::nearbyint(steps)));
  }
  if (auto ok = file_.write(std::as_bytes(std::span(&step, 1))); !ok) return ok;
  return file_.write(std::as_bytes(std::span(codes_)));
}

Result<LogitsFileView> parse_logits_file(std::span<const std::byte> bytes, const std::string& where) {
  Header raw{};
  if (bytes.size() < sizeof raw)
    return bad_input(fmt::format("{}: {} bytes, expected saved logits", where, bytes.size()));
  std::memcpy(&raw, bytes.data(), sizeof raw);
  if (std::memcmp(raw.magic, kMagic, sizeof kMagic) != 0) return bad_input(where + ": not saved logits");
  if (raw.version != 1) return bad_input(fmt::format("{}: version {}, expected 1", where, raw.version));
  if (raw.vocabulary == 0 || raw.vocabulary > kMostVocabulary)
    return bad_input(
        fmt::format("{}: vocabulary {}, expected 1 to {}", where, raw.vocabulary, kMostVocabulary));
  if (raw.stride == 0 || raw.stride >= raw.context || raw.bos >= raw.vocabulary)
    return bad_input(
        fmt::format("{}: context {}, stride {}, bos {}: expected 0 < stride < context and bos < {}", where,
                    raw.context, raw.stride, raw.bos, raw.vocabulary));
  const uint64_t body = bytes.size() - sizeof raw, one = sizeof(int32_t) + row_bytes(raw.vocabulary);
  if (raw.tokens == 0 || raw.tokens != body / one || body % one != 0)
    return bad_input(fmt::format("{}: {} bytes do not hold {} rows of {} tokens", where, bytes.size(),
                                 raw.tokens, raw.vocabulary));
  LogitsFileView view;
  view.header = {raw.vocabulary, raw.context, raw.stride, raw.bos};
  const size_t id_bytes = raw.tokens * sizeof(int32_t);
  view.ids.resize(raw.tokens);
  std::memcpy(view.ids.data(), bytes.data() + sizeof raw, id_bytes);
  view.rows = bytes.subspan(sizeof raw + id_bytes);
  for (const int32_t id : view.ids)
    if (id < 0 || static_cast<uint32_t>(id) >= raw.vocabulary)
      return bad_input(fmt::format("{}: token {}, expected 0 to {}", where, id, raw.vocabulary - 1));
  return view;
}

Result<void> read_logits_row(const LogitsFileView& view, size_t i, const std::string& where,
                             std::span<float> out) {
  CHECK(i < view.ids.size() && out.size() == view.header.vocabulary);
  const std::byte* row = view.rows.data() + i * row_bytes(view.header.vocabulary);
  float step = 0.0f;
  std::memcpy(&step, row, sizeof step);
  if (!(step >= 0.0f && step <= 1e30f))
    return bad_input(fmt::format("{}: row {}: step {}, expected a number of 0 or more", where, i, step));
  for (size_t t = 0; t < out.size(); ++t) {
    uint16_t code = 0;
    std::memcpy(&code, row + sizeof step + t * sizeof code, sizeof code);
    out[t] = -step * static_cast<float>(code);
  }
  return {};
}

}  // namespace sirocco
