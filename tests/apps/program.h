// SPDX-License-Identifier: Apache-2.0
// Runs the program as a script would.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <string>

namespace sirocco {

enum class Streams { output, both };

struct Outcome {
  int exit_code = -1;
  std::string output;  // standard output, and with Streams::both standard error too
};

inline Outcome run(const std::string& arguments, Streams streams = Streams::output) {
  Outcome outcome;
  const std::string command = std::string("'") + SIROCCO_BINARY + "' " + arguments +
                              (streams == Streams::both ? " 2>&1" : " 2>/dev/null");
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) return outcome;
  std::array<char, 4096> buffer;
  for (size_t n; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    outcome.output.append(buffer.data(), n);
  const int status = ::pclose(pipe);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

}  // namespace sirocco
