// SPDX-License-Identifier: Apache-2.0
#include "support/tiny_gguf.h"

#include <fmt/format.h>

#include <algorithm>

#include "weights/gguf_bytes.h"

namespace sirocco {
namespace {

constexpr uint32_t kUint32 = 4, kFloat32 = 6, kBool = 7, kString = 8;
constexpr uint32_t kTypeF32 = 0;

void put_field(GgufBytes& file, const std::string& key, const GgufField& value) {
  if (const auto* number = std::get_if<uint32_t>(&value)) file.entry(key, kUint32).put(*number);
  if (const auto* number = std::get_if<float>(&value)) file.entry(key, kFloat32).put(*number);
  if (const auto* flag = std::get_if<bool>(&value)) file.entry(key, kBool).put(uint8_t{*flag});
  if (const auto* text = std::get_if<std::string>(&value)) file.entry(key, kString).text(*text);
}

size_t bytes_of(const TinyGguf::Tensor& tensor) {
  size_t n = sizeof(float);
  for (const uint64_t extent : tensor.extents) n *= extent;
  return n;
}

size_t aligned(size_t n) {
  return (n + 31) / 32 * 32;
}

}  // namespace

void TinyGguf::set(const std::string& key, GgufField value) {
  erase(key);
  fields.emplace_back(key, std::move(value));
}

void TinyGguf::erase(const std::string& key) {
  std::erase_if(fields, [&](const auto& field) { return field.first == key; });
}

void TinyGguf::remove(const std::string& tensor) {
  std::erase_if(tensors, [&](const Tensor& t) { return t.name == tensor; });
}

std::string TinyGguf::bytes(size_t begin, size_t end) const {
  end = std::min(end, tensors.size());
  GgufBytes file;
  file.head(end - begin, fields.size());
  for (const auto& [key, value] : fields) put_field(file, key, value);
  size_t offset = 0;
  for (size_t i = begin; i < end; ++i) {
    file.tensor(tensors[i].name, tensors[i].extents, kTypeF32, offset);
    offset += aligned(bytes_of(tensors[i]));
  }
  file.pad(32);
  for (size_t i = begin; i < end; ++i) file.zeros(aligned(bytes_of(tensors[i])));
  return std::string(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size());
}

TinyGguf tiny_gguf(const std::string& architecture) {
  TinyGguf g;
  const auto key = [&](const char* name) { return architecture + "." + name; };
  g.fields = {{"general.architecture", architecture},
              {key("block_count"), 2u},
              {key("context_length"), 4096u},
              {key("embedding_length"), 24u},
              {key("feed_forward_length"), 40u},
              {key("attention.head_count"), 3u},
              {key("attention.head_count_kv"), 1u},
              {key("attention.layer_norm_rms_epsilon"), 1e-6f},
              {key("attention.q_lora_rank"), 20u},
              {key("attention.kv_lora_rank"), 12u},
              {key("attention.key_length"), 18u},
              {key("attention.value_length"), 12u},
              {key("attention.key_length_mla"), 16u},
              {key("attention.value_length_mla"), 14u},
              {key("rope.dimension_count"), 6u},
              {key("rope.freq_base"), 10000.0f},
              {key("rope.scaling.type"), std::string("yarn")},
              {key("rope.scaling.factor"), 16.0f},
              {key("rope.scaling.original_context_length"), 256u},
              {key("rope.scaling.yarn_log_multiplier"), 0.1f},
              {key("expert_count"), 5u},
              {key("expert_used_count"), 2u},
              {key("expert_shared_count"), 1u},
              {key("expert_feed_forward_length"), 16u},
              {key("vocab_size"), 33u}};
  g.tensors = {{"token_embd.weight", {24, 33}}, {"output_norm.weight", {24}}, {"output.weight", {24, 33}}};
  for (int i = 0; i < 2; ++i) {
    const auto add = [&](const char* name, std::vector<uint64_t> extents) {
      g.tensors.push_back({fmt::format("blk.{}.{}.weight", i, name), std::move(extents)});
    };
    add("attn_norm", {24});
    add("ffn_norm", {24});
    add("attn_q_a", {24, 20});
    add("attn_q_a_norm", {20});
    add("attn_q_b", {20, 48});
    add("attn_kv_a_mqa", {24, 18});
    add("attn_kv_a_norm", {12});
    add("attn_k_b", {10, 12, 3});
    add("attn_v_b", {12, 14, 3});
    add("attn_output", {42, 24});
    add("ffn_gate_inp", {24, 5});
    add("ffn_gate_up_exps", {24, 32, 5});
    add("ffn_down_exps", {16, 24, 5});
    add("ffn_gate_shexp", {24, 16});
    add("ffn_up_shexp", {24, 16});
    add("ffn_down_shexp", {16, 24});
  }
  return g;
}

TinyGguf tiny_mmproj() {
  TinyGguf g;
  g.fields = {{"general.architecture", "clip"},
              {"clip.has_vision_encoder", true},
              {"clip.projector_type", "pixtral"},
              {"clip.use_silu", true}};
  const std::pair<const char*, uint32_t> numbers[] = {
      {"projection_dim", 24},      {"image_size", 140}, {"patch_size", 14},          {"embedding_length", 16},
      {"feed_forward_length", 20}, {"block_count", 2},  {"attention.head_count", 2}, {"spatial_merge_size", 2}};
  for (const auto& [key, value] : numbers) g.set(std::string("clip.vision.") + key, value);
  g.tensors = {{"v.patch_embd.weight", {14, 14, 3, 16}}, {"v.pre_ln.weight", {16}}};
  for (int layer = 0; layer < 2; ++layer) {
    const auto add = [&](const char* name, std::vector<uint64_t> extents) {
      g.tensors.push_back({fmt::format("v.blk.{}.{}.weight", layer, name), std::move(extents)});
    };
    for (const char* name : {"ln1", "ln2"}) add(name, {16});
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_out"}) add(name, {16, 16});
    add("ffn_gate", {16, 20});
    add("ffn_up", {16, 20});
    add("ffn_down", {20, 16});
  }
  g.tensors.push_back({"mm.input_norm.weight", {16}});
  g.tensors.push_back({"mm.patch_merger.weight", {64, 16}});
  g.tensors.push_back({"mm.1.weight", {16, 24}});
  g.tensors.push_back({"mm.2.weight", {24, 24}});
  g.tensors.push_back({"v.token_embd.img_break", {24}});
  return g;
}

}  // namespace sirocco
