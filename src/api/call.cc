// SPDX-License-Identifier: Apache-2.0
#include "api/call.h"

#include "api/answer_headers.h"
#include "api/routes.h"

namespace sirocco::api {

Call::Call(Service& service, http::ExchangePtr exchange) : service_(service), exchange_(std::move(exchange)) {
  ++service_.active_;
  id_ = request_id(request());
}

Call::~Call() {
  const http::Request& r = request();
  if (status_ == 0) status_ = 499;  // nobody was there any more to be answered
  const double took_s = seconds();
  service_.metrics_.add_http(r.method, route_ ? route_->path : "other", status_, took_s);
  Json line = {{"id", id_}, {"method", r.method}, {"path", r.path}, {"peer", r.peer}, {"status", status_}};
  line["ms"] = static_cast<int64_t>(took_s * 1e3);
  for (const auto& [key, value] : notes_.items()) line[key] = value;
  if (const auto trace = r.header("traceparent"); !trace.empty())
    line["traceparent"] = http::header_safe(trace);
  const bool probe = route_ && route_->quiet && status_ == 200;
  service_.log(probe ? LogLevel::debug : LogLevel::info, "request", line);
  --service_.active_;
}

Dialect Call::dialect() const {
  return route_ ? route_->dialect : Dialect::openai;
}

double Call::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

void Call::add_headers(http::HeaderList& headers) const {
  add_answer_headers(request(), id_, dialect(), service_.options().cors_origins, headers);
}

void Call::respond(http::Response response) {
  if (status_ != 0) return;
  status_ = response.status;
  add_headers(response.headers);
  exchange_->respond(std::move(response));
}

void Call::fail(const ApiError& error) {
  if (!notes_.contains("error")) note("error", error.message);
  respond(error_response(error, dialect()));
}

void Call::start_events(std::chrono::milliseconds ping_interval, std::string ping, std::string first) {
  status_ = 200;
  http::Response head;
  head.content_type = "text/event-stream";
  head.headers = {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}};
  add_headers(head.headers);
  head.body = std::move(first);
  exchange_->fill_idle(ping_interval, std::move(ping));
  exchange_->start(std::move(head));
}

void Call::note_ignored(std::span<const std::string> fields) {
  for (const std::string& field : fields) notes_["ignored"].push_back(field);
}

}  // namespace sirocco::api
