// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over files and folders of files, as libFuzzer would replay them, without libFuzzer.
// Every input is handed over in a heap block of exactly its size, so that a sanitizer build sees a read past
// its end.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

bool replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  const std::string contents{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto exact = std::make_unique<uint8_t[]>(contents.size());
  if (!contents.empty()) std::memcpy(exact.get(), contents.data(), contents.size());
  std::fprintf(stderr, "%s\n", path.c_str());  // the last line printed names a crashing input
  LLVMFuzzerTestOneInput(exact.get(), contents.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> inputs;
  for (int i = 1; i < argc; ++i) {
    if (!std::filesystem::is_directory(argv[i])) {
      inputs.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) inputs.push_back(entry.path());
  }
  std::sort(inputs.begin(), inputs.end());
  for (const auto& input : inputs)
    if (!replay(input)) {
      std::fprintf(stderr, "%s: cannot read\n", input.c_str());
      return 1;
    }
  std::fprintf(stderr, "%zu inputs replayed\n", inputs.size());
  return inputs.empty() ? 1 : 0;  // an empty corpus tests nothing
}
