// SPDX-License-Identifier: Apache-2.0
// GPT-2's way to write bytes as printable characters: printable Latin-1 stands for itself, the other 68 bytes
// are U+0100…U+0143 in their order.
#include <fmt/format.h>

#include <array>

#include "text/tokenizer_parts.h"

namespace sirocco {
namespace {

constexpr bool is_printable(int byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr std::array<int16_t, 0x144> kByteOf = [] {
  std::array<int16_t, 0x144> bytes{};
  bytes.fill(-1);
  int16_t next = 0x100;
  for (int16_t b = 0; b < 256; ++b) bytes[static_cast<size_t>(is_printable(b) ? b : next++)] = b;
  return bytes;
}();

}  // namespace

std::optional<std::string> decode_byte_level(std::string_view piece) {
  std::string bytes;
  for (size_t i = 0; i < piece.size(); ++i) {
    auto c = static_cast<uint32_t>(static_cast<unsigned char>(piece[i]));
    if (c >= 0x80) {  // the alphabet ends before U+0800: two bytes
      if (c < 0xC2 || c > 0xDF || i + 1 == piece.size() || (piece[i + 1] & 0xC0) != 0x80) return std::nullopt;
      c = (c & 0x1F) << 6 | (static_cast<unsigned char>(piece[++i]) & 0x3F);
    }
    if (c >= kByteOf.size() || kByteOf[c] < 0) return std::nullopt;
    bytes += static_cast<char>(kByteOf[c]);
  }
  return bytes;
}

std::string unused_special_name(int64_t id) {
  return fmt::format("<SPECIAL_{}>", id);
}

}  // namespace sirocco
