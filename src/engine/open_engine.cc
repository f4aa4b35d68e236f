// SPDX-License-Identifier: Apache-2.0
// Engine::open: from a path to a running engine.
#include <filesystem>
#include <utility>

#include "engine/check_options.h"
#include "engine/loaded_engine.h"
#include "engine/open_tokenizer.h"
#include "engine/session_file.h"
#include "model/mmproj.h"
#include "sample/random.h"

namespace sirocco {
namespace {

ModelOptions model_options(const EngineOptions& options) {
  ModelOptions model;
  model.exact = options.exact;
  model.softmax_scale = options.softmax_scale;
  model.cache_type = options.cache_type;
  // One form for prompts and answers: then a row's result does not depend on how it was chunked.
  if (options.deterministic) model.attention_form = AttentionForm::absorbed;
  model.threads = options.threads;
  model.pin = options.pin;
  model.isa = options.isa;
  model.pack_when_used = options.pack_when_used;
  model.weight_copy_bytes = options.weight_copy_bytes;
  model.max_batch_tokens = options.max_batch_tokens;
  if (options.on_progress)
    model.progress = [report = options.on_progress](uint64_t done, uint64_t total) { report({done, total}); };
  return model;
}

std::string name_of_model(const EngineOptions& options) {
  if (!options.model_alias.empty()) return options.model_alias;
  std::filesystem::path path(options.model_path);
  if (!path.has_filename()) path = path.parent_path();  // "models/mini/"
  return path.extension() == ".gguf" || path.extension() == ".safetensors" ? path.stem().string()
                                                                           : path.filename().string();
}

}  // namespace

const char* version() {
  return SIROCCO_VERSION;
}

Result<std::unique_ptr<Engine>> Engine::open(const EngineOptions& options) {
  if (auto ok = check_options(options); !ok) return forward_error(ok);
  auto opened = Checkpoint::open(options.model_path);
  if (!opened) return forward_error(opened);
  auto checkpoint = std::make_shared<const Checkpoint>(std::move(*opened));
  auto mmproj = open_mmproj(*checkpoint, options.mmproj_path);
  if (!mmproj) return forward_error(mmproj);
  for (const std::string& reason : mmproj->passed_over)
    if (options.on_log) options.on_log(LogLevel::warning, "not taken as the model's vision file: " + reason);
  auto tokenizer = open_tokenizer(*checkpoint, options.template_name);
  if (!tokenizer) return forward_error(tokenizer);
  auto model = Model::load(checkpoint, model_options(options), mmproj->file);
  if (!model) return forward_error(model);
  EngineInfo info;
  info.model_name = name_of_model(options);
  info.model_path = options.model_path;
  info.architecture = (*model)->config().architecture;
  info.dtype = (*model)->config().stored_dtype;
  info.file_bytes = checkpoint->file_bytes() + (mmproj->file ? mmproj->file->file_bytes() : 0);
  info.weights_fingerprint = mix64(weights_fingerprint(checkpoint->tensors()) ^ info.file_bytes) +
                             static_cast<uint64_t>(options.softmax_scale);
  if (mmproj->file)
    info.weights_fingerprint = mix64(info.weights_fingerprint ^ weights_fingerprint(mmproj->file->tensors()));
  return LoadedEngine::start(std::move(*model), std::move(*tokenizer), std::move(info), options);
}

}  // namespace sirocco
