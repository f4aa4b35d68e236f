// SPDX-License-Identifier: Apache-2.0
// `sirocco logits MODEL --tokens ids.json --out x.npy`: the logits of every token, float32 [T, W].
#pragma once

#include <CLI/CLI.hpp>

namespace sirocco {

void add_logits_command(CLI::App& app, int& exit_code);

}  // namespace sirocco
