// SPDX-License-Identifier: Apache-2.0
// Covers: src/picture/decode_bmp.cc
#include "picture/fuzz_decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sirocco::fuzz_decoder(sirocco::decode_bmp, data, size);
}
