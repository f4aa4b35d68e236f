// SPDX-License-Identifier: Apache-2.0
#include "model/known_models.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/check.h"
#include "base/json.h"
#include "model/bind.h"
#include "model/config_fields.h"

namespace sirocco {
namespace {

std::vector<KnownModel> parse_all() {
  std::vector<KnownModel> models;
  for (const KnownModelDocument& document : known_model_documents()) {
    auto model = parse_known_model(document.json, std::string(document.file));
    CHECK(model);  // data of ours; a test parses each with its message
    models.push_back(std::move(*model));
  }
  std::sort(models.begin(), models.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return models;
}

// What makes a text model itself. Vision and quantisation may be left out of a file without making it
// another, and a GGUF rounds its norm_eps to float32.
auto identity(const Config& c) {
  return std::make_tuple(c.layers, c.hidden, c.vocabulary, c.heads, c.kv_heads, c.head_dim, c.q_lora_rank,
                         c.kv_lora_rank, c.rope_dim, c.nope_dim, c.v_head_dim, c.experts.experts,
                         c.experts.experts_per_token, c.experts.shared_experts, c.experts.width, c.rope.theta,
                         c.rope.factor, c.rope.original_max_positions, c.attention, c.feed_forward,
                         c.experts.experts > 0 ? 0 : c.dense_width);
}

}  // namespace

Result<KnownModel> parse_known_model(std::string_view json, const std::string& where) {
  auto document = parse_json(json, where);
  if (!document) return forward_error(document);
  ConfigFields fields(*document, where);
  KnownModel model;
  model.name = fields.text("name", "");
  model.title = fields.text("title", "");
  model.max_context = fields.integer("max_context", 1, kMaxPositions);
  if (model.name.empty()) fields.refuse("name", "is missing");
  if (!fields.object("params")) fields.refuse("params", "is missing, expected an object");
  if (fields.error()) return tl::unexpected<Error>(*fields.error());
  auto config = parse_native_config((*document)["params"], where);
  if (!config) return forward_error(config);
  model.config = std::move(*config);
  return model;
}

const std::vector<KnownModel>& known_models() {
  static const std::vector<KnownModel> models = parse_all();
  return models;
}

const KnownModel* find_known_model(std::string_view name) {
  for (const KnownModel& model : known_models())
    if (model.name == name) return &model;
  return nullptr;
}

const KnownModel* recognise_model(const Config& config) {
  for (const KnownModel& model : known_models())
    if (identity(model.config) == identity(config)) return &model;
  return nullptr;
}

int64_t longest_context(const Config& config) {
  const KnownModel* model = recognise_model(config);
  return model != nullptr ? model->max_context : config.max_position_embeddings;
}

}  // namespace sirocco
