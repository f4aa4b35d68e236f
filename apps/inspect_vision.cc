// SPDX-License-Identifier: Apache-2.0
#include "inspect_vision.h"

#include <fmt/format.h>

#include "base/json.h"
#include "model/bind.h"
#include "number_text.h"
#include "tensor_text.h"

namespace sirocco {
namespace {

constexpr const char* kProjectorOut = "mm.2.weight";  // its rows are as wide as the text model

int64_t text_width(const Checkpoint& mmproj) {
  for (const TensorEntry& entry : mmproj.tensors())
    if (entry.name == kProjectorOut && !entry.shape.empty()) return entry.shape.front();
  return 0;
}

int64_t parameters(const Checkpoint& mmproj) {
  int64_t count = 0;
  for (const TensorEntry& entry : mmproj.tensors()) {
    int64_t elements = 1;
    for (const int64_t extent : entry.shape) elements *= extent;
    count += elements;
  }
  return count;
}

void print_vision_json(const Checkpoint& mmproj, const VisionConfig& v, int64_t width, bool tensors) {
  Json json = {{"layout", "gguf"},
               {"architecture", "clip"},
               {"projector", "pixtral"},
               {"layers", v.layers},
               {"hidden_size", v.hidden},
               {"attention_heads", v.heads},
               {"dense_width", v.width},
               {"patch_size", v.patch},
               {"spatial_merge_size", v.merge},
               {"image_size", v.image_size},
               {"text_hidden_size", width},
               {"parameters_vision", parameters(mmproj)},
               {"dtype", main_dtype(mmproj)},
               {"file_bytes", mmproj.file_bytes()},
               {"tensor_count", mmproj.tensors().size()}};
  for (const TensorEntry& entry : mmproj.tensors())
    if (tensors) json["tensors"].push_back(tensor_json(entry));
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

void print_vision(const Checkpoint& mmproj, const VisionConfig& v, int64_t width, bool tensors) {
  fmt::print("{:<14}{}\n", "vision file", mmproj.path());
  fmt::print("{:<14}gguf layout, mostly {}, {}, {} tensors\n", "files", main_dtype(mmproj),
             in_gib(static_cast<int64_t>(mmproj.file_bytes())), mmproj.tensors().size());
  fmt::print("{:<14}pixtral, {} layers of width {}, {} heads, feed-forward {}\n", "tower", v.layers,
             with_commas(v.hidden), v.heads, with_commas(v.width));
  fmt::print("{:<14}up to {} pixels a side in patches of {}, {} × {} of them a token\n", "images", v.image_size,
             v.patch, v.merge, v.merge);
  fmt::print("{:<14}text models of width {}\n", "belongs to", with_commas(width));
  fmt::print("{:<14}{}\n", "parameters", with_commas(parameters(mmproj)));
  for (const TensorEntry& entry : mmproj.tensors())
    if (tensors) fmt::print("{}\n", tensor_row(entry));
}

}  // namespace

bool is_vision_file(const Checkpoint& checkpoint) {
  const std::string* architecture = checkpoint.gguf_metadata().text("general.architecture");
  return checkpoint.layout() == Layout::gguf && architecture != nullptr && *architecture == "clip";
}

Result<void> inspect_vision(const Checkpoint& mmproj, bool json, bool tensors) {
  Config config;
  config.hidden = text_width(mmproj);
  if (auto bound = bind_mmproj(mmproj, config); !bound) return forward_error(bound);
  if (json)
    print_vision_json(mmproj, *config.vision, config.hidden, tensors);
  else
    print_vision(mmproj, *config.vision, config.hidden, tensors);
  return {};
}

}  // namespace sirocco
