// SPDX-License-Identifier: Apache-2.0
// The command line itself: what it refuses and by which name, and that commands agree on the flags they share.
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "flag_variables.h"
#include "program.h"

namespace sirocco {
namespace {

const std::string kModel = SIROCCO_SOURCE_DIR "/models/mini";

void expect_refused(const std::string& arguments, const std::string& message) {
  const Outcome outcome = run(arguments, Streams::both);
  EXPECT_EQ(outcome.exit_code, 2) << arguments;
  EXPECT_NE(outcome.output.find(message), std::string::npos) << arguments << ": " << outcome.output;
}

TEST(CommandLine, RefusesWhatMakesNoSense) {
  expect_refused("bench", "MODEL is required");
  expect_refused("bench " + kModel + " --repeat 0", "--repeat: Value 0 not in range");
  expect_refused("bench " + kModel + " --image foo", "--image: foo: expected WIDTHxHEIGHT");
  expect_refused("inspect", "MODEL is required");
  expect_refused("inspect --cpu " + kModel, "excludes");
  expect_refused("inspect --cpu --json", "excludes");
  expect_refused("run " + kModel + " --template v2 Hi", "--template");
  expect_refused("tokenize " + kModel + " Hi --jsonl -", "excludes");
}

TEST(CommandLine, ADashIsStandardInput) {
  const std::string text = "tokenize " + kModel;
  const std::string ids = run(text + " Hi").output;
  EXPECT_FALSE(ids.empty());
  const std::string program = std::string("'") + SIROCCO_BINARY + "'";
  EXPECT_EQ(run(text + " - < /dev/null").output, "\n");
  EXPECT_EQ(run("--version > /dev/null; printf Hi | " + program + " " + text + " -").output, ids);
}

// A flag's entry in --help, from its names to where the next begins.
std::map<std::string, std::string> flags_of(const std::string& command) {
  std::istringstream help(run(command + " --help").output);
  std::map<std::string, std::string> flags;
  std::string name;
  for (std::string line; std::getline(help, line);) {
    if (line.starts_with("  -")) {
      const size_t begin = line.find("--");
      name = line.substr(begin, line.find_first_of(" ,", begin) - begin);
    } else if (!line.starts_with("    ")) {
      name.clear();
    }
    if (!name.empty()) flags[name] += line.substr(0, line.find(" [SIROCCO_")) + "\n";
  }
  return flags;
}

TEST(CommandLine, ASharedFlagIsTheSameEverywhere) {
  auto expected = flags_of("run");
  const auto expect_same = [&](std::map<std::string, std::string>& flags, const std::string& command,
                               const std::vector<std::string>& names) {
    for (const std::string& name : names) EXPECT_EQ(flags[name], expected[name]) << command << " " << name;
  };
  for (const char* name : {"--threads", "--template", "--mmproj", "--context"})
    EXPECT_NE(expected[name], "") << name;
  for (const std::string command : {"chat", "serve", "bench", "logits", "verify", "perplexity"}) {
    auto flags = flags_of(command);
    expect_same(flags, command, {"--threads", "--pin", "--isa", "--exact", "--cache-type", "--batch"});
    if (command != "verify") expect_same(flags, command, {"--attention-scale"});
    if (command != "verify" && command != "perplexity") expect_same(flags, command, {"--mmproj"});
    if (command == "chat" || command == "serve")
      expect_same(flags, command, {"--template", "--context", "--deterministic"});
  }
}

TEST(CommandLine, VariablesAreReadForServeAlone) {
  ::setenv("SIROCCO_PORT", "abc", 1);
  EXPECT_EQ(run("inspect --cpu").exit_code, 0);
  EXPECT_EQ(run("serve --help").exit_code, 0);
  expect_refused("serve " + kModel, "SIROCCO_PORT: Value abc not in range 0 to 65535");
  ::unsetenv("SIROCCO_PORT");
  ::setenv("LLAMA_ARG_THREADS", "-1", 1);
  EXPECT_EQ(run("tokenize " + kModel + " Hi").exit_code, 0);
  expect_refused("serve " + kModel, "LLAMA_ARG_THREADS: Value -1 not in range 0 to 4096");
  ::unsetenv("LLAMA_ARG_THREADS");
}

TEST(FlagVariables, FlagsWinOverOursAndOursOverTheirs) {
  const auto parsed = [](const std::string& line) {
    CLI::App app;
    CLI::App* command = app.add_subcommand("serve");
    int number = 0;
    std::vector<std::string> names;
    FlagVariables variables;
    variables.add(command->add_option("--number", number)->check(CLI::Range(0, 9)), "TEST_NUMBER", "TEST_THEIR_NUMBER");
    variables.add(command->add_option("--names", names)->delimiter(','), "TEST_NAMES");
    command->parse_complete_callback([&variables] { variables.adopt(); });
    app.parse(line);
    for (const std::string& name : names) number = 10 * number + std::stoi(name);
    return number;
  };
  EXPECT_EQ(parsed("serve"), 0);
  ::setenv("TEST_THEIR_NUMBER", "3", 1);
  EXPECT_EQ(parsed("serve"), 3);
  ::setenv("TEST_NUMBER", "2", 1);
  ::setenv("TEST_NAMES", "5,6", 1);
  EXPECT_EQ(parsed("serve"), 256);
  EXPECT_EQ(parsed("serve --number 1 --names 7"), 17);
  ::setenv("TEST_NUMBER", "10", 1);
  EXPECT_THROW(parsed("serve"), CLI::ValidationError);
  EXPECT_EQ(parsed("serve --number 1"), 156) << "a variable that a flag replaces is not looked at";
  for (const char* name : {"TEST_THEIR_NUMBER", "TEST_NUMBER", "TEST_NAMES"}) ::unsetenv(name);
}

}  // namespace
}  // namespace sirocco
