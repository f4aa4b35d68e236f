// SPDX-License-Identifier: Apache-2.0
#include "api/routes.h"

#include <fmt/format.h>

#include "api/cors.h"
#include "api/surfaces.h"

namespace sirocco::api {
namespace {

constexpr Route probe(std::string_view path, void (*handle)(const CallPtr&)) {
  return {.method = "GET", .path = path, .handle = handle, .open = true, .quiet = true};
}
constexpr Route read(std::string_view path, void (*handle)(const CallPtr&)) {
  return {.method = "GET", .path = path, .handle = handle};
}
constexpr Route post(std::string_view path, void (*handle)(const CallPtr&),
                     Dialect dialect = Dialect::openai) {
  return {.method = "POST", .path = path, .handle = handle, .needs_engine = true, .dialect = dialect};
}

// A path that is spelled out stands before a pattern that would take it too.
constexpr Route kRoutes[] = {
    probe("/", get_root),
    probe("/health", get_health),
    probe("/v1/health", get_health),
    probe("/ping", get_health),
    probe("/version", get_version),
    probe("/openapi.json", get_openapi),
    probe("/models", get_models),
    probe("/v1/models", get_models),
    {.method = "GET", .path = "/v1/models/{id}", .handle = get_model, .takes_rest = true},  // "org/name"
    read("/load", get_load),
    read("/metrics", get_metrics),
    read("/props", get_props),
    read("/slots", get_slots),
    read("/lora-adapters", get_adapters),
    read("/is_sleeping", get_is_sleeping),
    post("/reset_prefix_cache", post_reset_cache),
    post("/slots/{id}", post_slot),
    post("/v1/chat/completions", post_chat),
    post("/chat/completions", post_chat),
    post("/v1/chat/completions/input_tokens", post_count_chat),
    post("/chat/completions/input_tokens", post_count_chat),
    post("/v1/completions", post_completions),
    post("/v1/fim/completions", post_fim),
    post("/completion", post_native_completion, Dialect::native),
    post("/completions", post_native_completion, Dialect::native),
    post("/infill", post_infill, Dialect::native),
    post("/tokenize", post_tokenize),
    post("/detokenize", post_detokenize),
    post("/apply-template", post_apply_template),
    post("/v1/messages", post_messages, Dialect::anthropic),
    post("/v1/messages/count_tokens", post_count_messages, Dialect::anthropic),
    post("/v1/responses", post_responses),
    post("/responses", post_responses),
    post("/v1/responses/input_tokens", post_count_response),
    post("/responses/input_tokens", post_count_response),
    read("/v1/responses/{id}", get_response),
    read("/v1/responses/{id}/input_items", get_response_items),
    {.method = "DELETE", .path = "/v1/responses/{id}", .handle = delete_response},
    {.method = "POST", .path = "/v1/responses/{id}/cancel", .handle = post_response_cancel},
    post("/v1/embeddings", post_embeddings),
    post("/embeddings", post_embeddings),
    post("/embedding", post_embeddings),
    post("/v1/rerank", post_rerank),
    post("/rerank", post_rerank),
    post("/reranking", post_rerank),
    post("/v1/reranking", post_rerank),
    post("/v2/rerank", post_rerank),
    post("/v1/score", post_rerank),
    post("/score", post_rerank),
    post("/v2/embed", post_embeddings),
    post("/pooling", post_embeddings),
    post("/classify", post_embeddings),
    post("/v1/audio/transcriptions", post_audio),
};

// Segment by segment; {…} stands for any one segment, handed out in `parameter`.
bool matches(const Route& route, std::string_view path, std::string& parameter) {
  std::string_view pattern = route.path;
  std::string found;
  while (!pattern.empty() && !path.empty()) {
    const std::string_view want = pattern.substr(0, pattern.find('/', 1));
    const bool last = route.takes_rest && want.size() == pattern.size();
    const std::string_view have = last ? path : path.substr(0, path.find('/', 1));
    if (want.starts_with("/{")) {
      if (have.size() < 2) return false;
      found = have.substr(1);
    } else if (want != have) {
      return false;
    }
    pattern.remove_prefix(want.size());
    path.remove_prefix(have.size());
  }
  if (!pattern.empty() || !path.empty()) return false;
  parameter = std::move(found);
  return true;
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

Dialect dialect_of(std::string_view path) {
  std::string ignored;
  for (const Route& route : kRoutes) {
    if (matches(route, path, ignored)) return route.dialect;
  }
  return Dialect::openai;
}

void Router::dispatch(const CallPtr& call) {
  const http::Request& request = call->request();
  Service& service = call->service();
  const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
  std::string allowed;
  std::string_view owner;  // the pattern of the path: the first that matches
  for (const Route& route : kRoutes) {
    if (!owner.empty() && route.path != owner) continue;
    if (!matches(route, request.path, call->parameter_)) continue;
    owner = route.path;
    if (route.method != method) {
      allowed += (allowed.empty() ? "" : ", ") + std::string(route.method);
      continue;
    }
    call->route_ = &route;
    if (!route.open && !service.keys().admits(request)) {
      return call->fail({.status = 401, .message = "Invalid API Key"});
    }
    if (!route.needs_engine) return route.handle(call);
    if (service.draining()) {
      return call->fail({.status = 503, .message = "the server is shutting down", .retry_after_s = 5});
    }
    call->engine_ = service.engine();
    if (!call->engine_) return call->fail(service.loading_error());
    return route.handle(call);
  }
  if (allowed.empty()) {
    return call->fail(ApiError::not_found(fmt::format("no such path: {} {}", request.method, request.path)));
  }
  if (request.method == "OPTIONS") return call->respond(preflight_response(request));
  http::Response response = error_response(
      {.status = 405, .message = fmt::format("{} does not take {}", request.path, request.method)},
      Dialect::openai);
  response.headers.emplace_back("Allow", allowed + ", OPTIONS");
  call->respond(std::move(response));
}

}  // namespace sirocco::api
