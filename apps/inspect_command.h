// SPDX-License-Identifier: Apache-2.0
// `sirocco inspect MODEL`: what a model is, from its configuration and the headers of its files alone.
#pragma once

#include <CLI/CLI.hpp>

namespace sirocco {

// Adds the subcommand; running it sets `exit_code` (0 done, 1 an error was printed).
void add_inspect_command(CLI::App& app, int& exit_code);

}  // namespace sirocco
