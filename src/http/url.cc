// SPDX-License-Identifier: Apache-2.0
#include "http/url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/printable.h"

namespace sirocco::http {
namespace {

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Names and IPv4 addresses; the inside of brackets for IPv6.
bool is_host(std::string_view host, bool bracketed) {
  return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [&](char c) {
    return is_alphanumeric(c) || c == '.' || (bracketed ? c == ':' : c == '-' || c == '_');
  });
}

tl::unexpected<Error> wrong(std::string_view text, std::string_view what) {
  return bad_input(fmt::format("URL {}: {}", printable(text, 80), what));
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  constexpr size_t kMostBytes = 4096;
  if (text.size() > kMostBytes) return wrong(text, fmt::format("longer than {} bytes", kMostBytes));
  if (std::ranges::any_of(text, [](char c) { return c <= ' ' || c == 127; }))
    return wrong(text, "white space or control characters in it");
  Url url;
  std::string_view rest = text.substr(0, text.find('#'));
  if (rest.starts_with("https://")) {
    url.tls = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return wrong(text, "expected http:// or https://");
  }
  const size_t host_end = std::min(rest.find_first_of("/?"), rest.size());
  std::string_view authority = rest.substr(0, host_end), host, port;
  url.target = rest.substr(host_end);
  if (!url.target.starts_with('/')) url.target.insert(0, 1, '/');
  const bool bracketed = authority.starts_with('[');
  const size_t end = bracketed ? authority.find(']') : std::min(authority.find(':'), authority.size());
  if (end == std::string_view::npos) return wrong(text, "no host in it");
  host = bracketed ? authority.substr(1, end - 1) : authority.substr(0, end);
  port = authority.substr(bracketed ? end + 1 : end);
  if (!is_host(host, bracketed)) return wrong(text, "no host in it");
  url.host = host;
  std::ranges::transform(url.host, url.host.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  url.port = url.tls ? 443 : 80;
  if (port.empty()) return url;
  const char* const last = port.data() + port.size();
  const auto [behind, error] = std::from_chars(port.data() + 1, last, url.port);
  if (port[0] != ':' || port.size() < 2 || error != std::errc() || behind != last || url.port == 0)
    return wrong(text, "no port in it");
  return url;
}

Result<Url> follow_url(const Url& from, std::string_view location) {
  if (!location.starts_with('/') || location.starts_with("//")) return parse_url(location);
  // Checked as any other: the host is only borrowed.
  auto checked = parse_url(fmt::format("http://x{}", location));
  if (!checked) return checked;
  Url url = from;
  url.target = std::move(checked->target);
  return url;
}

}  // namespace sirocco::http
