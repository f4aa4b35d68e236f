// SPDX-License-Identifier: Apache-2.0
// Health, version, load, metrics, properties and the description of the API itself.
#include <fmt/format.h>

#include "api/openapi.h"
#include "api/parts.h"
#include "api/surfaces.h"
#include "sirocco/reasoning_effort.h"

namespace sirocco::api {

void get_root(const CallPtr& call) {
  http::Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = fmt::format("sirocco {}\nAPI description: /openapi.json\n", version());
  call->respond(std::move(response));
}

void get_health(const CallPtr& call) {
  Service& service = call->service();
  if (service.draining()) {
    return call->fail({.status = 503, .message = "the server is shutting down", .retry_after_s = 5});
  }
  if (service.engine()) return call->respond({{"status", "ok"}});
  const ApiError loading = service.loading_error();
  Json body = error_json({.status = 503, .message = "Loading model"}, Dialect::openai);
  body["progress"] = service.load_fraction();
  http::Response response = json_response(body, 503);
  response.headers.emplace_back("Retry-After", std::to_string(loading.retry_after_s));
  call->note("error", loading.message);
  call->respond(std::move(response));
}

void get_version(const CallPtr& call) {
  call->respond({{"version", version()}});
}

void get_load(const CallPtr& call) {
  const auto engine = call->service().engine();
  const EngineStats stats = engine ? engine->stats() : EngineStats{};
  call->respond({{"server_load", stats.running + stats.waiting}});
}

void get_metrics(const CallPtr& call) {
  const auto engine = call->service().engine();
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.headers.emplace_back("Process-Start-Time-Unix", std::to_string(call->service().start_time_s()));
  const EngineStats stats = engine ? engine->stats() : EngineStats{};
  response.body = call->service().metrics().text(
      engine ? &stats : nullptr, engine ? &engine->info() : nullptr, call->service().model_name());
  call->respond(std::move(response));
}

void get_openapi(const CallPtr& call) {
  http::Response response;
  response.body = std::string(openapi_text());
  call->respond(std::move(response));
}

void get_is_sleeping(const CallPtr& call) {
  call->respond({{"is_sleeping", false}});  // it never does
}

void get_props(const CallPtr& call) {
  const auto engine = call->service().engine();
  if (!engine) return call->fail(call->service().loading_error());
  const EngineInfo& info = engine->info();
  Json generation = {{"n_ctx", info.context_tokens}, {"speculative", false}, {"is_processing", false}};
  generation["params"] = {{"temperature", default_temperature(false)},  // of a chat
                          {"top_k", 0},
                          {"top_p", 1.0},
                          {"min_p", 0.0},
                          {"n_predict", -1},
                          {"seed", -1},
                          {"repeat_penalty", 1.0},
                          {"stream", true},
                          {"presence_penalty", 0.0},
                          {"frequency_penalty", 0.0}};
  call->respond({{"default_generation_settings", std::move(generation)},
                 {"total_slots", info.max_sequences},
                 {"model_alias", call->service().model_name()},
                 {"model_path", info.model_path},
                 {"chat_template", fmt::format("mistral-common {}", info.tokenizer)},
                 {"chat_template_caps",
                  {{"supports_tools", true},
                   {"supports_tool_calls", true},
                   {"supports_parallel_tool_calls", true},
                   {"supports_system_role", true}}},
                 {"modalities", {{"vision", info.vision}, {"audio", false}}},
                 {"build_info", fmt::format("sirocco {} ({})", version(), info.isa)},
                 {"memory_plan", info.memory_plan},
                 {"is_sleeping", false}});
}

}  // namespace sirocco::api
