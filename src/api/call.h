// SPDX-License-Identifier: Apache-2.0
// Call: one request on its way through a route. It adds what every answer carries (request id, CORS) and
// writes the one line of the log that says how it ended.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>

#include "api/api_error.h"
#include "api/service.h"

namespace sirocco::api {

struct Route;

class Call : public std::enable_shared_from_this<Call> {
 public:
  Call(Service& service, http::ExchangePtr exchange);
  ~Call();

  const http::Request& request() const { return exchange_->request(); }
  http::Exchange& exchange() { return *exchange_; }
  Service& service() { return service_; }
  Engine& engine() { return *engine_; }  // REQUIRES: the route needs an engine
  const std::string& id() const { return id_; }
  const std::string& parameter() const { return parameter_; }  // what stood for {…} in the path
  Dialect dialect() const;
  double seconds() const;  // since arrival

  void respond(http::Response response);
  void respond(const Json& json, int status = 200) { respond(json_response(json, status)); }
  void fail(const ApiError& error);
  void start_events(std::chrono::milliseconds ping_interval, std::string ping, std::string first);
  // For the log line; respond() and ~Call write it.
  void note(const std::string& field, Json value) { notes_[field] = std::move(value); }
  void note_ignored(std::span<const std::string> fields);  // adds them to those that were noted before

 private:
  friend class Router;
  void add_headers(http::HeaderList& headers) const;

  Service& service_;
  const http::ExchangePtr exchange_;
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::shared_ptr<Engine> engine_;
  const Route* route_ = nullptr;
  std::string id_, parameter_;
  Json notes_ = Json::object();
  int status_ = 0;
};

using CallPtr = std::shared_ptr<Call>;

}  // namespace sirocco::api
