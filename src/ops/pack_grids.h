// SPDX-License-Identifier: Apache-2.0
// Packs the block types whose magnitudes are looked up in a grid (GridLayout, ops/int8_layouts.h; the blocks are drawn
// in tensor/blocks_iq2.cc and blocks_iq3.cc). Seven sign bits become eight.
#pragma once

#include <cstdint>

#include "ops/pack_rows.h"

namespace sirocco {

void pack_iq2_xxs(const PackRows& rows, uint8_t* lines, uint8_t* scales);
void pack_iq2_xs(const PackRows& rows, uint8_t* lines, uint8_t* scales);
void pack_iq2_s(const PackRows& rows, uint8_t* lines, uint8_t* scales);
void pack_iq3_xxs(const PackRows& rows, uint8_t* lines, uint8_t* scales);
void pack_iq3_s(const PackRows& rows, uint8_t* lines, uint8_t* scales);

}  // namespace sirocco
