// SPDX-License-Identifier: Apache-2.0
#include "http/url_fetcher.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <stdexcept>

namespace sirocco::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;

struct Range {
  uint32_t network;
  int bits;
};
// IANA's special-purpose registry, and multicast.
constexpr Range kSpecial[] = {{0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
                              {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24},
                              {0xc0586300, 24}, {0xc0a80000, 16}, {0xc6120000, 15}, {0xc6336400, 24},
                              {0xcb007100, 24}, {0xe0000000, 3}};

bool is_public(const asio::ip::address& address) {
  if (address.is_v4()) {
    const uint32_t number = address.to_v4().to_uint();
    return std::ranges::none_of(
        kSpecial, [&](const Range& range) { return (number ^ range.network) >> (32 - range.bits) == 0; });
  }
  // Of the global unicast block without documentation, 6to4, Teredo and other special ones below 2001:200::.
  const auto b = address.to_v6().to_bytes();
  const auto word = [&](size_t i) { return b[i] << 8 | b[i + 1]; };
  if (b[0] >> 5 != 1 || word(0) == 0x2002 || word(0) == 0x3fff) return false;
  return word(0) != 0x2001 || (word(2) >= 0x200 && word(2) != 0xdb8);
}

struct Reply {
  unsigned status = 0;
  std::string location;
  std::string body;
};

class Visit {
 public:
  Visit(asio::io_context& context, const Url& url, const FetchOptions& options)
      : context_(context), url_(url), options_(options) {}

  asio::awaitable<Reply> run() {
    tcp::socket socket = co_await connect();
    if (!url_.tls) co_return co_await ask(socket);
    asio::ssl::context tls(asio::ssl::context::tls_client);
    tls.set_default_verify_paths();
    asio::ssl::stream<tcp::socket> stream(std::move(socket), tls);
    stream.set_verify_mode(asio::ssl::verify_peer);
    stream.set_verify_callback(asio::ssl::host_name_verification(url_.host));
    if (SSL_set_tlsext_host_name(stream.native_handle(), url_.host.c_str()) != 1)
      throw std::runtime_error("a host name that TLS refuses");
    co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    co_return co_await ask(stream);
  }

 private:
  asio::awaitable<tcp::socket> connect() {
    tcp::resolver resolver(context_);
    const auto found =
        co_await resolver.async_resolve(url_.host, std::to_string(url_.port), asio::use_awaitable);
    boost::system::error_code error;
    bool any_public = false;
    for (const auto& entry : found) {
      if (!options_.allow_private_addresses && !is_public(entry.endpoint().address())) continue;
      any_public = true;
      tcp::socket socket(context_);
      co_await socket.async_connect(entry.endpoint(), asio::redirect_error(asio::use_awaitable, error));
      if (!error) co_return socket;
    }
    if (!any_public) throw std::runtime_error("the host has no public address");
    throw boost::system::system_error(error);
  }

  template <class S>
  asio::awaitable<Reply> ask(S& stream) {
    beast::http::request<beast::http::empty_body> request(beast::http::verb::get, url_.target, 11);
    const std::string host = url_.host.find(':') == std::string::npos ? url_.host : fmt::format("[{}]", url_.host);
    request.set(beast::http::field::host,
                url_.default_port() ? host : fmt::format("{}:{}", host, url_.port));
    request.set(beast::http::field::user_agent, "sirocco");
    request.set(beast::http::field::accept, "image/*");
    request.set(beast::http::field::connection, "close");
    co_await beast::http::async_write(stream, request, asio::use_awaitable);
    beast::http::response_parser<beast::http::string_body> parser;
    parser.header_limit(16 << 10);
    parser.body_limit(options_.max_bytes);
    beast::flat_buffer buffer(64 << 10);
    co_await beast::http::async_read(stream, buffer, parser, asio::use_awaitable);
    auto response = parser.release();
    co_return Reply{response.result_int(), std::string(response[beast::http::field::location]),
                    std::move(response.body())};
  }

  asio::io_context& context_;
  const Url url_;
  const FetchOptions& options_;
};

std::string reason_of(const std::exception_ptr& exception, size_t max_bytes) {
  try {
    std::rethrow_exception(exception);
  } catch (const boost::system::system_error& error) {
    if (error.code() == beast::http::error::body_limit) return fmt::format("larger than {} bytes", max_bytes);
    return error.code().message();
  } catch (const std::exception& error) {
    return error.what();
  }
}

// One request, or what went wrong.
Result<Reply> visit(const Url& url, const FetchOptions& options,
                    std::chrono::steady_clock::time_point deadline) {
  asio::io_context context(1);
  std::optional<Reply> reply;
  std::exception_ptr failure;
  Visit one(context, url, options);
  asio::co_spawn(context, one.run(), [&](std::exception_ptr thrown, Reply result) {
    failure = thrown;
    if (!thrown) reply = std::move(result);
  });
  context.run_until(deadline);
  if (reply) return *std::move(reply);
  return bad_input(failure ? reason_of(failure, options.max_bytes)
                           : fmt::format("not here within {} ms", options.max_time.count()));
}

}  // namespace

bool is_public_address(const std::string& address) {
  boost::system::error_code error;
  const auto parsed = asio::ip::make_address(address, error);
  return !error && is_public(parsed);
}

Result<UrlFetcher> UrlFetcher::create(FetchOptions options) {
  for (std::string& host : options.hosts) {
    std::string_view name = host;
    if (name.starts_with("*.")) name.remove_prefix(2);
    const auto url = parse_url(fmt::format("http://{}", name));
    if (!url || url->target != "/" || name.ends_with('/') || name.find('*') != std::string_view::npos)
      return bad_input(fmt::format("allowed host {}: expected a name such as example.org, *.example.org or "
                                   "example.org:8443",
                                   host));
    std::ranges::transform(
        host, host.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  }
  return UrlFetcher(std::move(options));
}

Result<void> UrlFetcher::check_host(const Url& url) const {
  const std::string with_port = fmt::format("{}:{}", url.host, url.port);
  const bool listed = std::ranges::any_of(options_.hosts, [&](const std::string& host) {
    const bool names_port = host.find(':') != std::string::npos;
    if (!names_port && !url.default_port()) return false;
    const std::string_view name = names_port ? with_port : url.host;
    return host.starts_with("*.") ? name.ends_with(std::string_view(host).substr(1)) : name == host;
  });
  if (listed) return {};
  return bad_input(fmt::format("the host {} is not among those that the server may fetch from", with_port));
}

Result<std::string> UrlFetcher::fetch(std::string_view text) const {
  const auto deadline = std::chrono::steady_clock::now() + options_.max_time;
  auto url = parse_url(text);
  if (!url) return forward_error(url);
  for (int redirects = 0;; ++redirects) {
    if (auto ok = check_host(*url); !ok) return forward_error(ok);
    const auto refuse = [&](std::string_view what) {
      return bad_input(fmt::format("{}{}: {}", url->host, url->target.substr(0, 60), what));
    };
    auto reply = visit(*url, options_, deadline);
    if (!reply) return refuse(reply.error().message);
    if (reply->status == 200) return std::move(reply->body);
    const bool moved = reply->status == 301 || reply->status == 302 || reply->status == 303 ||
                       reply->status == 307 || reply->status == 308;
    if (!moved) return refuse(fmt::format("answered {}", reply->status));
    if (redirects == options_.max_redirects) return refuse("redirected too often");
    auto next = follow_url(*url, reply->location);
    if (!next) return refuse(next.error().message);
    url = std::move(next);
  }
}

}  // namespace sirocco::http
