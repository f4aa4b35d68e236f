// SPDX-License-Identifier: Apache-2.0
// `sirocco compare A B…`: models side by side, and the first against each of the others.
#pragma once

#include <CLI/CLI.hpp>

namespace sirocco {

// Adds the subcommand; running it sets `exit_code` (0 done, 1 an error was printed).
void add_compare_command(CLI::App& app, int& exit_code);

}  // namespace sirocco
