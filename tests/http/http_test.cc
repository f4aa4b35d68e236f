// SPDX-License-Identifier: Apache-2.0
// The HTTP server against clients that are slow, rude or broken.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "api/client.h"
#include "http/message.h"
#include "http/server.h"

namespace sirocco::http {
namespace {

using namespace std::chrono_literals;

struct Small {
  ServerOptions options;
  Handler handler;
  std::unique_ptr<HttpServer> server;

  explicit Small(Handler h, ServerOptions o = {}) : options(std::move(o)), handler(std::move(h)) {
    options.port = 0;
    server = HttpServer::start(options, handler).value();
  }
  uint16_t port() const { return server->port(); }
};

void echo(const ExchangePtr& exchange) {
  exchange->respond(
      {.status = 200,
       .content_type = "text/plain",
       .headers = {},
       .body = exchange->request().method + " " + exchange->request().path + " " + exchange->request().body});
}

TEST(Http, AnswersAndKeepsTheConnection) {
  Small small(echo);
  Client client(small.port());
  for (int i = 0; i < 3; ++i) {
    client.send(request_text("POST", "/a%20b?x=1", "body" + std::to_string(i)));
    const HttpAnswer answer = client.answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "POST /a b body" + std::to_string(i));
  }
}

TEST(Http, AnswersPipelinedRequestsInOrder) {
  Small small(echo);
  Client client(small.port());
  std::string many;
  for (int i = 0; i < 20; ++i) many += request_text("GET", "/" + std::to_string(i));
  client.send(many);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.answer().body, "GET /" + std::to_string(i) + " ");
}

TEST(Http, TakesRequestsByteByByteAndInChunks) {
  Small small(echo);
  Client client(small.port());
  for (const char c : request_text("POST", "/slow", "abc")) client.send(std::string(1, c));
  EXPECT_EQ(client.answer().body, "POST /slow abc");
  client.send(
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.answer().body, "POST /c abcde");
}

TEST(Http, HeadHasNoBodyAndOldClientsAreServed) {
  Small small(echo);
  const HttpAnswer head = fetch(small.port(), "HEAD", "/x");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.headers.at("content-length"), "8");
  Client old(small.port());
  old.send("GET /old HTTP/1.0\r\n\r\n");
  EXPECT_EQ(old.answer().body, "GET /old ");
  EXPECT_TRUE(old.closed(5s));
}

TEST(Http, AnswersExpectations) {
  Small small(echo);
  Client client(small.port());
  client.send("POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  EXPECT_EQ(client.receive_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_EQ(client.answer().body, "POST /e ok");
}

TEST(Http, RefusesWhatIsTooMuch) {
  Small small(echo, {.max_header_bytes = 2048, .max_body_bytes = 1000});
  const struct {
    std::string bytes;
    int status;
  } cases[] = {
      {"GET / HTTP/1.1\r\nX: " + std::string(5000, 'x') + "\r\n\r\n", 431},
      {"GET /" + std::string(9000, 'x') + " HTTP/1.1\r\n\r\n", 431},
      {request_text("POST", "/", std::string(1001, 'x')), 413},
      {"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7d1\r\n" + std::string(2001, 'x') +
           "\r\n0\r\n\r\n",
       413},
      {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400},
      {"GET /%zz HTTP/1.1\r\n\r\n", 400},
      {"GET /%00 HTTP/1.1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", 400},
      {"GET / HTTP/3.0\r\n\r\n", 400},
  };
  for (const auto& [bytes, status] : cases) {
    Client client(small.port());
    client.send(bytes);
    EXPECT_EQ(client.answer().status, status) << bytes.substr(0, 60);
    EXPECT_TRUE(client.closed(5s)) << bytes.substr(0, 60);
  }
}

TEST(Http, RefusesInViewOfWhatItRead) {
  ServerOptions options{.max_body_bytes = 10};
  options.error_response = [](const Request& request, int status, std::string_view) {
    return Response{.status = status,
                    .content_type = "text/plain",
                    .headers = {},
                    .body = request.path + "|" + std::string(request.header("x-who"))};
  };
  Small small([](const ExchangePtr&) {}, std::move(options));  // drops every request
  const std::string who = "X-Who: me\r\n";
  EXPECT_EQ(fetch(small.port(), "POST", "/a", std::string(20, 'x'), who).body, "/a|me");
  EXPECT_EQ(fetch(small.port(), "GET", "/%zz", nullptr, who).body, "|me");
  EXPECT_EQ(fetch(small.port(), "GET", "/b", nullptr, who).body, "/b|me");
  Client chunked(small.port());
  chunked.send("POST /c HTTP/1.1\r\n" + who + "Transfer-Encoding: chunked\r\n\r\n14\r\n" + std::string(20, 'x') +
               "\r\n0\r\n\r\n");
  EXPECT_EQ(chunked.answer().body, "/c|me");
}

TEST(Http, BoundsTheBodiesOfAllRequestsTogether) {
  std::mutex mutex;
  std::vector<ExchangePtr> held;
  Small small(
      [&](ExchangePtr exchange) {
        const std::lock_guard lock(mutex);
        held.push_back(std::move(exchange));
      },
      {.max_body_bytes = 1000, .max_all_bodies_bytes = 1500});
  const auto wait_for_one = [&] {
    for (;; std::this_thread::sleep_for(1ms)) {
      const std::lock_guard lock(mutex);
      if (!held.empty()) return;
    }
  };
  Client first(small.port());
  first.send(request_text("POST", "/", std::string(1000, 'x')));
  wait_for_one();
  Client second(small.port());
  second.send(request_text("POST", "/", std::string(1000, 'x')));
  EXPECT_EQ(second.answer().status, 503);
  {
    const std::lock_guard lock(mutex);
    held.clear();  // dropped without an answer
  }
  EXPECT_EQ(first.answer().status, 500);
  Client third(small.port());
  third.send(request_text("POST", "/", std::string(1000, 'x')));
  wait_for_one();
  const std::lock_guard lock(mutex);
  held.clear();
}

TEST(Http, TimesOutOnHalfRequests) {
  Small small(echo, {.header_timeout = 100ms, .body_timeout = 100ms, .idle_timeout = 100ms});
  Client silent(small.port());
  EXPECT_TRUE(silent.closed(5s));  // nothing was asked, nothing is said
  Client half(small.port());
  half.send("GET / HT");
  EXPECT_EQ(half.answer().status, 408);
  EXPECT_TRUE(half.closed(5s));
  Client body(small.port());
  body.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(body.answer().status, 408);
}

TEST(Http, RefusesConnectionsBeyondTheLimit) {
  Small small(echo, {.max_connections = 2});
  Client a(small.port()), b(small.port());
  for (Client* client : {&a, &b}) {
    client->send(request_text("GET", "/"));
    EXPECT_EQ(client->answer().status, 200);
  }
  Client c(small.port());
  c.send(request_text("GET", "/"));
  EXPECT_EQ(c.answer().status, 503);
  a.close();
  while (small.server->connections() > 1) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(fetch(small.port(), "GET", "/").status, 200);
}

TEST(Http, StreamsPiecesFillsIdleTimeAndNoticesTheEnd) {
  std::mutex mutex;
  std::condition_variable changed;
  ExchangePtr open;
  bool gone = false;
  Small small([&](const ExchangePtr& exchange) {
    exchange->fill_idle(20ms, ": ping\n\n");
    exchange->on_gone([&] {
      const std::lock_guard lock(mutex);
      gone = true;
      changed.notify_all();
    });
    exchange->start({.status = 200, .content_type = "text/event-stream", .headers = {}, .body = "first "});
    const std::lock_guard lock(mutex);
    open = exchange;
    changed.notify_all();
  });
  Client client(small.port());
  client.send(request_text("GET", "/"));
  client.receive_until("first ");
  client.receive_until(": ping");
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return open != nullptr; });
  open->write("second");
  EXPECT_TRUE(client.receive_until("second").ends_with("second"));
  client.close();
  EXPECT_TRUE(changed.wait_for(lock, 10s, [&] { return gone; }));
  EXPECT_TRUE(open->gone());
  open.reset();
}

TEST(Http, StopsWithRequestsInFlight) {
  std::mutex mutex;
  std::vector<ExchangePtr> held;
  auto small = std::make_unique<Small>([&](ExchangePtr exchange) {
    const std::lock_guard lock(mutex);
    held.push_back(std::move(exchange));
  });
  Client client(small->port());
  client.send(request_text("GET", "/"));
  while (small->server->answering() == 0) std::this_thread::sleep_for(1ms);
  small.reset();
  EXPECT_TRUE(client.closed(5s));
  held.clear();  // an answer after the end goes nowhere
}

TEST(Http, SaysWhyItCannotListen) {
  Small small(echo);
  ServerOptions taken;
  taken.port = small.port();
  const auto second = HttpServer::start(taken, echo);
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().message.find("cannot listen on 127.0.0.1:"), std::string::npos);
  ServerOptions tls;
  tls.tls_key_path = "/nonexistent.pem";
  EXPECT_FALSE(HttpServer::start(tls, echo).has_value());
}

TEST(Message, ParsesTargets) {
  Request request;
  ASSERT_TRUE(parse_target("/a%2Fb?x=1&y=%20z+w&x=2#f", request));
  EXPECT_EQ(request.path, "/a/b");
  EXPECT_EQ(request.query_value("x"), "1");
  EXPECT_EQ(request.query_value("y"), " z w");
  EXPECT_FALSE(request.query_value("z"));
  ASSERT_TRUE(parse_target("http://host:1/p?q", request));
  EXPECT_EQ(request.path, "/p");
  for (const char* bad : {"", "p", "/%", "/%1", "/%0a", "*"}) EXPECT_FALSE(parse_target(bad, request)) << bad;
  EXPECT_EQ(header_safe("a\r\nb: c"), "ab: c");
}

}  // namespace
}  // namespace sirocco::http
