// SPDX-License-Identifier: Apache-2.0
// `sirocco chat MODEL`: a conversation on the terminal.
#pragma once

#include <CLI/CLI.hpp>

namespace sirocco {

void add_chat_command(CLI::App& app, int& exit_code);

}  // namespace sirocco
