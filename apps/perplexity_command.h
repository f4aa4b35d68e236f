// SPDX-License-Identifier: Apache-2.0
// sirocco perplexity: how well a model predicts a text, and how far one run is from another (src/measure/).
#pragma once

#include <CLI/CLI.hpp>

namespace sirocco {

void add_perplexity_command(CLI::App& app, int& exit_code);

}  // namespace sirocco
