// SPDX-License-Identifier: Apache-2.0
#include "inspect_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/cores.h"
#include "base/memory_nodes.h"
#include "exit_codes.h"
#include "inspect_vision.h"
#include "model/bind.h"
#include "model/known_models.h"
#include "model/mmproj.h"
#include "model/sizes.h"
#include "model_argument.h"
#include "model_flags.h"
#include "number_text.h"
#include "ops/select.h"
#include "refuse.h"
#include "tensor_text.h"

namespace sirocco {
namespace {

struct InspectOptions {
  std::string model;
  bool json = false;
  bool tensors = false;
  bool cpu = false;
};

// What binding says of the files: what keeps the model from running, or the tensors and files that it passes over.
struct Binding {
  std::string problem;
  std::unordered_set<const TensorEntry*> unused;
  std::string vision_file;               // of a GGUF; "" when there is none
  std::vector<std::string> passed_over;  // files beside it that are called vision files, and why they are not its
};

// The draft head of speculative decoding (docs/formats/native.md, "The EAGLE head").
bool is_draft_head(const Checkpoint& checkpoint) {
  return checkpoint.find("eagle_linear.weight") != nullptr;
}

Binding try_binding(const ModelArgument& model) {
  Binding binding;
  if (!model.checkpoint || model.checkpoint->tensors().empty()) return binding;
  if (is_draft_head(*model.checkpoint)) {
    binding.problem = "an EAGLE draft head: it takes embedding and output from its model and does not run by itself";
    return binding;
  }
  const auto unused = unused_tensors(*model.checkpoint, model.config);
  if (!unused)
    binding.problem = unused.error().message;
  else
    binding.unused.insert(unused->begin(), unused->end());
  return binding;
}

int64_t dense_layers(const Config& config) {
  return std::count(config.feed_forward.begin(), config.feed_forward.end(), FeedForwardKind::dense);
}

Json tensor_list(const ModelArgument& model, const Binding& binding) {
  Json list = Json::array();
  for (const TensorEntry& entry : model.checkpoint->tensors()) {
    Json tensor = tensor_json(entry);
    tensor["file"] = model.checkpoint->file_paths()[static_cast<size_t>(entry.file_index)];
    tensor["used"] = !binding.unused.contains(&entry);
    list.push_back(std::move(tensor));
  }
  return list;
}

Json rope_json(const Config& c) {
  return {{"theta", c.rope.theta},
          {"dimension", c.rope_dim},
          {"interleaved", c.rope_interleaved},
          {"yarn_factor", c.rope.factor},
          {"original_max_position_embeddings", c.rope.original_max_positions},
          {"query_scale_beta", c.query_scale.beta},
          {"query_scale_length", c.query_scale.original_max_positions}};
}

Json describe(const ModelArgument& model, const Binding& binding) {
  const Config& c = model.config;
  const ParameterCounts n = count_parameters(c);
  const int64_t context = longest_context(c);
  const KnownModel* known = recognise_model(c);
  Json json = {{"model", known != nullptr ? Json(known->name) : Json()},
               {"layout", model.checkpoint ? Json(layout_name(model.checkpoint->layout())) : Json()},
               {"architecture", c.architecture},
               {"layers", c.layers},
               {"dense_layers", dense_layers(c)},
               {"hidden_size", c.hidden},
               {"attention", attention_name(c)},
               {"attention_heads", c.heads},
               {"kv_heads", c.kv_heads},
               {"head_dim", c.head_dim},
               {"q_lora_rank", c.q_lora_rank},
               {"kv_lora_rank", c.kv_lora_rank},
               {"v_head_dim", c.v_head_dim},
               {"feed_forward", feed_forward_name(c)},
               {"experts", c.experts.experts},
               {"experts_per_token", c.experts.experts_per_token},
               {"shared_experts", c.experts.shared_experts},
               {"expert_width", c.experts.width},
               {"dense_width", c.dense_width},
               {"vocabulary", c.vocabulary},
               {"vision", c.vision.has_value()},
               {"rope", rope_json(c)},
               {"parameters_total", n.total()},
               {"parameters_text", n.text()},
               {"parameters_vision", n.vision},
               {"parameters_active", n.active()},
               {"kv_bytes_per_token", cache_bytes_per_token(c)},
               {"kv_bytes_at_max_context", cache_bytes(c, context)},
               {"operations_per_token", operations_per_token(c, 0)},
               {"max_position_embeddings", c.max_position_embeddings},
               {"max_context", context},
               {"dtype", c.stored_dtype},
               {"file_bytes", model.checkpoint ? model.checkpoint->file_bytes() : 0},
               {"files", model.checkpoint ? model.checkpoint->file_paths().size() : 0},
               {"tensor_count", model.checkpoint ? model.checkpoint->tensors().size() : 0},
               {"unused_tensors", binding.unused.size()},
               {"vision_file", binding.vision_file.empty() ? Json() : Json(binding.vision_file)},
               {"passed_over", binding.passed_over},
               {"problem", binding.problem.empty() ? Json() : Json(binding.problem)}};
  for (const PrecisionBytes& p : weight_bytes_by_precision(c))
    json["weight_bytes"][std::string(p.name)] = p.weight_bytes;
  return json;
}

void row(const char* label, const std::string& text) {
  fmt::print("{:<14}{}\n", label, text);
}

std::string attention_text(const Config& c) {
  if (attention_name(c) == "latent")
    return fmt::format(
        "latent, {} heads; {} latent + {} rotary numbers cached a layer, queries through rank {}", c.heads,
        c.kv_lora_rank, c.rope_dim, c.q_lora_rank);
  return fmt::format("grouped, {} heads of {}, {} for keys and values", c.heads, c.head_dim, c.kv_heads);
}

std::string feed_forward_text(const Config& c) {
  const std::string dense = fmt::format("dense, width {}", with_commas(c.dense_width));
  if (feed_forward_name(c) == "dense") return dense;
  std::string text =
      fmt::format("{} experts of width {}, {} a token, {} shared", c.experts.experts,
                  with_commas(c.experts.width), c.experts.experts_per_token, c.experts.shared_experts);
  if (dense_layers(c) > 0) text += fmt::format("; the first {} layers {}", dense_layers(c), dense);
  return text;
}

std::string files_text(const ModelArgument& model, const Binding& binding) {
  const Checkpoint& checkpoint = *model.checkpoint;
  if (checkpoint.tensors().empty()) return "configuration only";
  std::string text =
      fmt::format("{} layout, mostly {}, {} in {} file{}, {} tensors", layout_name(checkpoint.layout()),
                  model.config.stored_dtype, in_gib(static_cast<int64_t>(checkpoint.file_bytes())),
                  checkpoint.file_paths().size(), checkpoint.file_paths().size() == 1 ? "" : "s",
                  with_commas(static_cast<int64_t>(checkpoint.tensors().size())));
  if (!binding.unused.empty()) text += fmt::format(" ({} not used)", binding.unused.size());
  return text;
}

void print_tensors(const ModelArgument& model, const Binding& binding) {
  for (const TensorEntry& entry : model.checkpoint->tensors())
    fmt::print("{}{}\n", tensor_row(entry), binding.unused.contains(&entry) ? "  (not used)" : "");
}

void print_description(const ModelArgument& model, const Binding& binding) {
  const Config& c = model.config;
  const ParameterCounts n = count_parameters(c);
  const int64_t context = longest_context(c);
  row("model", model.title);
  if (model.checkpoint) row("files", files_text(model, binding));
  row("architecture",
      fmt::format("{}, {} layers of width {}", c.architecture, c.layers, with_commas(c.hidden)));
  row("attention", attention_text(c));
  row("feed-forward", feed_forward_text(c));
  row("vocabulary", with_commas(c.vocabulary));
  if (c.vision)
    row("vision", fmt::format("{} layers of width {}, images up to {} pixels a side", c.vision->layers,
                              with_commas(c.vision->hidden), c.vision->image_size));
  if (!binding.vision_file.empty()) row("vision file", binding.vision_file);
  for (const std::string& reason : binding.passed_over) row("passed over", reason);
  row("parameters", fmt::format("{} ({} text), {} active a token", with_commas(n.total()),
                                with_commas(n.text()), in_billions(n.active())));
  row("cache", fmt::format("{} bytes a token in BF16, {} at {}", with_commas(cache_bytes_per_token(c)),
                           in_gib(cache_bytes(c, context)), with_commas(context)));
  std::string positions = with_commas(context) + " tokens";
  if (context != c.max_position_embeddings)
    positions += fmt::format(" (max_position_embeddings {})", with_commas(c.max_position_embeddings));
  row("context", positions);
  row("work", fmt::format("{} operations a token, before attention over the context",
                          in_billions(operations_per_token(c, 0))));
  std::string memory;
  for (const PrecisionBytes& p : weight_bytes_by_precision(c))
    memory += fmt::format("{}{} {}", memory.empty() ? "" : ", ", p.name, in_gib(p.weight_bytes));
  row("weights as", memory);
  if (!binding.problem.empty()) row("problem", binding.problem);
}

// A GGUF's vision file, when it lies beside it, belongs to the model.
Result<void> add_vision_file(ModelArgument& model, Binding& binding) {
  if (!model.checkpoint || model.checkpoint->tensors().empty()) return {};
  auto mmproj = open_mmproj(*model.checkpoint, "");
  if (!mmproj) return forward_error(mmproj);
  binding.passed_over = std::move(mmproj->passed_over);
  if (mmproj->file == nullptr) return {};
  binding.vision_file = mmproj->file->path();
  if (auto bound = bind_mmproj(*mmproj->file, model.config); !bound) return forward_error(bound);
  return {};
}

int inspect(const InspectOptions& options) {
  auto model = open_model_argument(options.model);
  if (!model) {
    const auto file = Checkpoint::open(options.model);
    if (!file || !is_vision_file(*file)) return refuse(model.error());
    const auto shown = inspect_vision(*file, options.json, options.tensors);
    return shown ? kExitDone : refuse(shown.error());
  }
  Binding binding = try_binding(*model);
  if (const auto added = add_vision_file(*model, binding); !added && binding.problem.empty())
    binding.problem = added.error().message;
  const bool list_tensors = options.tensors && model->checkpoint.has_value();
  if (options.json) {
    Json json = describe(*model, binding);
    if (list_tensors) json["tensors"] = tensor_list(*model, binding);
    fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
    return kExitDone;
  }
  print_description(*model, binding);
  if (list_tensors) print_tensors(*model, binding);
  return kExitDone;
}

int inspect_cpu() {
  const CpuFeatures have = detect_cpu_features();
  const auto chosen = select_op_table(have, "");
  if (!chosen) return refuse(chosen.error());
  fmt::print("{}", describe_op_tables(have, **chosen));
  fmt::print("threads that compute: {}, one a physical core that this process may use\n", compute_cores().size());
  if (const size_t nodes = compute_nodes().size(); nodes > 1)
    fmt::print("memory nodes: {}; packed weights and the cache are spread over them\n", nodes);
  else
    fmt::print("memory nodes: one, or not told\n");
  return kExitDone;
}

}  // namespace

void add_inspect_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<InspectOptions>();
  CLI::App* command = app.add_subcommand("inspect", "say what a model is: sizes, cache, work and files");
  auto* model = command->add_option(
      "MODEL", options->model,
      "directory, .gguf, .safetensors, params.json, config.json or the name of a known model");
  auto* json = add_json_flag(*command, options->json);
  auto* tensors = command->add_flag("--tensors", options->tensors, "list every tensor of the files");
  command->add_flag("--cpu", options->cpu, "say which kernels run on this processor, and why; needs no MODEL")
      ->excludes(model)
      ->excludes(json)
      ->excludes(tensors);
  command->callback([options, &exit_code] {
    if (options->cpu) {
      exit_code = inspect_cpu();
      return;
    }
    if (options->model.empty()) throw CLI::RequiredError("MODEL");
    exit_code = inspect(*options);
  });
}

}  // namespace sirocco
