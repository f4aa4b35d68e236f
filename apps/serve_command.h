// SPDX-License-Identifier: Apache-2.0
// `sirocco serve MODEL`: the HTTP server (docs/serving.md).
#pragma once

#include <CLI/CLI.hpp>

namespace sirocco {

// Adds the subcommand; running it sets `exit_code` (0 drained, 1 could not start, 130 stopped at once).
void add_serve_command(CLI::App& app, int& exit_code);

}  // namespace sirocco
