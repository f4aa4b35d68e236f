// SPDX-License-Identifier: Apache-2.0
#include "weights/mmproj.h"

#include <fmt/format.h>

#include <utility>

#include "weights/checkpoint_files.h"

namespace sirocco {

Result<std::shared_ptr<const Checkpoint>> open_mmproj(const Checkpoint& model, const std::string& path) {
  std::string file = path;
  if (model.layout() != Layout::gguf) {
    if (path.empty()) return std::shared_ptr<const Checkpoint>();
    return bad_input(fmt::format("{}: an mmproj file belongs to a .gguf, but {} is none", path, model.path()));
  }
  if (file.empty()) {
    auto found = find_mmproj(model.directory());
    if (!found) return forward_error(found);
    if (found->empty()) return std::shared_ptr<const Checkpoint>();
    file = std::move(*found);
  }
  auto opened = Checkpoint::open(file);
  if (!opened) return forward_error(opened);
  return std::make_shared<const Checkpoint>(std::move(*opened));
}

}  // namespace sirocco
