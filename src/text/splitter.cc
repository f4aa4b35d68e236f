// SPDX-License-Identifier: Apache-2.0
// The alternatives of the pattern, in order, with greedy matching and backtracking worked out by hand:
//   1  prefix? Upper* Lower+     2  prefix? Upper+ Lower*     3  number
//   4  space? symbol+ [\r\n/]*   5  \s*[\r\n]+                6  \s+(?!\S)      7  \s+
// Upper and Lower share the letters without case and the marks; marks can be a prefix too.
#include "text/splitter.h"

#include <cstdint>

#include "base/check.h"
#include "text/unicode_class.h"

namespace sirocco {
namespace {

struct Character {
  uint8_t sets;
  uint8_t length_bytes;
};

struct Scanner {
  const char* end;

  Character at(const char* p) const {
    const auto b0 = static_cast<uint8_t>(*p);
    if (b0 < 0x80) return {kAsciiSets[b0], 1};
    const auto bits = [p](int i) { return static_cast<uint32_t>(p[i] & 0x3F); };
    if (b0 < 0xE0) return {unicode_sets((b0 & 0x1Fu) << 6 | bits(1)), 2};
    if (b0 < 0xF0) return {unicode_sets((b0 & 0x0Fu) << 12 | bits(1) << 6 | bits(2)), 3};
    return {unicode_sets((b0 & 0x07u) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3)), 4};
  }

  const char* run(const char* p, uint8_t set) const {
    while (p < end) {
      const Character c = at(p);
      if (!(c.sets & set)) break;
      p += c.length_bytes;
    }
    return p;
  }
};

// Ends of alternatives 1 and 2 without their prefix; null where they do not match.
struct WordEnds {
  const char* lower = nullptr;
  const char* upper = nullptr;
};

WordEnds match_word(const Scanner& text, const char* begin) {
  const char* p = begin;
  const char* last_shared = nullptr;  // behind the last character that Lower could take back from Upper*
  while (p < text.end) {
    const Character c = text.at(p);
    if (!(c.sets & kUpperSet)) {
      if (c.sets & kLowerSet) return {text.run(p + c.length_bytes, kLowerSet), nullptr};
      break;
    }
    p += c.length_bytes;
    if (c.sets & kLowerSet) last_shared = p;
  }
  return {last_shared, p > begin ? p : nullptr};
}

// Alternatives 1 and 2; null if neither matches.
const char* match_words(const Scanner& text, const char* p, Character first) {
  WordEnds prefixed, plain;
  if (first.sets & kWordPrefix) prefixed = match_word(text, p + first.length_bytes);
  if (prefixed.lower) return prefixed.lower;
  if (first.sets & (kUpperSet | kLowerSet)) plain = match_word(text, p);
  if (plain.lower) return plain.lower;
  return prefixed.upper ? prefixed.upper : plain.upper;
}

// Alternatives 5, 6 and 7 over the run of white space at p.
const char* match_space(const Scanner& text, const char* p) {
  const char* behind_newline = nullptr;
  const char* last = p;
  const char* q = p;
  while (q < text.end) {
    const Character c = text.at(q);
    if (!(c.sets & kSpace)) break;
    last = q;
    q += c.length_bytes;
    if (c.sets & kNewline) behind_newline = q;
  }
  if (behind_newline) return behind_newline;
  // The last blank before a word is left to it, unless it is all there is.
  return q < text.end && last > p ? last : q;
}

}  // namespace

size_t next_piece(std::string_view piece_text) {
  DCHECK(!piece_text.empty());
  const char* const begin = piece_text.data();
  const Scanner text{begin + piece_text.size()};
  const Character first = text.at(begin);
  const char* end = nullptr;
  if (first.sets & (kWordPrefix | kUpperSet | kLowerSet)) end = match_words(text, begin, first);
  if (!end && first.sets & kNumber) end = begin + first.length_bytes;
  if (!end) {
    const char* symbols = begin + (*begin == ' ' ? 1 : 0);
    const char* q = text.run(symbols, kSymbol);
    if (q > symbols) {
      while (q < text.end && (*q == '\r' || *q == '\n' || *q == '/')) ++q;
      end = q;
    }
  }
  if (!end) end = match_space(text, begin);
  return static_cast<size_t>(end - begin);
}

}  // namespace sirocco
