// SPDX-License-Identifier: Apache-2.0
// GET /v1/models: one model, in the union of OpenAI's, Mistral's, vLLM's and llama-server's cards, or in
// Anthropic's.
#include <fmt/chrono.h>

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
  card["type"] = "base";  // Mistral's clients pick the card's form by it
  card["name"] = service.model_name();
  card["max_context_length"] = info.context_tokens;
  card["max_model_len"] = info.context_tokens;
  card["meta"] = {
      {"vocab_type", 2},       {"n_vocab", info.vocabulary},  {"n_ctx_train", info.max_position_embeddings},
      {"n_embd", info.hidden}, {"n_params", info.parameters}, {"size", info.file_bytes}};
  Json inputs = Json::array({"text"});
  if (info.vision) inputs.push_back("image");
  card["architecture"] = {{"input_modalities", std::move(inputs)}, {"output_modalities", {"text"}}};
  card["capabilities"] = {{"completion_chat", true},
                          {"completion_fim", info.infill},
                          {"function_calling", true},
                          {"vision", info.vision}};
  return card;
}

Json anthropic_card(const Service& service) {
  Json card = {{"type", "model"},
               {"id", service.model_name()},
               {"display_name", service.model_name()},
               {"created_at", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(service.start_time_s()))},
               {"lifecycle", "active"}};
  if (const auto engine = service.engine()) card["max_input_tokens"] = engine->info().context_tokens;
  return card;
}

bool is_anthropic(const Call& call) {
  return !call.request().header("anthropic-version").empty();
}

}  // namespace

void get_models(const CallPtr& call) {
  if (!is_anthropic(*call))
    return call->respond({{"object", "list"}, {"data", Json::array({model_card(call->service())})}});
  const std::string name = call->service().model_name();
  call->respond({{"data", Json::array({anthropic_card(call->service())})},
                 {"has_more", false},
                 {"first_id", name},
                 {"last_id", name}});
}

void get_model(const CallPtr& call) {
  const std::string ours = call->service().model_name();
  const Dialect dialect = is_anthropic(*call) ? Dialect::anthropic : Dialect::openai;
  if (call->parameter() != ours && call->service().options().strict_model) {
    const auto error = ApiError::not_found("The model `" + call->parameter() + "` does not exist");
    call->note("error", error.message);
    return call->respond(error_response(error, dialect));
  }
  call->respond(dialect == Dialect::anthropic ? anthropic_card(call->service())
                                              : model_card(call->service()));
}

}  // namespace sirocco::api
