// SPDX-License-Identifier: Apache-2.0
// The checkout as text: every file that people wrote, with its lines. Used by the checks of tests/house.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sirocco::house {

struct SourceFile {
  std::string path;  // relative to the root, '/' between parts
  std::vector<std::string> lines;

  bool has_extension(std::string_view extension) const { return std::string_view(path).ends_with(extension); }
  bool is_cxx() const { return has_extension(".h") || has_extension(".cc") || has_extension(".cu"); }
  bool is_below(std::string_view folder) const { return std::string_view(path).starts_with(folder); }
  bool is_generated() const;  // says so in its first five lines
};

// All text files of the project, build folders, goldens, corpora and models left out.
const std::vector<SourceFile>& source_tree();
bool path_exists(std::string_view relative);

// The quoted includes of a C++ file, as written.
std::vector<std::string> includes_of(const SourceFile& file);

}  // namespace sirocco::house
