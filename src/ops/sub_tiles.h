// SPDX-License-Identifier: Apache-2.0
// Tiles in parts that fit the registers, and loops whose counter is a constant. Internal linkage: each file compiles
// its own copy for its own instruction set (ARCHITECTURE.md, "ISA files").
#pragma once

namespace sirocco {
namespace {

constexpr int kSubTile = 4;  // tokens: sixteen registers of eight rows hold them, or 32 of four

// Calls part.operator()<T>(t) for tokens t … t + T - 1, in as few and as equal parts as registers allow.
template <class Part>
inline void in_sub_tiles(int tokens, const Part& part) {
  int parts = (tokens + kSubTile - 1) / kSubTile;
  for (int t = 0; parts > 0; --parts) {
    const int size = (tokens - t + parts - 1) / parts;
    switch (size) {
      case 1:
        part.template operator()<1>(t);
        break;
      case 2:
        part.template operator()<2>(t);
        break;
      case 3:
        part.template operator()<3>(t);
        break;
      default:
        part.template operator()<kSubTile>(t);
    }
    t += size;
  }
}

// Calls part.operator()<i>() for i of 0 … Count - 1.
template <int Count, class Part>
inline void for_each(const Part& part) {
  if constexpr (Count > 0) {
    for_each<Count - 1>(part);
    part.template operator()<Count - 1>();
  }
}

}  // namespace
}  // namespace sirocco
