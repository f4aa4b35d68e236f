// SPDX-License-Identifier: Apache-2.0
// Files and lines stay short. An exception is listed by name and fails when it is no longer needed.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "house/source_tree.h"

namespace sirocco::house {
namespace {

constexpr size_t kCxxCharacters = 120;     // the formatter breaks at 110; string literals may run on
constexpr size_t kPythonCharacters = 200;  // lists of example sentences
constexpr size_t kFileLines = 500;

const std::set<std::string> kLongFiles = {};

// Characters, not bytes: comments use Σ, ⊙ and the like.
size_t characters(const std::string& line) {
  size_t count = 0;
  for (const char c : line) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  return count;
}

bool is_code(const SourceFile& file) {
  return (file.is_cxx() || file.has_extension(".py")) && !file.is_generated();
}

TEST(Lengths, LinesFitOnAScreen) {
  for (const SourceFile& file : source_tree()) {
    if (!is_code(file)) continue;
    const size_t limit = file.is_cxx() ? kCxxCharacters : kPythonCharacters;
    for (size_t i = 0; i < file.lines.size(); ++i)
      EXPECT_LE(characters(file.lines[i]), limit) << file.path << ":" << i + 1;
  }
}

TEST(Lengths, FilesHoldOneNoun) {
  for (const SourceFile& file : source_tree()) {
    if (!is_code(file)) continue;
    if (kLongFiles.contains(file.path))
      EXPECT_GT(file.lines.size(), kFileLines) << file.path << " is short now: take it off the list";
    else
      EXPECT_LE(file.lines.size(), kFileLines) << file.path << " is too long";
  }
  for (const std::string& path : kLongFiles) EXPECT_TRUE(path_exists(path)) << path;
}

TEST(Lengths, EveryCodeFileNamesItsLicence) {
  for (const SourceFile& file : source_tree()) {
    if (!is_code(file) || file.lines.empty()) continue;
    bool found = false;
    for (size_t i = 0; i < std::min<size_t>(3, file.lines.size()); ++i)
      found |= file.lines[i].find("SPDX-License-Identifier: Apache-2.0") != std::string::npos;
    EXPECT_TRUE(found) << file.path;
  }
}

}  // namespace
}  // namespace sirocco::house
