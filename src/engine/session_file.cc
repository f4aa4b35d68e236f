// SPDX-License-Identifier: Apache-2.0
#include "engine/session_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/check.h"
#include "base/file.h"

namespace sirocco {
namespace {

constexpr char kMagic[16] = "sirocco-session";
constexpr uint32_t kVersion = 3;

struct Header {
  char magic[16];
  uint32_t version;
  uint32_t page_tokens;
  uint64_t page_bytes;
  uint64_t fingerprint;
  uint64_t tokens;
  uint64_t pictures;
  uint64_t checksum;  // of places, ids and pages
};
static_assert(sizeof(Header) == 64);
static_assert(sizeof(PicturePlace) == 48);
static_assert(std::endian::native == std::endian::little, "the file is little-endian");

// Eight bytes a step; the tail byte by byte.
uint64_t checksum(uint64_t sum, std::span<const std::byte> bytes) {
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, 8);
    sum = std::rotl(sum ^ word, 29) * 0x9E3779B97F4A7C15ULL;
  }
  for (; i < bytes.size(); ++i)
    sum = std::rotl(sum ^ static_cast<uint64_t>(bytes[i]), 29) * 0x9E3779B97F4A7C15ULL;
  return sum;
}

uint64_t pages_for(uint64_t tokens, uint32_t page_tokens) {
  return tokens / page_tokens + (tokens % page_tokens != 0);
}

}  // namespace

uint64_t weights_fingerprint(std::span<const TensorEntry> tensors) {
  constexpr size_t kSamples = 64, kSampleBytes = 1024;
  uint64_t sum = checksum(2, std::as_bytes(std::span(&kSamples, 1)));
  const size_t step = std::max<size_t>(1, tensors.size() / kSamples);
  for (size_t i = 0; i < tensors.size(); i += step) {
    const std::span<const std::byte> bytes = tensors[i].bytes;
    const uint64_t size = bytes.size();
    sum = checksum(checksum(sum, std::as_bytes(std::span(tensors[i].name))), std::as_bytes(std::span(&size, 1)));
    sum = checksum(sum, bytes.subspan(size / 2, std::min<size_t>(kSampleBytes, size - size / 2)));
  }
  return sum;
}

uint64_t model_fingerprint(const Config& c, uint64_t weights, uint64_t page_bytes) {
  const RopeConfig& r = c.rope;
  const double angles[] = {r.theta, r.factor, r.beta_fast, r.beta_slow, r.attention_factor, c.query_scale.beta};
  const uint64_t numbers[] = {static_cast<uint64_t>(c.layers),
                              static_cast<uint64_t>(c.hidden),
                              static_cast<uint64_t>(c.vocabulary),
                              static_cast<uint64_t>(c.heads),
                              static_cast<uint64_t>(c.kv_lora_rank),
                              static_cast<uint64_t>(c.rope_dim),
                              static_cast<uint64_t>(c.q_lora_rank),
                              static_cast<uint64_t>(r.original_max_positions),
                              static_cast<uint64_t>(c.query_scale.original_max_positions),
                              weights,
                              page_bytes};
  return checksum(checksum(1, std::as_bytes(std::span(numbers))), std::as_bytes(std::span(angles)));
}

Result<void> check_session(const Session& session, int64_t vocabulary) {
  for (const int32_t id : session.ids)
    if (id < 0 || id >= vocabulary)
      return bad_input(fmt::format("token {}, expected 0 to {}", id, vocabulary - 1));
  const auto tokens = static_cast<int64_t>(session.ids.size());
  int64_t after = 0;
  for (const PicturePlace& p : session.pictures) {
    if (p.first_token < after || p.tokens < 1 || p.tokens > tokens || p.first_token > tokens - p.tokens)
      return bad_input(fmt::format("a picture of {} tokens at {}, expected to lie in order within {}", p.tokens,
                                   p.first_token, tokens));
    after = p.first_token + p.tokens;
  }
  return {};
}

Result<void> write_session(const std::string& path, const SessionShape& shape, const Session& session,
                           std::span<const std::span<const std::byte>> pages) {
  const std::span<const PicturePlace> places = session.pictures;
  const std::span<const int32_t> ids = session.ids;
  CHECK(pages.size() == pages_for(ids.size(), shape.page_tokens));
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = kVersion;
  header.page_tokens = shape.page_tokens;
  header.page_bytes = shape.page_bytes;
  header.fingerprint = shape.fingerprint;
  header.tokens = ids.size();
  header.pictures = places.size();
  header.checksum = checksum(checksum(0, std::as_bytes(places)), std::as_bytes(ids));
  for (const auto page : pages) header.checksum = checksum(header.checksum, page);
  std::vector<std::span<const std::byte>> parts = {std::as_bytes(std::span(&header, 1)), std::as_bytes(places),
                                                   std::as_bytes(ids)};
  parts.insert(parts.end(), pages.begin(), pages.end());
  return write_file_atomically(path, parts);
}

Result<SessionView> parse_session(std::span<const std::byte> bytes, const SessionShape& shape,
                                  const std::string& where) {
  Header header{};
  if (bytes.size() < sizeof header)
    return bad_input(fmt::format("{}: {} bytes, expected a session file", where, bytes.size()));
  std::memcpy(&header, bytes.data(), sizeof header);
  if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0) return bad_input(where + ": not a session file");
  if (header.version != kVersion)
    return bad_input(fmt::format("{}: version {}, expected {}", where, header.version, kVersion));
  if (header.fingerprint != shape.fingerprint || header.page_bytes != shape.page_bytes ||
      header.page_tokens != shape.page_tokens)
    return bad_input(where + ": made by another model, or with another cache type");
  const uint64_t body = bytes.size() - sizeof header;
  const bool countable =
      header.pictures <= body / sizeof(PicturePlace) && header.tokens <= body / sizeof(int32_t);
  const uint64_t place_bytes = countable ? header.pictures * sizeof(PicturePlace) : 0;
  const uint64_t id_bytes = countable ? header.tokens * sizeof(int32_t) : 0;
  const uint64_t pages = countable ? pages_for(header.tokens, shape.page_tokens) : 0;
  const bool fits = countable && place_bytes + id_bytes <= body &&
                    pages <= (body - place_bytes - id_bytes) / shape.page_bytes;
  if (!fits || body - place_bytes - id_bytes != pages * shape.page_bytes)
    return bad_input(fmt::format("{}: {} bytes do not hold {} tokens and {} pictures", where, bytes.size(),
                                 header.tokens, header.pictures));
  SessionView view;
  const auto places = bytes.subspan(sizeof header, place_bytes);
  const auto ids = bytes.subspan(sizeof header + place_bytes, id_bytes);
  view.pages = bytes.subspan(sizeof header + place_bytes + id_bytes);
  uint64_t sum = checksum(checksum(0, places), ids);
  for (uint64_t p = 0; p < pages; ++p)
    sum = checksum(sum, view.pages.subspan(p * shape.page_bytes, shape.page_bytes));
  if (sum != header.checksum) return bad_input(where + ": damaged, the checksum differs");
  view.session.pictures.resize(header.pictures);
  view.session.ids.resize(header.tokens);
  std::ranges::copy(places, std::as_writable_bytes(std::span(view.session.pictures)).begin());
  std::ranges::copy(ids, std::as_writable_bytes(std::span(view.session.ids)).begin());
  if (auto ok = check_session(view.session, shape.vocabulary); !ok)
    return bad_input(where + ": " + ok.error().message);
  return view;
}

}  // namespace sirocco
