// SPDX-License-Identifier: Apache-2.0
#include "model_argument.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <utility>

#include "model/bind.h"
#include "model/known_models.h"

namespace sirocco {

std::string known_model_names() {
  std::string names;
  for (const KnownModel& model : known_models())
    names += fmt::format("{}{}", names.empty() ? "" : ", ", model.name);
  return names;
}

Result<ModelArgument> open_model_argument(const std::string& text) {
  std::error_code ignored;
  if (!std::filesystem::exists(text, ignored)) {
    if (const KnownModel* known = find_known_model(text))
      return ModelArgument{
          .name = known->name, .title = known->title, .config = known->config, .checkpoint = {}};
    return fail(ErrorKind::not_found,
                fmt::format("{}: no such file or directory, and no known model ({})", text,
                            known_model_names()));
  }
  auto checkpoint = Checkpoint::open(text, WeightFiles::optional);
  if (!checkpoint) return forward_error(checkpoint);
  auto config = read_config(*checkpoint);
  if (!config) return forward_error(config);
  const KnownModel* known = recognise_model(*config);
  return ModelArgument{.name = known != nullptr ? known->name : text,
                       .title = known != nullptr ? known->title : text,
                       .config = std::move(*config),
                       .checkpoint = std::move(*checkpoint)};
}

const char* layout_name(Layout layout) {
  switch (layout) {
    case Layout::native:
      return "native";
    case Layout::hugging_face:
      return "hugging_face";
    case Layout::gguf:
      return "gguf";
  }
  return "";
}

std::string attention_name(const Config& config) {
  const auto latent = std::count(config.attention.begin(), config.attention.end(), AttentionKind::latent);
  return latent == config.layers ? "latent" : latent == 0 ? "grouped" : "mixed";
}

std::string feed_forward_name(const Config& config) {
  const auto dense =
      std::count(config.feed_forward.begin(), config.feed_forward.end(), FeedForwardKind::dense);
  return dense == config.layers ? "dense" : dense == 0 ? "experts" : "mixed";
}

}  // namespace sirocco
