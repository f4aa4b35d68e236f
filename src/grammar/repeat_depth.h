// SPDX-License-Identifier: Apache-2.0
// How counted repetitions are nested in a grammar. A matcher keeps a count for each of them at every place where one
// may have begun: nested, their states multiply, and one token can take seconds.
#pragma once

#include <string_view>

namespace sirocco {

// Whether more than two repetitions `rule{m, n}` with n > m lie inside one another and could go round more than a
// thousand times together, through whatever rules. `grammar` is as xgrammar::Grammar::ToString prints it, where only
// rules are repeated: "name ::= ((other{1, 5} "literal") | ([a-z]))". A repetition that contains itself counts once.
bool repeats_multiply(std::string_view grammar);

}  // namespace sirocco
