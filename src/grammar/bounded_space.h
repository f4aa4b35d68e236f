// SPDX-License-Identifier: Apache-2.0
// White space between the elements of a JSON text, bounded. XGrammar's own bound is unrolled at every place where
// white space may stand: with 131,072 tokens a small tool's schema then compiles for seconds into half a gigabyte.
// Here all places share one chain of rules.
#pragma once

#include <string>
#include <string_view>

namespace sirocco {

// Enough for any indentation, too little for a model that got stuck in white space.
constexpr int kMostWhitespace = 40;

// A grammar as XGrammar prints it for a JSON schema with white space of any length, `[ \n\r\t]*` -> one that it reads,
// with at most kMostWhitespace characters at each place. What stands in literals, classes and lookaheads stays.
std::string bound_whitespace(std::string_view grammar);

}  // namespace sirocco
