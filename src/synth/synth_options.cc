// SPDX-License-Identifier: Apache-2.0
#include "synth/synth_options.h"

#include <fmt/format.h>

namespace sirocco::synth {
namespace {

using O = SynthOptions;

constexpr OptionField<int64_t> kIntegers[] = {
    {"seed", &O::seed, "seed of every weight"},
    {"layers", &O::layers, "transformer layers"},
    {"hidden", &O::hidden, "width of the residual stream"},
    {"heads", &O::heads, "attention heads"},
    {"q_rank", &O::q_rank, "query latent width; 0: none"},
    {"kv_rank", &O::kv_rank, "key and value latent width"},
    {"nope", &O::nope, "head width without rotation"},
    {"rope", &O::rope, "head width with rotation; even"},
    {"v", &O::v, "value head width"},
    {"vocabulary", &O::vocabulary, "tokens"},
    {"experts", &O::experts, "routed experts"},
    {"experts_per_token", &O::experts_per_token, "experts chosen for a token"},
    {"shared", &O::shared, "shared experts"},
    {"expert_width", &O::expert_width, "width of one expert"},
    {"dense_layers", &O::dense_layers, "leading layers with a dense feed-forward"},
    {"dense_width", &O::dense_width, "width of dense feed-forwards"},
    {"groups", &O::groups, "expert groups"},
    {"groups_per_token", &O::groups_per_token, "expert groups kept for a token"},
    {"original_positions", &O::original_positions, "positions before context extension"},
    {"shards", &O::shards, "files to split the weights over"},
    {"vision_layers", &O::vision_layers, "layers of the vision tower"},
    {"vision_hidden", &O::vision_hidden, "width of the vision tower"},
    {"vision_heads", &O::vision_heads, "heads of the vision tower"},
    {"vision_width", &O::vision_width, "feed-forward width of the vision tower"},
    {"image_size", &O::image_size, "longest image side in pixels"},
    {"patch", &O::patch, "patch side in pixels"},
};

constexpr OptionField<double> kNumbers[] = {
    {"routed_scale", &O::routed_scale, "factor on the routed experts' sum"},
    {"rope_factor", &O::rope_factor, "YaRN factor"},
};

constexpr OptionField<bool> kSwitches[] = {
    {"split_experts", &O::split_experts, "gguf: gate and up experts as two tensors"},
    {"joint_kv_b", &O::joint_kv_b, "gguf: the older attn_kv_b instead of attn_k_b and attn_v_b"},
    {"f32_scales", &O::f32_scales, "fp8: scales as F32 of shape [1] instead of BF16 scalars"},
    {"vision", &O::vision, "write the vision tower too; gguf: as mmproj-….gguf beside the model"},
    {"bare_keys", &O::bare_keys, "gguf: leave out keys that published files lack"},
};

constexpr OptionField<std::string> kTexts[] = {
    {"layout", &O::layout, "native, hf or gguf"},
    {"type", &O::type, "weight type: bf16, fp8, nvfp4, q4_k, q8_0, iq3_xxs, …"},
    {"prefix", &O::prefix, "hf: model.language_model or language_model.model"},
    {"architecture", &O::architecture, "gguf: mistral4 or deepseek2"},
    {"vision_type", &O::vision_type, "gguf: weight type of the vision file"},
};

template <class T>
bool take(std::span<const OptionField<T>> fields, const std::string& key, const Json& value,
          SynthOptions& out) {
  for (const auto& field : fields) {
    if (key != field.name) continue;
    out.*field.member = value.get<T>();
    return true;
  }
  return false;
}

// Numbers within what readers of configurations take (model/config_native.cc and its like); NaN is within nothing.
Result<void> validate_numbers(const SynthOptions& o) {
  constexpr double kMostPositions = 2147483648.0;  // 2^31
  if (!(o.routed_scale >= 1e-6 && o.routed_scale <= 1e6))
    return bad_input(fmt::format("routed_scale: {} is outside 1e-6 to 1e6", o.routed_scale));
  if (!(o.rope_factor >= 1.0 && o.rope_factor <= 1e6))
    return bad_input(fmt::format("rope_factor: {} is outside 1 to 1e6", o.rope_factor));
  if (static_cast<double>(o.original_positions) * o.rope_factor > kMostPositions)
    return bad_input(fmt::format("rope_factor: {} times {} positions is more than 2^31", o.rope_factor,
                                 o.original_positions));
  return {};
}

}  // namespace

std::span<const OptionField<int64_t>> integer_fields() {
  return kIntegers;
}
std::span<const OptionField<double>> number_fields() {
  return kNumbers;
}
std::span<const OptionField<bool>> switch_fields() {
  return kSwitches;
}
std::span<const OptionField<std::string>> text_fields() {
  return kTexts;
}

Result<SynthOptions> options_from_json(const Json& given) {
  SynthOptions out;
  for (const auto& [key, value] : given.items()) {
    const bool known = (value.is_number_integer() && take(integer_fields(), key, value, out)) ||
                       (value.is_number() && take(number_fields(), key, value, out)) ||
                       (value.is_boolean() && take(switch_fields(), key, value, out)) ||
                       (value.is_string() && take(text_fields(), key, value, out));
    if (!known) return bad_input(fmt::format("synthetic options: \"{}\" is unknown or of another type", key));
  }
  auto valid = validate(out);
  if (!valid) return forward_error(valid);
  return out;
}

Result<void> validate(const SynthOptions& o) {
  constexpr int64_t kLargest = int64_t{1}
                               << 24;  // products of three stay inside 64 bits with experts <= 2^13
  for (const auto& field : integer_fields()) {
    const int64_t value = o.*field.member;
    const std::string_view name = field.name;
    const bool may_be_zero = name == "seed" || name == "q_rank" || name == "shared" || name == "dense_layers";
    if (value < (may_be_zero ? 0 : 1) || (name != "seed" && value > kLargest)) {
      return bad_input(fmt::format("{}: {} is outside {} to {}", name, value, may_be_zero ? 0 : 1, kLargest));
    }
  }
  if (auto numbers = validate_numbers(o); !numbers) return numbers;
  if (o.rope % 2 != 0) return bad_input(fmt::format("rope: {} is odd, rotation needs pairs", o.rope));
  if (o.experts > 8192) return bad_input(fmt::format("experts: {} is more than 8192", o.experts));
  if (o.experts % o.groups != 0) {
    return bad_input(fmt::format("groups: {} does not divide {} experts", o.groups, o.experts));
  }
  if (o.groups_per_token > o.groups) {
    return bad_input(fmt::format("groups_per_token: {} of {} groups", o.groups_per_token, o.groups));
  }
  if (o.experts_per_token > o.experts / o.groups * o.groups_per_token) {
    return bad_input(fmt::format("experts_per_token: {} of {} eligible experts", o.experts_per_token,
                                 o.experts / o.groups * o.groups_per_token));
  }
  if (o.layout != "native" && o.layout != "hf" && o.layout != "gguf") {
    return bad_input(fmt::format("layout: \"{}\" is none of native, hf, gguf", o.layout));
  }
  if (o.vision && (o.vision_hidden % o.vision_heads != 0 || o.vision_hidden / o.vision_heads % 4 != 0))
    return bad_input(fmt::format("vision_heads: {} heads do not divide width {} into multiples of 4",
                                 o.vision_heads, o.vision_hidden));
  if (o.vision && 2 * o.patch > o.image_size)
    return bad_input(fmt::format("image_size: {} holds no two patches of {}", o.image_size, o.patch));
  if (o.vision && o.vocabulary < 14)
    return bad_input(fmt::format("vocabulary: {} has no picture tokens, which are 10, 12 and 13", o.vocabulary));
  if (o.architecture != "mistral4" && o.architecture != "deepseek2") {
    return bad_input(fmt::format("architecture: \"{}\" is none of mistral4, deepseek2", o.architecture));
  }
  if (o.prefix != "model.language_model" && o.prefix != "language_model.model") {
    return bad_input(
        fmt::format("prefix: \"{}\" is none of model.language_model, language_model.model", o.prefix));
  }
  return {};
}

}  // namespace sirocco::synth
