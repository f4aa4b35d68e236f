// SPDX-License-Identifier: Apache-2.0
#include "model_loading.h"

#include <fmt/format.h>

#include <cstdio>
#include <string_view>
#include <utility>

#include "picture_files.h"
#include "progress_line.h"

namespace sirocco {

Result<std::unique_ptr<Engine>> load_engine(EngineOptions options) {
  ProgressLine line("loading");
  options.pack_when_used = true;
  options.fetch_picture = read_picture;
  options.on_log = [](LogLevel level, std::string_view text) {
    if (level == LogLevel::warning) fmt::print(stderr, "warning: {}\n", text);
  };
  options.on_progress = [&line](const LoadProgress& p) { line.show(p.done_bytes, p.total_bytes); };
  return Engine::open(options);
}

Result<std::unique_ptr<Model>> load_model(std::shared_ptr<const Checkpoint> checkpoint, ModelOptions options,
                                          std::shared_ptr<const Checkpoint> mmproj) {
  ProgressLine line("loading");
  options.progress = [&line](uint64_t done, uint64_t total) { line.show(done, total); };
  return Model::load(std::move(checkpoint), options, std::move(mmproj));
}

}  // namespace sirocco
