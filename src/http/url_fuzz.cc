// SPDX-License-Identifier: Apache-2.0
// Covers: src/http/url.cc
#include <fmt/format.h>

#include "base/check.h"
#include "http/url.h"

using namespace sirocco::http;

// What was understood, written out, is understood the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto url = parse_url(text);
  (void)follow_url({true, "example.org", 443, "/"}, text);
  if (!url) return 0;
  const bool bracketed = url->host.find(':') != std::string::npos;
  const std::string written = fmt::format("{}://{}{}{}:{}{}", url->tls ? "https" : "http", bracketed ? "[" : "",
                                          url->host, bracketed ? "]" : "", url->port, url->target);
  const auto again = parse_url(written);
  if (written.size() > 4096) return 0;
  CHECK(again && again->tls == url->tls && again->host == url->host && again->port == url->port);
  CHECK(again->target == url->target);
  return 0;
}
