// SPDX-License-Identifier: Apache-2.0
// `sirocco synth`: a checkpoint of random weights, of any shape, in any layout.
#pragma once

#include <CLI/CLI.hpp>

namespace sirocco {

// Adds the subcommand; running it sets `exit_code` (0 done, 1 an error was printed).
void add_synth_command(CLI::App& app, int& exit_code);

}  // namespace sirocco
