// SPDX-License-Identifier: Apache-2.0
// Fetching pictures from a server in this process; what must never be fetched.
#include "http/url_fetcher.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <mutex>

#include "http/server.h"

namespace sirocco::http {
namespace {

using namespace std::chrono_literals;

TEST(Url, IsTakenApart) {
  const auto url = parse_url("https://Example.org/a%20b.png?x=1#part");
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_TRUE(url->tls);
  EXPECT_EQ(url->host, "example.org");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->target, "/a%20b.png?x=1");
  EXPECT_EQ(parse_url("http://h?q")->target, "/?q");
  EXPECT_EQ(parse_url("http://[2001:DB8::1]:81/")->host, "2001:db8::1");
  EXPECT_EQ(parse_url("http://[2001:DB8::1]:81/")->port, 81);
  for (const char* text :
       {"ftp://h/", "http://", "http:///x", "http://a@h/", "http://h:/", "http://h:0/", "http://h:65536/",
        "http://h:1x/", "http://[::1", "http://[::1]x/", "http://h/ x", "http://h/\n", "http://h\\x/",
        "//h/", "h/x", "HTTP://h/"})
    EXPECT_FALSE(parse_url(text)) << text;
}

TEST(Url, RedirectsLeadToPathsOrElsewhere) {
  const Url from{true, "h", 8443, "/a"};
  EXPECT_EQ(follow_url(from, "/b?c")->target, "/b?c");
  EXPECT_EQ(follow_url(from, "/b")->port, 8443);
  EXPECT_EQ(follow_url(from, "http://x/y")->host, "x");
  EXPECT_FALSE(follow_url(from, "//x/y"));
  EXPECT_FALSE(follow_url(from, "b"));
  EXPECT_FALSE(follow_url(from, "/b c"));
}

TEST(UrlFetcher, KnowsWhichAddressesAreEverybodys) {
  for (const char* address : {"1.1.1.1", "93.184.216.34", "172.15.0.1", "172.32.0.1", "192.167.0.1", "100.128.0.1",
                              "2606:4700::1111", "2a00:1450::1", "2001:4860::8888"})
    EXPECT_TRUE(is_public_address(address)) << address;
  for (const char* address : {"127.0.0.1", "127.255.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1",
                              "172.31.255.255", "192.168.0.1", "169.254.169.254", "100.64.0.1",
                              "198.18.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1",
                              "fd00::1", "::ffff:10.0.0.1", "::ffff:1.1.1.1", "64:ff9b::a00:1",
                              "2002:a00:1::", "2001::1", "2001:db8::1", "ff02::1", "no address"})
    EXPECT_FALSE(is_public_address(address)) << address;
}

// Answers by path.
struct Source {
  std::unique_ptr<HttpServer> server;
  FetchOptions options;

  Source() {
    ServerOptions o;
    o.port = 0;
    server = HttpServer::start(o, [](const ExchangePtr& exchange) { answer(exchange); }).value();
    options.hosts = {fmt::format("127.0.0.1:{}", server->port())};
    options.allow_private_addresses = true;
  }
  static void answer(const ExchangePtr& exchange) {
    const std::string& path = exchange->request().path;
    const auto redirect = [&](std::string to) {
      exchange->respond({.status = 302, .content_type = "", .headers = {{"Location", std::move(to)}}, .body = ""});
    };
    if (path == "/picture")
      exchange->respond({.status = 200, .content_type = "image/png", .headers = {}, .body = "bytes"});
    else if (path == "/moved")
      redirect("/picture");
    else if (path == "/away")
      redirect("http://example.org/picture");
    else if (path == "/round")
      redirect("/round");
    else if (path == "/large")
      exchange->respond({.status = 200, .content_type = "", .headers = {}, .body = std::string(5000, 'x')});
    else if (path == "/never")
      keep(exchange);
    else
      exchange->respond({.status = 404, .content_type = "", .headers = {}, .body = "none"});
  }
  Result<std::string> get(const std::string& path) const {
    return UrlFetcher::create(options)->fetch(fmt::format("http://127.0.0.1:{}{}", server->port(), path));
  }
  std::string error(const std::string& path) const {
    const auto got = get(path);
    return got ? "none" : got.error().message;
  }
  static void keep(const ExchangePtr& exchange) {
    const std::lock_guard lock(mutex);
    kept.push_back(exchange);
  }
  ~Source() {
    const std::lock_guard lock(mutex);
    kept.clear();
  }
  static inline std::mutex mutex;
  static inline std::vector<ExchangePtr> kept;  // guarded by mutex
};

TEST(UrlFetcher, BringsFilesAndFollowsRedirectsWithinTheList) {
  const Source source;
  EXPECT_EQ(source.get("/picture").value_or("nothing"), "bytes");
  EXPECT_EQ(source.get("/moved").value_or("nothing"), "bytes");
  EXPECT_NE(source.error("/away").find("the host example.org:80 is not among"), std::string::npos);
  EXPECT_NE(source.error("/round").find("redirected too often"), std::string::npos);
  EXPECT_NE(source.error("/none").find("answered 404"), std::string::npos);
}

TEST(UrlFetcher, HasLimitsOfSizeAndTime) {
  Source source;
  source.options.max_bytes = 4999;
  EXPECT_NE(source.error("/large").find("larger than 4999 bytes"), std::string::npos) << source.error("/large");
  source.options.max_bytes = 5000;
  EXPECT_TRUE(source.get("/large"));
  source.options.max_time = 50ms;
  EXPECT_NE(source.error("/never").find("not here within 50 ms"), std::string::npos);
}

TEST(UrlFetcher, ConnectsToNoPrivateAddressWhateverItsName) {
  Source source;
  source.options.allow_private_addresses = false;
  EXPECT_NE(source.error("/picture").find("no public address"), std::string::npos) << source.error("/picture");
  source.options.hosts = {fmt::format("localhost:{}", source.server->port())};
  const auto got = UrlFetcher::create(source.options)
                       ->fetch(fmt::format("http://localhost:{}/picture", source.server->port()));
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("no public address"), std::string::npos) << got.error().message;
}

TEST(UrlFetcher, AsksListedHostsAlone) {
  FetchOptions options;
  options.hosts = {"example.org", "*.pictures.example", "Other.example:8443"};
  const auto fetcher = UrlFetcher::create(options);
  ASSERT_TRUE(fetcher) << fetcher.error().message;
  for (const char* url :
       {"https://example.com/", "https://www.example.org/", "https://example.org:8443/", "https://pictures.example/",
        "https://evilpictures.example/", "https://other.example/", "https://example.org.evil.example/",
        "file:///etc/passwd"}) {
    const auto got = fetcher->fetch(url);
    ASSERT_FALSE(got) << url;
    EXPECT_TRUE(got.error().message.find("is not among") != std::string::npos ||
                got.error().message.find("expected http://") != std::string::npos)
        << got.error().message;
  }
  for (const char* host : {"", "*", "a b", "http://x", "x/y", "*.*.x"}) {
    options.hosts = {host};
    EXPECT_FALSE(UrlFetcher::create(options)) << host;
  }
}

}  // namespace
}  // namespace sirocco::http
