// SPDX-License-Identifier: Apache-2.0
// The keys of a GGUF vision file (docs/formats/gguf.md, "The vision file"): architecture clip, projector pixtral.
#include <fmt/format.h>

#include "base/printable.h"
#include "model/bind.h"
#include "model/bind_layouts.h"
#include "model/config_check.h"
#include "model/config_fields.h"
#include "model/gguf_fields.h"

namespace sirocco {
namespace {

Result<void> check_kind(const GgufMetadata& metadata, const std::string& where) {
  const std::string* architecture = metadata.text("general.architecture");
  if (architecture == nullptr || *architecture != "clip")
    return bad_input(fmt::format("{}: no mmproj file: general.architecture is '{}', expected clip", where,
                                 architecture == nullptr ? "missing" : printable(*architecture, 40)));
  if (!metadata.boolean("clip.has_vision_encoder").value_or(false))
    return fail(ErrorKind::unsupported,
                fmt::format("{}: clip.has_vision_encoder is not true, the file has no vision tower", where));
  const std::string* type = metadata.text("clip.projector_type");
  if (type == nullptr) type = metadata.text("clip.vision.projector_type");
  if (type == nullptr || *type != "pixtral")
    return fail(ErrorKind::unsupported,
                fmt::format("{}: clip.projector_type is '{}', expected pixtral", where,
                            type == nullptr ? "missing" : printable(*type, 40)));
  if (!metadata.boolean("clip.use_silu").value_or(true) || metadata.boolean("clip.use_gelu").value_or(false))
    return fail(ErrorKind::unsupported,
                fmt::format("{}: clip.use_silu is not true, expected a tower with SiLU", where));
  return {};
}

}  // namespace

Result<VisionConfig> parse_mmproj_config(const GgufMetadata& metadata, const std::string& where,
                                         int64_t text_hidden) {
  if (auto kind = check_kind(metadata, where); !kind) return forward_error(kind);
  GgufFields keys(metadata, "clip.vision", where);
  VisionConfig v;
  v.hidden = keys.integer("embedding_length", 4, kMaxHidden);
  v.layers = keys.integer("block_count", 1, kMaxLayers);
  v.heads = keys.integer("attention.head_count", 1, kMaxHeads);
  v.width = keys.integer("feed_forward_length", 1, kMaxWidth);
  v.patch = keys.integer("patch_size", 1, 1024);
  v.image_size = keys.integer("image_size", 1, 1 << 16);
  v.merge = keys.integer("spatial_merge_size", 1, 64, 1);
  GgufFields outer(metadata, "clip", where);
  v.rope_theta = outer.number("rope.freq_base", 1.0, 1e15, 10000.0);
  // attention.layer_norm_epsilon is not read: the tower's is fixed, and some converters write the text model's.
  const int64_t projected = keys.integer("projection_dim", 1, kMaxHidden, text_hidden);
  if (projected != text_hidden)
    keys.refuse("projection_dim",
                fmt::format("{}, expected {}, the width of the text model", projected, text_hidden));
  for (const GgufFields* fields : {&keys, &outer})
    if (fields->error()) return tl::unexpected<Error>(*fields->error());
  if (const std::string fault = vision_fault(v); !fault.empty())
    return bad_input(fmt::format("{}: {}", where, fault));
  return v;
}

Result<VisionWeights> bind_mmproj(const Checkpoint& mmproj, Config& config) {
  if (mmproj.layout() != Layout::gguf)
    return bad_input(fmt::format("{}: no mmproj file, expected a .gguf", mmproj.path()));
  auto vision = parse_mmproj_config(mmproj.gguf_metadata(), mmproj.config_path(), config.hidden);
  if (!vision) return forward_error(vision);
  config.vision = *vision;
  BindLookup lookup(mmproj);
  VisionWeights weights;
  bind_mmproj_vision(lookup, config, weights);
  if (lookup.error()) return tl::unexpected<Error>(*lookup.error());
  return weights;
}

}  // namespace sirocco
