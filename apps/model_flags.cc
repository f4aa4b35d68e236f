// SPDX-License-Identifier: Apache-2.0
#include "model_flags.h"

#include <utility>

namespace sirocco {
namespace {

constexpr const char* kGroup = "Model";  // the heading in --help

CacheType cache_type_named(const std::string& name) {
  if (name == "bf16") return CacheType::bf16;
  if (name == "f32") return CacheType::f32;
  return name == "q8" ? CacheType::q8 : CacheType::automatic;
}

// EngineOptions and ModelOptions call these the same.
template <class Options>
void add_shared_flags(CLI::App& command, Options& o) {
  command.add_option("-t,--threads", o.threads, "compute threads; 0: one a physical core")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096))
      ->group(kGroup);
  command.add_flag("--pin", o.pin, "pin each compute thread but the first to a core")->group(kGroup);
  command.add_option("--isa", o.isa, "instruction set, as `inspect --cpu` lists them; default: the best here")
      ->group(kGroup);
  command.add_flag("--exact", o.exact, "float32 throughout, for comparisons")->group(kGroup);
  command
      .add_option_function<std::string>(
          "--cache-type", [&o](const std::string& name) { o.cache_type = cache_type_named(name); },
          "numbers in the cache; auto: f32 with --exact, else bf16")
      ->default_str("auto")
      ->check(CLI::IsMember({"auto", "bf16", "f32", "q8"}))
      ->group(kGroup);
  command
      .add_option_function<int64_t>(
          "--weight-memory", [&o](int64_t mib) { o.weight_copy_bytes = mib << 20; },
          "MiB for packed weights; experts beyond it are read from the file when chosen; 0: from memory")
      ->default_str("0")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 30))
      ->group(kGroup);
  command
      .add_option("--batch,--max-batch-tokens,--max-num-batched-tokens", o.max_batch_tokens,
                  "most tokens of one step: more read long prompts faster, fewer let others and Ctrl-C wait less")
      ->capture_default_str()
      ->check(CLI::Range(1, 65536))
      ->group(kGroup);
}

}  // namespace

void add_engine_flags(CLI::App& command, EngineOptions& options) {
  add_model_argument(command, options.model_path)->required();
  add_mmproj_flag(command, options.mmproj_path);
  add_template_flag(command, options.template_name);
  command
      .add_option("-c,--context,--ctx-size,--max-model-len", options.context_tokens,
                  "longest prompt and answer together, in tokens; 0: the model's longest, or what fits")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40))
      ->group(kGroup);
  add_shared_flags(command, options);
  command
      .add_flag("--deterministic", options.deterministic, "an answer never depends on the requests beside it")
      ->group(kGroup);
  add_attention_scale_flag(command, options.softmax_scale);
}

void add_compute_flags(CLI::App& command, ModelOptions& options) {
  add_shared_flags(command, options);
}

CLI::Option* add_model_argument(CLI::App& command, std::string& path) {
  return command.add_option("MODEL", path, "a model directory, a .gguf or a .safetensors file");
}

CLI::Option* add_mmproj_flag(CLI::App& command, std::string& path) {
  return command
      .add_option("--mmproj", path, "GGUF vision part; none: without pictures; default: beside the model, if it fits")
      ->group(kGroup);
}

CLI::Option* add_template_flag(CLI::App& command, std::string& name) {
  return command.add_option("--template", name, "prompt layout; default: the file's")
      ->check(CLI::IsMember({"v3", "v7", "v11", "v13", "v15"}))
      ->group(kGroup);
}

CLI::Option* add_attention_scale_flag(CLI::App& command, SoftmaxScale& scale) {
  return command
      .add_option_function<std::string>(
          "--attention-scale",
          [&scale](const std::string& name) {
            scale = name == "mscale" ? SoftmaxScale::mscale : SoftmaxScale::plain;
          },
          "plain: 1/sqrt(nope+rope); mscale: times YaRN's mscale^2, as llama.cpp")
      ->default_str("plain")
      ->check(CLI::IsMember({"plain", "mscale"}))
      ->group(kGroup);
}

CLI::Option* add_json_flag(CLI::App& command, bool& json) {
  return command.add_flag("--json", json, "print one JSON object instead of text");
}

}  // namespace sirocco
