// SPDX-License-Identifier: Apache-2.0
// UrlFetcher: brings a file from the hosts that the operator lists, and from nowhere else: no private addresses
// (looked at after the name was resolved, and those that were looked at are connected to), no redirects off the
// list, limits on size and time. Blocks its caller. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/url.h"
#include "sirocco/result.h"

namespace sirocco::http {

struct FetchOptions {
  // "example.org", "*.example.org" (what is below it), "example.org:8443" (that port; else the scheme's own).
  std::vector<std::string> hosts;
  size_t max_bytes = size_t{32} << 20;
  std::chrono::milliseconds max_time{10'000};  // for all of it, redirects included
  int max_redirects = 3;
  bool allow_private_addresses = false;  // tests talk to themselves
};

class UrlFetcher {
 public:
  static Result<UrlFetcher> create(FetchOptions options);  // names the host that is none

  Result<std::string> fetch(std::string_view url) const;

 private:
  explicit UrlFetcher(FetchOptions options) : options_(std::move(options)) {}
  Result<void> check_host(const Url& url) const;

  FetchOptions options_;
};

// Whether a text address is one that the whole internet may be reached by: not this machine, not a private or
// link-local network, not a form that carries an IPv4 address inside.
bool is_public_address(const std::string& address);

}  // namespace sirocco::http
