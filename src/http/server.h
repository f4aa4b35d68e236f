// SPDX-License-Identifier: Apache-2.0
// HttpServer: HTTP/1.1 over TCP or TLS. It knows sockets, limits and time-outs, and no model. Every request
// ends in an answer or a closed socket, and everything that a client can make it hold is bounded:
// connections, header bytes, body bytes of one request and of all, bytes read ahead, time to send a request,
// time to take an answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "http/exchange.h"
#include "sirocco/result.h"

namespace sirocco::http {

struct ServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;                                      // 0: any free one
  std::string tls_certificate_path = {}, tls_key_path = {};  // PEM; both or none
  int io_threads = 1;
  int worker_threads = 4;
  int max_connections = 4096;
  size_t max_header_bytes = 32 << 10;
  size_t max_body_bytes = 64 << 20;                  // of one request
  size_t max_all_bodies_bytes = 1024u << 20;         // of all requests that are being read or answered
  std::chrono::milliseconds header_timeout{10'000};  // from the first byte; TLS handshake too
  std::chrono::milliseconds body_timeout{120'000};
  std::chrono::milliseconds idle_timeout{75'000};   // between requests
  std::chrono::milliseconds write_timeout{60'000};  // without any progress
  // An answer that the server gives by itself (400, 408, 413, 431, 500, 503), to as much of a request as was read.
  std::function<Response(const Request&, int status, std::string_view message)> error_response = {};
};

class HttpServer {
 public:
  // Listens when it returns. `handler` runs on the worker pool.
  static Result<std::unique_ptr<HttpServer>> start(ServerOptions options, Handler handler);
  ~HttpServer();  // as stop()

  uint16_t port() const;
  int connections() const;
  int answering() const;  // requests whose answer is not out yet
  // Closes every connection. The worker pool goes on, so that what ran for them can come to its end.
  void disconnect();
  void stop();  // disconnect(), then no work is done any more

 private:
  explicit HttpServer(std::shared_ptr<class ServerCore> core);
  std::shared_ptr<class ServerCore> core_;
};

}  // namespace sirocco::http
