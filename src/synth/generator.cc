// SPDX-License-Identifier: Apache-2.0
#include "synth/generator.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "synth/block_fields.h"
#include "tensor/float_bits.h"

namespace sirocco::synth {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr uint64_t kGolden = 0x9e3779b97f4a7c15u;
constexpr float kE4m3Rms = 107.0f;    // of uniform codes
constexpr float kPackedRms = 160.0f;  // of e2m1 · block scale

constexpr uint64_t mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

constexpr uint64_t word(uint64_t key, uint64_t index) {
  return mix(key + (index + 1) * kGolden);
}

constexpr float jitter(uint64_t word, int byte) {
  return 0.75f + static_cast<float>((word >> (8 * byte)) & 0xffu) * (1.0f / 512.0f);
}

// map(word) is stored for words first, first + 1, …: the last one may be cut.
template <class Map>
void fill_words(uint64_t key, uint64_t first, std::span<std::byte> out, Map map) {
  const size_t whole = out.size() / 8;
  for (size_t i = 0; i < whole; ++i) {
    const uint64_t value = map(word(key, first + i));
    std::memcpy(out.data() + 8 * i, &value, 8);
  }
  if (out.size() % 8 != 0) {
    const uint64_t value = map(word(key, first + whole));
    std::memcpy(out.data() + 8 * whole, &value, out.size() % 8);
  }
}

// 0x7f and 0xff (NaN) lose their lowest bit, in all eight bytes at once.
constexpr uint64_t without_nan(uint64_t codes) {
  const uint64_t magnitude = codes & 0x7f7f7f7f7f7f7f7fu;
  const uint64_t is_nan = ((magnitude + 0x0101010101010101u) >> 7) & 0x0101010101010101u;
  return codes - is_nan;
}

float uniform(uint32_t half) {
  return static_cast<float>(half >> 8) * 0x1p-23f - 1.0f;
}

// Elements first, first + 1, … (first even) as `Stored` by encode(uniform); in strips, so that each loop is
// simple enough for the compiler's vector units.
template <class Stored, class Encode>
void fill_floats(uint64_t key, int64_t first, std::span<std::byte> out, Encode encode) {
  constexpr int64_t kStrip = 512;
  std::array<uint64_t, kStrip / 2> pairs;
  std::array<uint32_t, kStrip> halves;
  std::array<Stored, kStrip> stored;
  const auto count = static_cast<int64_t>(out.size() / sizeof(Stored));
  for (int64_t begin = 0; begin < count; begin += kStrip) {
    const auto first_word = static_cast<uint64_t>((first + begin) / 2);
    for (size_t i = 0; i < pairs.size(); ++i) pairs[i] = word(key, first_word + i);
    std::memcpy(halves.data(), pairs.data(), sizeof halves);
    for (size_t i = 0; i < stored.size(); ++i) stored[i] = encode(uniform(halves[i]));
    const auto size = static_cast<size_t>(std::min(kStrip, count - begin));
    std::memcpy(out.data() + begin * static_cast<int64_t>(sizeof(Stored)), stored.data(),
                size * sizeof(Stored));
  }
}

template <class Value>
void fill_stored(DType dtype, uint64_t key, int64_t begin_bytes, std::span<std::byte> out, Value value) {
  switch (dtype) {
    case DType::f32:
      return fill_floats<float>(key, begin_bytes / 4, out, value);
    case DType::bf16:
      return fill_floats<uint16_t>(key, begin_bytes / 2, out,
                                   [value](float u) { return bf16_from_f32(value(u)); });
    case DType::f16:
      return fill_floats<uint16_t>(key, begin_bytes / 2, out,
                                   [value](float u) { return f16_from_f32(value(u)); });
    default:
      CHECK(false);
  }
}

void fill_blocks(const Piece& piece, uint64_t key, int64_t begin_bytes, std::span<std::byte> out) {
  fill_words(key, static_cast<uint64_t>(begin_bytes / 8), out, [](uint64_t w) { return w; });
  const int64_t block_bytes = traits(piece.dtype).block_bytes;
  const BlockFields& fields = block_fields(piece.dtype);
  const float base = piece.spread / fields.rms;
  const int64_t first = begin_bytes / block_bytes;
  for (int64_t b = 0; b * block_bytes < static_cast<int64_t>(out.size()); ++b) {
    const uint64_t noise = word(mix(key), static_cast<uint64_t>(first + b));
    std::array<float, 4> scales{};
    for (int k = 0; k < 4; ++k) scales[static_cast<size_t>(k)] = base * jitter(noise, k);
    set_scales(piece.dtype, fields, base, scales, (noise & 1) != 0, out.data() + b * block_bytes);
  }
}

void fill_values(const Piece& piece, int64_t begin_bytes, std::span<std::byte> out) {
  std::vector<std::byte> all(static_cast<size_t>(piece.bytes));
  for (size_t i = 0; i < piece.values.size(); ++i) {
    const float value = piece.values[i];
    const uint16_t narrow = piece.dtype == DType::bf16 ? bf16_from_f32(value) : uint16_t{0};
    CHECK(piece.dtype == DType::bf16 || piece.dtype == DType::f32);
    if (piece.dtype == DType::bf16) std::memcpy(all.data() + 2 * i, &narrow, 2);
    if (piece.dtype == DType::f32) std::memcpy(all.data() + 4 * i, &value, 4);
  }
  std::copy_n(all.begin() + begin_bytes, out.size(), out.begin());
}

}  // namespace

uint64_t key_of(std::string_view name, uint64_t seed) {
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return mix(hash ^ mix(seed + kGolden));
}

float spread_of(double gain, int64_t fan_in) {
  return static_cast<float>(gain / std::sqrt(static_cast<double>(fan_in)));
}

float e4m3_scale(std::string_view name, uint64_t seed, float spread) {
  return spread / kE4m3Rms * jitter(word(mix(key_of(name, seed)), 0), 0);
}

float activation_scale(std::string_view name, uint64_t seed) {
  return 1.0f / 64.0f * jitter(word(mix(key_of(name, seed)), 0), 1);
}

float packed_divisor(std::string_view name, uint64_t seed, float spread) {
  return kPackedRms / spread * jitter(word(mix(mix(key_of(name, seed))), 0), 0);
}

int64_t granule_bytes(const Piece& piece) {
  return piece.fill == Fill::blocks ? 8 * traits(piece.dtype).block_bytes : 8;
}

void generate(const Piece& piece, uint64_t seed, int64_t begin_bytes, std::span<std::byte> out) {
  CHECK(begin_bytes % granule_bytes(piece) == 0);
  CHECK(begin_bytes + static_cast<int64_t>(out.size()) <= piece.bytes);
  const uint64_t key = key_of(piece.name, seed);
  const auto first_word = static_cast<uint64_t>(begin_bytes / 8);
  switch (piece.fill) {
    case Fill::floats: {
      const float amplitude = piece.spread * 1.7320508f;
      return fill_stored(piece.dtype, key, begin_bytes, out, [amplitude](float u) { return u * amplitude; });
    }
    case Fill::norm:
      return fill_stored(piece.dtype, key, begin_bytes, out, [](float u) { return 1.0f + u * 0.25f; });
    case Fill::e4m3:
      return fill_words(key, first_word, out, without_nan);
    case Fill::packed:
      return fill_words(key, first_word, out, [](uint64_t w) { return w; });
    case Fill::block_scales:
      return fill_words(mix(key), first_word, out,
                        [](uint64_t w) { return (w & 0x1f1f1f1f1f1f1f1fu) + 0x5050505050505050u; });
    case Fill::blocks:
      return fill_blocks(piece, key, begin_bytes, out);
    case Fill::values:
      return fill_values(piece, begin_bytes, out);
  }
}

}  // namespace sirocco::synth
