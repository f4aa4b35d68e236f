// SPDX-License-Identifier: Apache-2.0
// The codebooks of the IQ block types, facts of the format: each entry holds the values of 8 (or 4) elements,
// a byte each, the first element in the lowest byte. The magnitudes of IQ2 and IQ3 are unsigned and take
// their signs from elsewhere in the block; IQ1's bytes are signed (-1, 0, 1). Filled by iq_codebooks.cc,
// which reference/iq_codebooks.py writes. Data alone: part of the contract that ISA files include.
#pragma once

#include <cstdint>

namespace sirocco {

template <class Entry, int Count>
struct IqGrid {
  Entry entries[Count];
};

extern const IqGrid<uint64_t, 2048> kIq1Grid;    // iq1_s, iq1_m
extern const IqGrid<uint64_t, 256> kIq2XxsGrid;  // values 8, 25, 43
extern const IqGrid<uint64_t, 512> kIq2XsGrid;
extern const IqGrid<uint64_t, 1024> kIq2SGrid;
extern const IqGrid<uint32_t, 256> kIq3XxsGrid;  // values 4, 12, … 52, 62
extern const IqGrid<uint32_t, 512> kIq3SGrid;    // values 1, 3, … 15

}  // namespace sirocco
