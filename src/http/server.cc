// SPDX-License-Identifier: Apache-2.0
#include "http/server.h"

#include <fmt/format.h>
#include <netinet/tcp.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "http/server_core.h"

namespace sirocco::http {

using boost::system::error_code;

bool ServerCore::enter(const std::shared_ptr<ConnectionBase>& connection) {
  const std::lock_guard lock(mutex);
  if (stopping || connections.size() >= static_cast<size_t>(options.max_connections)) return false;
  connections.insert(connection.get());
  return true;
}

void ServerCore::leave(ConnectionBase* connection) {
  const std::lock_guard lock(mutex);
  connections.erase(connection);
}

bool ServerCore::reserve_body(size_t bytes) {
  if (body_bytes.fetch_add(bytes) + bytes <= options.max_all_bodies_bytes) return true;
  body_bytes -= bytes;
  return false;
}

Response ServerCore::error(const Request& request, int status, std::string_view message) const {
  if (options.error_response) return options.error_response(request, status, message);
  Response response;
  response.status = status;
  response.content_type = "text/plain";
  response.body = std::string(message) + "\n";
  return response;
}

namespace {

// A peer that vanished without a word is noticed after about a minute; what a slow one leaves unread in the
// kernel is bounded (otherwise its buffer grows to megabytes).
void set_socket_options(tcp::socket& socket) {
  error_code ignored;
  socket.set_option(asio::socket_base::send_buffer_size(256 << 10), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  socket.set_option(tcp::no_delay(true), ignored);
  const int fd = socket.native_handle();
  const int idle_s = 30, interval_s = 10, count = 3, user_timeout_ms = 60'000;
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof user_timeout_ms);
}

asio::awaitable<void> accept_loop(std::shared_ptr<ServerCore> core) {
  asio::steady_timer pause(core->io);
  while (!core->stopping) {
    error_code error;
    tcp::socket socket(asio::make_strand(core->io));
    co_await core->acceptor.async_accept(socket, asio::redirect_error(asio::use_awaitable, error));
    if (core->stopping || error == asio::error::operation_aborted) break;
    if (error) {  // mostly: out of file descriptors. Waiting lets others close theirs
      pause.expires_after(std::chrono::milliseconds(50));
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
      continue;
    }
    set_socket_options(socket);
    if (core->tls) {
      serve_tls(std::move(socket), core);
    } else {
      serve_plain(std::move(socket), core);
    }
  }
}

Result<void> open_tls(ServerCore& core) {
  const ServerOptions& options = core.options;
  if (options.tls_certificate_path.empty() && options.tls_key_path.empty()) return {};
  if (options.tls_certificate_path.empty() || options.tls_key_path.empty()) {
    return bad_input("TLS needs a certificate file and a key file: only one of them is set");
  }
  error_code error;
  core.tls.emplace(asio::ssl::context::tls_server);
  core.tls->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                            asio::ssl::context::no_tlsv1_1 | asio::ssl::context::single_dh_use,
                        error);
  core.tls->use_certificate_chain_file(options.tls_certificate_path, error);
  if (error) return bad_input(fmt::format("{}: {}", options.tls_certificate_path, error.message()));
  core.tls->use_private_key_file(options.tls_key_path, asio::ssl::context::pem, error);
  if (error) return bad_input(fmt::format("{}: {}", options.tls_key_path, error.message()));
  return {};
}

Result<void> listen(ServerCore& core) {
  const ServerOptions& options = core.options;
  error_code error;
  tcp::resolver resolver(core.io);
  const auto found = resolver.resolve(options.host, std::to_string(options.port),
                                      tcp::resolver::passive | tcp::resolver::numeric_service, error);
  if (error) return bad_input(fmt::format("host {}: {}", options.host, error.message()));
  const tcp::endpoint endpoint = *found.begin();
  core.acceptor.open(endpoint.protocol(), error);
  if (!error) core.acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) core.acceptor.bind(endpoint, error);
  if (!error) core.acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    return fail(ErrorKind::resource,
                fmt::format("cannot listen on {}:{}: {}", options.host, options.port, error.message()));
  }
  return {};
}

}  // namespace

HttpServer::HttpServer(std::shared_ptr<ServerCore> core) : core_(std::move(core)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(ServerOptions options, Handler handler) {
  auto core = std::make_shared<ServerCore>(std::move(options), std::move(handler));
  if (auto done = open_tls(*core); !done) return forward_error(done);
  if (auto done = listen(*core); !done) return forward_error(done);
  asio::co_spawn(core->io, accept_loop(core), asio::detached);
  for (int i = 0; i < core->options.io_threads; ++i) {
    core->threads.emplace_back([raw = core.get()] { raw->io.run(); });
  }
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(core)));
}

HttpServer::~HttpServer() {
  stop();
}

uint16_t HttpServer::port() const {
  error_code ignored;
  return core_->acceptor.local_endpoint(ignored).port();
}

int HttpServer::connections() const {
  const std::lock_guard lock(core_->mutex);
  return static_cast<int>(core_->connections.size());
}

int HttpServer::answering() const {
  return core_->answering;
}

void HttpServer::stop() {
  disconnect();
  core_->workers.join();
}

void HttpServer::disconnect() {
  if (core_->stopping.exchange(true)) return;
  asio::post(core_->io, [core = core_] {
    error_code ignored;
    core->acceptor.close(ignored);
  });
  {
    const std::lock_guard lock(core_->mutex);
    for (ConnectionBase* connection : core_->connections) connection->close();
  }
  for (std::thread& thread : core_->threads) thread.join();
}

}  // namespace sirocco::http
