// SPDX-License-Identifier: Apache-2.0
#include "engine_flags.h"

#include "load_progress_line.h"
#include "picture_files.h"

namespace sirocco {

void add_engine_flags(CLI::App& command, EngineFlags& flags) {
  EngineOptions& o = flags.options;
  command.add_option("MODEL", o.model_path, "a model directory, a .gguf or a .safetensors file")->required();
  command.add_option("--threads", o.threads, "threads that compute; 0: one a physical core")
      ->check(CLI::Range(0, 4096));
  command.add_flag("--pin", o.pin, "keep each but the engine's own on a core of its own");
  command
      .add_option("--context", o.context_tokens,
                  "longest prompt and answer together, in tokens; 0: what fits")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40));
  command
      .add_option("--batch", o.max_batch_tokens,
                  "most tokens of one step; 2048 reads long prompts faster, 512 heeds Ctrl-C sooner")
      ->capture_default_str()
      ->check(CLI::Range(1, 65536));
  command.add_flag("--exact", o.exact, "float32 throughout, for comparisons");
  command.add_flag("--deterministic", o.deterministic, "the same tokens in any company of other requests");
  command
      .add_option("--attention-scale", flags.softmax_scale, "reading of the softmax scale: plain or mscale")
      ->check(CLI::IsMember({"plain", "mscale"}));
  command.add_option("--cache-type", flags.cache_type, "numbers in the cache: bf16, f32 or q8")
      ->check(CLI::IsMember({"bf16", "f32", "q8"}));
  command.add_option("--isa", o.isa, "kernels to use, as inspect --cpu lists them; default: the best here");
  command.add_option("--template", o.template_name,
                     "prompt layout instead of the file's: v3, v7, v11, v13, v15");
  command.add_option("--mmproj", o.mmproj_path, "GGUF vision part; default: beside the model");
}

CacheFormat cache_format_named(const std::string& name) {
  return name == "f32" ? CacheFormat::f32 : name == "q8" ? CacheFormat::q8 : CacheFormat::bf16;
}

SoftmaxScale softmax_scale_named(const std::string& name) {
  return name == "mscale" ? SoftmaxScale::mscale : SoftmaxScale::plain;
}

Result<std::unique_ptr<Engine>> open_engine(const EngineFlags& flags) {
  EngineOptions options = flags.options;
  options.softmax_scale = softmax_scale_named(flags.softmax_scale);
  options.cache_format = cache_format_named(flags.cache_type);
  options.pack_when_used = true;
  LoadProgressLine line;
  options.fetch_picture = read_picture;
  options.on_progress = [&line](const LoadProgress& progress) { line.show(progress); };
  auto engine = Engine::open(options);
  line.erase();
  return engine;
}

}  // namespace sirocco
