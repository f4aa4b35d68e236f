// SPDX-License-Identifier: Apache-2.0
// The arrows of the house: src/CMakeLists.txt names for each folder what it may include. Held here as well as
// by the linker, because a header-only include would slip past the linker.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "house/source_tree.h"

namespace sirocco::house {
namespace {

using Arrows = std::map<std::string, std::set<std::string>>;

Arrows declared_arrows() {
  Arrows arrows;
  for (const SourceFile& file : source_tree()) {
    if (file.path != "src/CMakeLists.txt") continue;
    for (const std::string& line : file.lines) {
      if (!line.starts_with("sirocco_folder(")) continue;
      const size_t begin = line.find('(') + 1;
      std::istringstream words(line.substr(begin, line.find(')') - begin));
      std::string folder, dependency;
      words >> folder;
      auto& targets = arrows[folder];
      while (words >> dependency) targets.insert(dependency);
    }
  }
  return arrows;
}

void collect(const Arrows& arrows, const std::string& folder, std::set<std::string>& reached) {
  const auto it = arrows.find(folder);
  if (it == arrows.end()) return;
  for (const std::string& next : it->second)
    if (reached.insert(next).second) collect(arrows, next, reached);
}

std::string first_part(const std::string& path) {
  return path.substr(0, path.find('/'));
}

TEST(Arrows, FoldersHaveNoCycles) {
  const Arrows arrows = declared_arrows();
  ASSERT_GE(arrows.size(), 5u) << "src/CMakeLists.txt declares no folders?";
  for (const auto& [folder, targets] : arrows) {
    std::set<std::string> reached;
    collect(arrows, folder, reached);
    EXPECT_FALSE(reached.contains(folder)) << "src/" << folder << " depends on itself";
    for (const std::string& target : targets)
      EXPECT_TRUE(arrows.contains(target)) << folder << " -> " << target;
  }
}

TEST(Arrows, EveryIncludeFollowsADeclaredArrow) {
  const Arrows arrows = declared_arrows();
  for (const SourceFile& file : source_tree()) {
    if (!file.is_cxx() || !file.is_below("src/")) continue;
    const std::string folder = first_part(file.path.substr(4));
    EXPECT_TRUE(arrows.contains(folder))
        << file.path << " lies in a folder that src/CMakeLists.txt does not name";
    std::set<std::string> allowed{folder, "sirocco"};  // include/sirocco is open to all
    collect(arrows, folder, allowed);
    for (const std::string& include : includes_of(file))
      EXPECT_TRUE(allowed.contains(first_part(include))) << file.path << " includes " << include;
  }
}

TEST(Arrows, ThePublicHeadersIncludeOnlyEachOther) {
  for (const SourceFile& file : source_tree()) {
    if (!file.is_below("include/")) continue;
    for (const std::string& include : includes_of(file))
      EXPECT_EQ(first_part(include), "sirocco") << file.path << " includes " << include;
  }
}

}  // namespace
}  // namespace sirocco::house
