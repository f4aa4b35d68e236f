// SPDX-License-Identifier: Apache-2.0
// `sirocco tokenize` and `sirocco detokenize`.
#pragma once

#include <CLI/CLI.hpp>

namespace sirocco {

// Adds the subcommand; running it sets `exit_code` (0 done, 1 an error was printed).
void add_tokenize_command(CLI::App& app, int& exit_code);
void add_detokenize_command(CLI::App& app, int& exit_code);

}  // namespace sirocco
