// SPDX-License-Identifier: Apache-2.0
#include "text/utf8.h"

namespace sirocco {
namespace {

// Bytes that a character starting with `lead` needs; 0 where no character starts so.
size_t length_of_lead(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2) return 0;
  if (lead < 0xE0) return 2;
  if (lead < 0xF0) return 3;
  if (lead < 0xF5) return 4;
  return 0;
}

// RFC 3629: the second byte excludes overlong forms, surrogates and values over U+10FFFF.
bool second_byte_fits(unsigned char lead, unsigned char second) {
  if (lead == 0xE0) return second >= 0xA0 && second <= 0xBF;
  if (lead == 0xED) return second >= 0x80 && second <= 0x9F;
  if (lead == 0xF0) return second >= 0x90 && second <= 0xBF;
  if (lead == 0xF4) return second >= 0x80 && second <= 0x8F;
  return second >= 0x80 && second <= 0xBF;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p < end) {
    const size_t length = length_of_lead(*p);
    if (length == 0 || static_cast<size_t>(end - p) < length) return false;
    if (length > 1 && !second_byte_fits(p[0], p[1])) return false;
    for (size_t i = 2; i < length; ++i)
      if ((p[i] & 0xC0) != 0x80) return false;
    p += length;
  }
  return true;
}

size_t complete_utf8_prefix(std::string_view bytes) {
  const size_t size = bytes.size();
  for (size_t back = 1; back <= 3 && back <= size; ++back) {
    const auto lead = static_cast<unsigned char>(bytes[size - back]);
    if ((lead & 0xC0) == 0x80) continue;
    const size_t length = length_of_lead(lead);
    if (length <= back) return size;
    const bool viable =
        back == 1 || second_byte_fits(lead, static_cast<unsigned char>(bytes[size - back + 1]));
    return viable ? size - back : size;
  }
  return size;
}

}  // namespace sirocco
