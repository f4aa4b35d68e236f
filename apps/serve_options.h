// SPDX-License-Identifier: Apache-2.0
// What `sirocco serve` can be told, by flag or by environment variable.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "api/service.h"
#include "http/server.h"
#include "http/url_fetcher.h"
#include "sirocco/options.h"

namespace sirocco {

struct ServeOptions {
  EngineOptions engine;
  http::ServerOptions http;
  api::ServiceOptions service;
  std::string api_key_file;
  http::FetchOptions pictures;  // hosts that image_url may name
  std::string log_format = "text";
  bool verbose = false;
  double timeout_s = 3600.0, drain_timeout_s = 30.0, ping_interval_s = 15.0;
  int64_t cache_mib = 0, body_mib = 64;
};

// Binds the flags of the subcommand to `options`, which must outlive the parsing.
void add_serve_options(CLI::App& command, ServeOptions& options);
// Reads the key file and translates units, once the flags are parsed.
Result<void> finish_serve_options(ServeOptions& options);

}  // namespace sirocco
