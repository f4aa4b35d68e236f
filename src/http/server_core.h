// SPDX-License-Identifier: Apache-2.0
// What the connections of one server share. Private to src/http.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>
#include <vector>

#include "http/server.h"

namespace sirocco::http {

namespace asio = boost::asio;
using asio::ip::tcp;

class ConnectionBase {
 public:
  virtual ~ConnectionBase() = default;
  virtual void close() = 0;  // from any thread
};

class ServerCore : public std::enable_shared_from_this<ServerCore> {
 public:
  ServerCore(ServerOptions server_options, Handler request_handler)
      : options(std::move(server_options)),
        handler(std::move(request_handler)),
        workers(static_cast<size_t>(options.worker_threads)),
        acceptor(io) {}

  // False when the server is full or stopping: the caller then says so and closes.
  bool enter(const std::shared_ptr<ConnectionBase>& connection);
  void leave(ConnectionBase* connection);
  // Takes from the budget for bodies; false if it is spent.
  bool reserve_body(size_t bytes);
  void release_body(size_t bytes) { body_bytes -= bytes; }
  Response error(const Request& request, int status, std::string_view message) const;

  const ServerOptions options;
  const Handler handler;
  asio::io_context io;
  asio::thread_pool workers;
  tcp::acceptor acceptor;
  std::optional<asio::ssl::context> tls;
  std::vector<std::thread> threads;
  std::atomic<bool> stopping = false;
  std::atomic<size_t> body_bytes = 0;
  std::atomic<int> answering = 0;

  mutable std::mutex mutex;
  std::unordered_set<ConnectionBase*> connections;  // guarded by mutex
};

// Each in its own file: they are what takes long to compile.
void serve_plain(tcp::socket socket, std::shared_ptr<ServerCore> core);
void serve_tls(tcp::socket socket, std::shared_ptr<ServerCore> core);

}  // namespace sirocco::http
