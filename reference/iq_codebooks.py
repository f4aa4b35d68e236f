# SPDX-License-Identifier: Apache-2.0
"""Writes src/tensor/iq_codebooks.cc: the grids of the IQ block types, read out of gguf-py.

A grid entry is a row of 8 or 4 values from a short list (the "levels"); the file keeps the index of each value
in that list, 2 or 4 bits wide, first element lowest, and spreads them at compile time.

    python reference/iq_codebooks.py
"""

from pathlib import Path

import gguf.quants as quants
import numpy as np

OUT = Path(__file__).resolve().parent.parent / "src/tensor/iq_codebooks.cc"
GRIDS = [
    ("kIq1Grid", quants.IQ1_S),
    ("kIq2XxsGrid", quants.IQ2_XXS),
    ("kIq2XsGrid", quants.IQ2_XS),
    ("kIq2SGrid", quants.IQ2_S),
    ("kIq3XxsGrid", quants.IQ3_XXS),
    ("kIq3SGrid", quants.IQ3_S),
]
HEAD = """// SPDX-License-Identifier: Apache-2.0
// Written by reference/iq_codebooks.py from the grids of gguf-py; do not edit. Each packed word lists, from
// the lowest bits up, which of the levels the elements of one entry take.
#include <cstddef>

#include "tensor/iq_grids.h"

namespace sirocco {
namespace {

template <class Entry, int N, size_t L>
constexpr IqGrid<Entry, N> spread(const uint16_t (&packed)[N], const int8_t (&levels)[L]) {
  constexpr size_t elements = sizeof(Entry), bits = 16 / elements;
  IqGrid<Entry, N> grid{};
  for (int i = 0; i < N; ++i)
    for (size_t e = 0; e < elements; ++e) {
      const auto level = static_cast<uint8_t>(levels[(packed[i] >> (bits * e)) & ((1u << bits) - 1u)]);
      grid.entries[i] |= static_cast<Entry>(level) << (8 * e);
    }
  return grid;
}

"""


def main() -> None:
    arrays, definitions = [], []
    for name, quant in GRIDS:
        quant.init_grid()
        count, elements = quant.grid_shape
        grid = quant.grid.reshape(count, elements)
        levels = list(quant.grid_map)
        index = np.searchsorted(levels, grid)
        assert (np.asarray(levels)[index] == grid).all()
        bits = 16 // elements
        packed = (index << (bits * np.arange(elements))).sum(axis=1)
        words = [f"0x{word:04x}," for word in packed]
        lines = [" ".join(words[i : i + 13]) for i in range(0, count, 13)]
        body = "\n".join("    " + line for line in lines)
        base = name.removesuffix("Grid")
        arrays.append(f"constexpr uint16_t {base}Packed[{count}] = {{\n{body}\n}};\n")
        arrays.append(f"constexpr int8_t {base}Levels[] = {{{', '.join(map(str, levels))}}};\n\n")
        entry = "uint64_t" if elements == 8 else "uint32_t"
        definitions.append(
            f"constexpr IqGrid<{entry}, {count}> {name} = spread<{entry}>({base}Packed, {base}Levels);\n"
        )
    middle, tail = "}  // namespace\n\n", "\n}  // namespace sirocco\n"
    OUT.write_text(HEAD + "".join(arrays) + middle + "".join(definitions) + tail)


if __name__ == "__main__":
    main()
