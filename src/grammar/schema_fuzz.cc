// SPDX-License-Identifier: Apache-2.0
// Any bytes as a client's JSON schema: refused, or a schema whose strings are safe, in the rules that are
// taken and in those that leave unsafe patterns out. The first byte sends the rest to the printed grammars'
// rewriting instead.
//
// Covers: src/grammar/*_schema.cc src/grammar/schema_check.cc src/grammar/bounded_space.cc
#include <cstdint>
#include <string_view>

#include "grammar/bounded_space.h"
#include "grammar/harden_schema.h"
#include "grammar/mend_schema.h"
#include "grammar/schema_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sirocco;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 1) {
    (void)bound_whitespace(text);
    return 0;
  }
  const auto schema = parse_json(text, "schema");
  if (!schema) return 0;
  (void)inexpressible_keywords(*schema);
  (void)mend_schema(*schema);
  if (most_properties(*schema) > text.size()) __builtin_trap();
  const auto strict = harden_schema(*schema, UnsafePattern::refuse);
  const auto lenient = harden_schema(*schema, UnsafePattern::leave_out);
  if (strict && (!lenient || *strict != *lenient)) __builtin_trap();  // nothing was unsafe: nothing may be left out
  return 0;
}
