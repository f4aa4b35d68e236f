// SPDX-License-Identifier: Apache-2.0
// `sirocco bench`: tokens a second of a model on this machine, beside what the machine could do at most.
#pragma once

#include <CLI/CLI.hpp>

namespace sirocco {

// Adds the subcommand; running it sets `exit_code` (0 done, 1 an error was printed).
void add_bench_command(CLI::App& app, int& exit_code);

}  // namespace sirocco
