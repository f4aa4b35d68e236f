// SPDX-License-Identifier: Apache-2.0
#include "input.h"

#include <fstream>
#include <iostream>
#include <iterator>

namespace sirocco {
namespace {

// A stream, since pipes such as <(…) cannot be mapped.
Result<void> with_stream(const std::string& path, const std::function<void(std::istream&)>& read) {
  if (path == "-") {
    read(std::cin);
    return {};
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorKind::not_found, path + ": cannot be opened");
  read(file);
  return {};
}

std::string rest_of(std::istream& stream) {
  return {std::istreambuf_iterator<char>(stream), {}};
}

}  // namespace

std::string standard_input() {
  return rest_of(std::cin);
}

Result<std::string> read_input(const std::string& path) {
  std::string text;
  if (auto ok = with_stream(path, [&](std::istream& stream) { text = rest_of(stream); }); !ok)
    return forward_error(ok);
  return text;
}

Result<void> for_each_line(const std::string& path,
                           const std::function<bool(const std::string& line, size_t number)>& use) {
  return with_stream(path, [&](std::istream& stream) {
    size_t number = 0;
    for (std::string line; std::getline(stream, line);) {
      ++number;
      if (!line.empty() && !use(line, number)) return;
    }
  });
}

}  // namespace sirocco
