// SPDX-License-Identifier: Apache-2.0
#include "flag_variables.h"

#include <cstdlib>
#include <utility>

namespace sirocco {
namespace {

void give(CLI::Option& flag, const std::string& variable, const char* value) {
  try {
    flag.add_result(value);
    flag.run_callback();  // checks it
  } catch (const CLI::ParseError& error) {
    std::string problem = error.what();
    const std::string name = flag.get_name() + ": ";
    if (problem.starts_with(name)) problem.erase(0, name.size());
    throw CLI::ValidationError(variable, problem);
  }
}

}  // namespace

void FlagVariables::add(CLI::Option* flag, std::string ours, std::string theirs) {
  flag->description(flag->get_description() + " [" + ours + "]");
  entries_.push_back({flag, std::move(ours), std::move(theirs)});
}

void FlagVariables::adopt() const {
  for (const Entry& entry : entries_) {
    for (const std::string& variable : {entry.ours, entry.theirs}) {
      if (entry.flag->count() > 0) break;
      const char* value = std::getenv(variable.c_str());
      if (value != nullptr && *value != '\0') give(*entry.flag, variable, value);
    }
  }
}

}  // namespace sirocco
