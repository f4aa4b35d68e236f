// SPDX-License-Identifier: Apache-2.0
#include "api/service.h"

#include <fmt/format.h>

#include "api/answer_headers.h"
#include "api/call.h"
#include "api/routes.h"

namespace sirocco::api {

Service::Service(ServiceOptions options)
    : options_(std::move(options)),
      keys_(options_.api_keys),
      start_time_s_(std::chrono::duration_cast<std::chrono::seconds>(
                        std::chrono::system_clock::now().time_since_epoch())
                        .count()),
      stored_(options_.stored) {}

http::Handler Service::handler() {
  return [this](http::ExchangePtr exchange) {
    const auto call = std::make_shared<Call>(*this, std::move(exchange));
    try {
      Router::dispatch(call);
    } catch (const std::exception& error) {  // a bug: the client and the operator get to know
      call->note("bug", error.what());
      call->fail({.status = 500, .message = "internal error"});
    }
  };
}

http::Response Service::protocol_error(const http::Request& request, int status,
                                       std::string_view message) const {
  const Dialect dialect = dialect_of(request.path);
  http::Response response = error_response({.status = status, .message = std::string(message)}, dialect);
  add_answer_headers(request, request_id(request), dialect, options_.cors_origins, response.headers);
  return response;
}

void Service::set_progress(const LoadProgress& progress) {
  done_bytes_ = progress.done_bytes;
  total_bytes_ = progress.total_bytes;
}

void Service::set_engine(std::shared_ptr<Engine> engine, std::shared_ptr<ConstraintCompiler> constraints) {
  slots_.resize(static_cast<size_t>(std::max(1, engine->info().max_sequences)));
  const std::lock_guard lock(mutex_);
  engine_ = std::move(engine);
  constraints_ = std::move(constraints);
}

void Service::drain() {
  draining_ = true;
}

std::shared_ptr<Engine> Service::engine() const {
  const std::lock_guard lock(mutex_);
  return engine_;
}

std::shared_ptr<ConstraintCompiler> Service::constraints() const {
  const std::lock_guard lock(mutex_);
  return constraints_;
}

double Service::load_fraction() const {
  const auto total = static_cast<double>(total_bytes_);
  return total > 0.0 ? static_cast<double>(done_bytes_) / total : 0.0;
}

ApiError Service::loading_error() const {
  return {.status = 503,
          .message = fmt::format("Loading model ({:.0f} %)", load_fraction() * 100.0),
          .retry_after_s = 2};
}

std::string Service::model_name() const {
  if (!options_.model_name.empty()) return options_.model_name;
  const auto loaded = engine();
  return loaded ? loaded->info().model_name : "loading";
}

void Service::log(LogLevel level, std::string_view event, const Json& fields) const {
  if (options_.log) options_.log(level, event, fields);
}

}  // namespace sirocco::api
