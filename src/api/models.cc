// SPDX-License-Identifier: Apache-2.0
// GET /v1/models: one model, in the union of OpenAI's, vLLM's and llama-server's cards.
#include "api/parts.h"
#include "api/surfaces.h"

namespace sirocco::api {
namespace {

Json model_card(const Service& service) {
  Json card = {{"id", service.model_name()},        {"object", "model"},
               {"created", service.start_time_s()}, {"owned_by", "sirocco"},
               {"root", service.model_name()},      {"parent", nullptr},
               {"permission", Json::array()}};
  const auto engine = service.engine();
  if (!engine) return card;
  const EngineInfo& info = engine->info();
  card["max_model_len"] = info.context_tokens;
  card["meta"] = {
      {"vocab_type", 2},       {"n_vocab", info.vocabulary},  {"n_ctx_train", info.max_position_embeddings},
      {"n_embd", info.hidden}, {"n_params", info.parameters}, {"size", info.file_bytes}};
  Json inputs = Json::array({"text"});
  if (info.vision) inputs.push_back("image");
  card["architecture"] = {{"input_modalities", std::move(inputs)}, {"output_modalities", {"text"}}};
  card["capabilities"] = {{"completion_chat", true},
                          {"completion_fim", true},
                          {"function_calling", true},
                          {"vision", info.vision}};
  return card;
}

}  // namespace

void get_models(const CallPtr& call) {
  call->respond({{"object", "list"}, {"data", Json::array({model_card(call->service())})}});
}

void get_model(const CallPtr& call) {
  const std::string ours = call->service().model_name();
  if (call->parameter() != ours && call->service().options().strict_model) {
    return call->fail(ApiError::not_found("The model `" + call->parameter() + "` does not exist"));
  }
  call->respond(model_card(call->service()));
}

}  // namespace sirocco::api
