// SPDX-License-Identifier: Apache-2.0
// Reads the goldens of tests/golden/text.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "text/python_json.h"
#include "text/tokenizer.h"

namespace sirocco {

inline std::string golden_path(const std::string& name) {
  return std::string(SIROCCO_SOURCE_DIR) + "/tests/golden/text/" + name;
}

inline std::vector<PythonJson> golden_lines(const std::string& name) {
  std::vector<PythonJson> lines;
  std::ifstream file(golden_path(name));
  for (std::string line; std::getline(file, line);) {
    auto json = parse_python_json(line, name);
    EXPECT_TRUE(json) << name << ": " << line;
    if (json) lines.push_back(std::move(*json));
  }
  EXPECT_FALSE(lines.empty()) << name;
  return lines;
}

inline std::vector<TokenId> ids_of(const PythonJson& list) {
  std::vector<TokenId> ids;
  for (const PythonJson& item : list.items) ids.push_back(static_cast<TokenId>(*item.as_int64()));
  return ids;
}

// The vocabulary cut to 8,192 plain tokens; loaded once.
inline const Tokenizer& golden_tokenizer() {
  static const auto tokenizer = Tokenizer::open(golden_path("tekken.json"));
  EXPECT_TRUE(tokenizer) << tokenizer.error().message;
  return *tokenizer;
}

}  // namespace sirocco
