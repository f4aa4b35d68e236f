// SPDX-License-Identifier: Apache-2.0
#include "text/utf8.h"

#include <cstring>

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

// Length of the whole character at the start of `bytes`, or 0 and in `broken` the bytes that one U+FFFD
// replaces.
size_t character_length(std::string_view bytes, size_t& broken) {
  const auto* p = reinterpret_cast<const unsigned char*>(bytes.data());
  const size_t length = length_of_lead(*p);
  broken = 1;
  if (length <= 1) return length;
  if (bytes.size() < 2 || !second_byte_fits(p[0], p[1])) return 0;
  for (broken = 2; broken < length; ++broken)
    if (broken >= bytes.size() || (p[broken] & 0xC0) != 0x80) return 0;
  return length;
}

}  // namespace

bool is_valid_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* end = p + text.size();
  while (p < end) {
    uint64_t eight;
    if (end - p >= 8 && (std::memcpy(&eight, p, 8), (eight & 0x8080808080808080u) == 0)) {
      p += 8;
      continue;
    }
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

void append_replacing_invalid(std::string_view bytes, std::string& out) {
  if (is_valid_utf8(bytes)) {
    out += bytes;
    return;
  }
  while (!bytes.empty()) {
    size_t broken = 0;
    const size_t length = character_length(bytes, broken);
    if (length) {
      out += bytes.substr(0, length);
    } else {
      out += "\xEF\xBF\xBD";
    }
    bytes.remove_prefix(length ? length : broken);
  }
}

void append_utf8(uint32_t c, std::string& out) {
  const auto tail = [&](uint32_t shift) { out += static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | c >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace sirocco
