// SPDX-License-Identifier: Apache-2.0
// The program's command line as a whole: which subcommands there are, and what happens when it is wrong.
#pragma once

namespace sirocco {

// Returns the exit code (exit_codes.h).
int run_command_line(int argc, char** argv);

}  // namespace sirocco
