// SPDX-License-Identifier: Apache-2.0
// `sirocco verify MODEL`: the published reference vectors of the 119B checkpoint under both softmax scales.
#pragma once

#include <CLI/CLI.hpp>

namespace sirocco {

void add_verify_command(CLI::App& app, int& exit_code);

}  // namespace sirocco
