// SPDX-License-Identifier: Apache-2.0
// The program: one subcommand per file beside this one (add_…_command).
#include <CLI/CLI.hpp>

#include "compare_command.h"
#include "inspect_command.h"
#include "synth_command.h"
#include "tokenize_command.h"

int main(int argc, char** argv) {
  CLI::App app{"sirocco: the engine for Mistral Small 4"};
  app.require_subcommand(1);
  int exit_code = 0;
  sirocco::add_synth_command(app, exit_code);
  sirocco::add_tokenize_command(app, exit_code);
  sirocco::add_detokenize_command(app, exit_code);
  sirocco::add_inspect_command(app, exit_code);
  sirocco::add_compare_command(app, exit_code);
  CLI11_PARSE(app, argc, argv);
  return exit_code;
}
