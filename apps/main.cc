// SPDX-License-Identifier: Apache-2.0
// The program: one subcommand per file beside this one (add_…_command).
#include "command_line.h"

int main(int argc, char** argv) { return sirocco::run_command_line(argc, argv); }
