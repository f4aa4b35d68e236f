// SPDX-License-Identifier: Apache-2.0
// The generator's bytes are the ones that reference/generator.py makes, whatever the chunks.
#include "synth/generator.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "base/file.h"
#include "base/json.h"
#include "synth/matrices.h"

namespace sirocco::synth {
namespace {

Json golden() {
  auto text = read_file(SIROCCO_SOURCE_DIR "/tests/golden/model/generator.json", 1 << 20);
  EXPECT_TRUE(text) << (text ? "" : text.error().message);
  return *parse_json(*text, "generator.json");
}

std::string fnv1a64(std::span<const std::byte> bytes) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (const std::byte b : bytes) hash = (hash ^ static_cast<uint64_t>(b)) * 0x100000001b3u;
  return fmt::format("{:016x}", hash);
}

Fill fill_named(std::string_view name) {
  constexpr std::pair<std::string_view, Fill> kFills[] = {{"floats", Fill::floats},
                                                          {"norm", Fill::norm},
                                                          {"e4m3", Fill::e4m3},
                                                          {"packed", Fill::packed},
                                                          {"block_scales", Fill::block_scales},
                                                          {"blocks", Fill::blocks}};
  for (const auto& [text, fill] : kFills) {
    if (text == name) return fill;
  }
  ADD_FAILURE() << name;
  return Fill::floats;
}

TEST(Generator, EveryTypeEqualsTheReference) {
  const Json json = golden();
  const auto seed = json["seed"].get<uint64_t>();
  std::mt19937 random(1);
  int types = 0;
  for (const auto& [what, expected] : json["bytes"].items()) {
    const size_t space = what.find(' ');
    const auto dtype = dtype_from_name(what.substr(space + 1));
    ASSERT_TRUE(dtype) << what;
    Piece piece;
    piece.fill = fill_named(what.substr(0, space));
    piece.dtype = *dtype;
    piece.name = json["name"].get<std::string>();
    piece.spread = spread_of(json["gain"].get<double>(), json["cols"].get<int64_t>());
    piece.bytes = expected["size"].get<int64_t>();
    std::vector<std::byte> bytes(static_cast<size_t>(piece.bytes));
    const int64_t granule = granule_bytes(piece);
    for (int64_t at = 0; at < piece.bytes;) {
      const int64_t size = std::min<int64_t>(granule * (1 + random() % 100), piece.bytes - at);
      generate(piece, seed, at, std::span(bytes).subspan(static_cast<size_t>(at), static_cast<size_t>(size)));
      at += size;
    }
    EXPECT_EQ(fnv1a64(bytes), expected["fnv1a64"].get<std::string>()) << what;
    ++types;
  }
  EXPECT_EQ(types, 32);
}

TEST(Generator, ScalarsEqualTheReference) {
  const Json json = golden();
  const auto seed = json["seed"].get<uint64_t>();
  const auto name = json["name"].get<std::string>();
  const float spread = spread_of(json["gain"].get<double>(), json["cols"].get<int64_t>());
  const Json& scalars = json["scalars"];
  EXPECT_EQ(static_cast<double>(spread), scalars["spread"].get<double>());
  EXPECT_EQ(static_cast<double>(e4m3_scale(name, seed, spread)), scalars["e4m3_scale"].get<double>());
  EXPECT_EQ(static_cast<double>(activation_scale(name, seed)), scalars["activation_scale"].get<double>());
  EXPECT_EQ(static_cast<double>(packed_divisor(name, seed, spread)), scalars["packed_divisor"].get<double>());
}

}  // namespace
}  // namespace sirocco::synth
