// SPDX-License-Identifier: Apache-2.0
// What `sirocco synth` can be asked for. One table of fields serves the command line and the golden files.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/json.h"
#include "sirocco/result.h"

namespace sirocco::synth {

struct SynthOptions {             // defaults: the published model's width
  std::string layout = "native";  // native, hf, gguf
  std::string type = "bf16";
  std::string prefix = "model.language_model";  // hf: or language_model.model
  std::string architecture = "mistral4";        // gguf: or deepseek2
  std::string vision_type = "bf16";             // gguf: weight type of the vision file
  int64_t seed = 1;
  int64_t layers = 4;
  int64_t hidden = 4096;
  int64_t heads = 32;
  int64_t q_rank = 1024;  // 0: queries straight from the hidden state
  int64_t kv_rank = 256;
  int64_t nope = 64;
  int64_t rope = 64;
  int64_t v = 128;
  int64_t vocabulary = 131072;
  int64_t experts = 128;
  int64_t experts_per_token = 4;
  int64_t shared = 1;
  int64_t expert_width = 2048;
  int64_t dense_layers = 0;
  int64_t dense_width = 12288;
  int64_t groups = 1;
  int64_t groups_per_token = 1;
  int64_t original_positions = 8192;
  int64_t shards = 1;
  int64_t vision_layers = 24;
  int64_t vision_hidden = 1024;
  int64_t vision_heads = 16;
  int64_t vision_width = 4096;
  int64_t image_size = 1540;
  int64_t patch = 14;
  double routed_scale = 1.0;
  double rope_factor = 128.0;
  bool split_experts = false;  // gguf: ffn_gate_exps and ffn_up_exps instead of ffn_gate_up_exps
  bool joint_kv_b = false;     // gguf: attn_kv_b instead of attn_k_b and attn_v_b
  bool f32_scales = false;     // fp8: scales as F32 [1] instead of BF16 []
  bool vision = false;         // write the vision tower too; gguf: as a file of its own
  bool bare_keys = false;      // gguf: leave out the keys that published mistral4 files lack
};

template <class T>
struct OptionField {
  const char* name;  // JSON key; the flag is the same with dashes
  T SynthOptions::*member;
  const char* help;
};

std::span<const OptionField<int64_t>> integer_fields();
std::span<const OptionField<double>> number_fields();
std::span<const OptionField<bool>> switch_fields();
std::span<const OptionField<std::string>> text_fields();

Result<SynthOptions> options_from_json(const Json& given);
// Refuses sizes that no layout could hold (zero heads, odd rotary widths, more experts per token than experts, …) and
// numbers that no reader would take.
Result<void> validate(const SynthOptions& options);

}  // namespace sirocco::synth
