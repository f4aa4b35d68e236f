// SPDX-License-Identifier: Apache-2.0
// The whole server in the test's process: HTTP, routes and a fake engine, on a free port.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/client.h"
#include "api/fake_engine.h"
#include "api/service.h"
#include "http/server.h"

namespace sirocco {

class TestServer {
 public:
  struct Options {
    FakeOptions engine;
    api::ServiceOptions service;
    http::ServerOptions http;
    bool loaded = true;
    std::shared_ptr<api::ConstraintCompiler> constraints = {};
  };
  TestServer() : TestServer(Options{}) {}
  explicit TestServer(Options options);
  ~TestServer();

  uint16_t port() const { return server_->port(); }
  HttpAnswer get(const std::string& path, const std::string& headers = {}) {
    return fetch(port(), "GET", path, nullptr, headers);
  }
  HttpAnswer post(const std::string& path, const Json& body, const std::string& headers = {}) {
    return fetch(port(), "POST", path, body, headers);
  }
  FakeEngine& engine() { return *engine_; }
  api::Service& service() { return *service_; }
  http::HttpServer& http() { return *server_; }
  void load();  // the engine becomes ready
  std::vector<Json> log_lines() const;
  Json log_line(const HttpAnswer& answer) const;  // that request's; written when it is over, which is a little later
  bool wait_until(const std::function<bool()>& condition) const;  // for at most some seconds

 private:
  std::shared_ptr<FakeEngine> engine_;
  std::shared_ptr<api::ConstraintCompiler> constraints_;
  std::unique_ptr<api::Service> service_;
  std::unique_ptr<http::HttpServer> server_;
  mutable std::mutex mutex_;
  std::vector<Json> lines_;  // guarded by mutex_
};

// {"messages": [{"role": "user", "content": text}], …more}
Json chat_body(const std::string& text, const Json& more = Json::object());

}  // namespace sirocco
