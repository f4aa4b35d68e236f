// SPDX-License-Identifier: Apache-2.0
#include "command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "bench_command.h"
#include "chat_command.h"
#include "compare_command.h"
#include "exit_codes.h"
#include "inspect_command.h"
#include "logits_command.h"
#include "perplexity_command.h"
#include "run_command.h"
#include "serve_command.h"
#include "sirocco/engine.h"
#include "suggest.h"
#include "synth_command.h"
#include "tokenize_command.h"
#include "verify_command.h"

namespace sirocco {
namespace {

// The subcommand that the words on the line got to.
const CLI::App* innermost(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? &app : innermost(*parsed.front());
}

std::vector<std::string> words_known_to(const CLI::App& app, bool flags) {
  std::vector<std::string> words;
  if (flags) {
    for (const CLI::Option* option : app.get_options())
      for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  } else {
    for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
      words.push_back(command->get_name());
  }
  return words;
}

int report_usage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = innermost(app);
  std::string message = error.what();
  for (const std::string& word : app.remaining(true)) {
    const bool is_flag = word.starts_with("-");
    if (!is_flag && command != &app) continue;
    message = (is_flag ? "unknown flag " : "unknown command ") + word;
    const std::string flag = word.substr(0, word.find('='));
    if (const std::string near = nearest_word(flag, words_known_to(*command, is_flag)); !near.empty())
      message += "; did you mean " + near + "?";
    break;
  }
  const std::string help = command == &app ? "sirocco --help" : "sirocco " + command->get_name() + " --help";
  std::fprintf(stderr, "error: %s\nSee %s\n", message.c_str(), help.c_str());
  return kExitUsage;
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app{"Sirocco: an inference engine for Mistral Small 4", "sirocco"};
  app.set_version_flag("--version", std::string("sirocco ") + version());
  app.require_subcommand(1);
  app.footer(kExitCodesHelp);
  int exit_code = kExitDone;
  add_run_command(app, exit_code);
  add_chat_command(app, exit_code);
  add_serve_command(app, exit_code);
  add_inspect_command(app, exit_code);
  add_compare_command(app, exit_code);
  add_tokenize_command(app, exit_code);
  add_detokenize_command(app, exit_code);
  add_logits_command(app, exit_code);
  add_perplexity_command(app, exit_code);
  add_verify_command(app, exit_code);
  add_synth_command(app, exit_code);
  add_bench_command(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return report_usage(app, error);
  }
  return exit_code;
}

}  // namespace sirocco
