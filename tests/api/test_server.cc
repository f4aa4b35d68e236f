// SPDX-License-Identifier: Apache-2.0
#include "api/test_server.h"

#include <thread>

#include "base/check.h"

namespace sirocco {

TestServer::TestServer(Options options) {
  engine_ = std::make_shared<FakeEngine>(options.engine);
  constraints_ = std::move(options.constraints);
  options.service.log = [this](LogLevel, std::string_view event, const Json& fields) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(fields);
    lines_.back()["event"] = event;
  };
  service_ = std::make_unique<api::Service>(std::move(options.service));
  options.http.port = 0;
  options.http.error_response = [this](const http::Request& request, int status, std::string_view message) {
    return service_->protocol_error(request, status, message);
  };
  auto server = http::HttpServer::start(std::move(options.http), service_->handler());
  CHECK(server.has_value());
  server_ = *std::move(server);
  if (options.loaded) load();
}

TestServer::~TestServer() {
  server_->disconnect();
  wait_until([&] { return service_->active() == 0; });
  server_->stop();
}

void TestServer::load() {
  service_->set_engine(engine_, constraints_);
}

std::vector<Json> TestServer::log_lines() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}

Json TestServer::log_line(const HttpAnswer& answer) const {
  Json found;
  wait_until([&] {
    for (const Json& line : log_lines())
      if (line["id"] == answer.headers.at("x-request-id")) found = line;
    return !found.is_null();
  });
  return found;
}

bool TestServer::wait_until(const std::function<bool()>& condition) const {
  for (int i = 0; i < 1000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

Json chat_body(const std::string& text, const Json& more) {
  Json body = {{"messages", Json::array({{{"role", "user"}, {"content", text}}})}};
  body.update(more);
  return body;
}

}  // namespace sirocco
