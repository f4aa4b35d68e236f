// SPDX-License-Identifier: Apache-2.0
// `sirocco run MODEL [PROMPT]`: one answer, or a file of requests, on standard output.
#pragma once

#include <CLI/CLI.hpp>

namespace sirocco {

void add_run_command(CLI::App& app, int& exit_code);

}  // namespace sirocco
