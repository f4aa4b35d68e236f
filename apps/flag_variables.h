// SPDX-License-Identifier: Apache-2.0
// FlagVariables: environment variables that stand in for flags of one command. CLI11's own are read for every
// command, so that a bad one would break those that do not look at it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace sirocco {

class FlagVariables {
 public:
  // `theirs` is llama-server's of the same meaning. Ours wins over it, and the flag over both; help names ours.
  void add(CLI::Option* flag, std::string ours, std::string theirs = {});

  // Gives the flags that the line left out their variables' values. A value that does not fit is a
  // CLI::ValidationError that names the variable.
  void adopt() const;

 private:
  struct Entry {
    CLI::Option* flag;
    std::string ours, theirs;
  };
  std::vector<Entry> entries_;
};

}  // namespace sirocco
