// SPDX-License-Identifier: Apache-2.0
// What documents promise: every path they name exists, every header is used, every document can be found.
#include <gtest/gtest.h>

#include <set>
#include <string_view>
#include <vector>

#include "house/source_tree.h"

namespace sirocco::house {
namespace {

// `src/x/y.h` or [text](docs/z.md): a word of path characters with a known first folder.
std::vector<std::string> paths_in(const std::string& line) {
  static const std::string kCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./";
  static constexpr std::string_view kRoots[] = {"src/",    "include/",  "apps/",  "tests/",
                                                "docs/",   "bench/",    "tools/", "reference/",
                                                "models/", "examples/", ".ci/"};
  std::vector<std::string> paths;
  for (size_t begin = 0; begin < line.size();) {
    begin = line.find_first_of(kCharacters, begin);
    if (begin == std::string::npos) break;
    size_t end = line.find_first_not_of(kCharacters, begin);
    if (end == std::string::npos) end = line.size();
    const bool pattern = end < line.size() && (line[end] == '*' || line[end] == '{' || line[end] == '<');
    const bool tail =
        begin > 0 && (line[begin - 1] == '$' || line[begin - 1] == '}' || line[begin - 1] == '*');
    std::string word = line.substr(begin, end - begin);
    while (!word.empty() && (word.back() == '.' || word.back() == '-')) word.pop_back();
    begin = end;
    if (pattern || tail) continue;
    for (const std::string_view root : kRoots)
      if (word.starts_with(root)) paths.push_back(word);
  }
  return paths;
}

TEST(Documents, EveryPathTheyNameExists) {
  int paths = 0;
  for (const SourceFile& file : source_tree()) {
    if (!file.has_extension(".md") || file.path == "CHANGELOG.md") continue;
    const std::string folder = file.path.substr(0, file.path.rfind('/') + 1);
    for (size_t i = 0; i < file.lines.size(); ++i) {
      for (const std::string& path : paths_in(file.lines[i])) {
        ++paths;
        EXPECT_TRUE(path_exists(path) || path_exists(folder + path))
            << file.path << ":" << i + 1 << " names " << path;
      }
    }
  }
  EXPECT_GT(paths, 10) << "no document names a path: is the scan broken?";
}

TEST(Documents, EveryHeaderIsIncludedBySomeone) {
  std::set<std::string> included;
  for (const SourceFile& file : source_tree())
    if (file.is_cxx() || file.has_extension(".inc"))
      for (const std::string& include : includes_of(file)) {
        included.insert(include);
        included.insert(file.path.substr(0, file.path.rfind('/') + 1) + include);  // beside the includer
      }
  for (const SourceFile& file : source_tree()) {
    if (!file.has_extension(".h")) continue;
    const size_t begin = file.path.find('/') + 1;
    EXPECT_TRUE(included.contains(file.path.substr(begin)) || included.contains(file.path))
        << file.path << " is included by nobody";
  }
}

TEST(Documents, EveryDocumentIsNamedByAnother) {
  for (const SourceFile& document : source_tree()) {
    if (!document.is_below("docs/") || !document.has_extension(".md")) continue;
    const std::string name = document.path.substr(document.path.rfind('/') + 1);
    bool named = false;
    for (const SourceFile& file : source_tree()) {
      if (file.path == document.path) continue;
      for (const std::string& line : file.lines) named |= line.find(name) != std::string::npos;
    }
    EXPECT_TRUE(named) << document.path << " can be found from nowhere";
  }
}

}  // namespace
}  // namespace sirocco::house
