// SPDX-License-Identifier: Apache-2.0
#include "serve_options.h"

#include <fmt/format.h>

#include <cmath>

#include "flag_variables.h"
#include "input.h"
#include "model_flags.h"

namespace sirocco {
namespace {

constexpr double kMostSeconds = 1e8;

void add_network(CLI::App& command, ServeOptions& o, FlagVariables& variables) {
  const auto flag = [&](const char* names, auto& value, const char* meaning) {
    return command.add_option(names, value, meaning)->capture_default_str()->group("Network");
  };
  variables.add(flag("--host", o.http.host, "address to listen on"), "SIROCCO_HOST", "LLAMA_ARG_HOST");
  variables.add(flag("--port", o.http.port, "port; 0 takes a free one")->check(CLI::Range(0, 65535)), "SIROCCO_PORT",
                "LLAMA_ARG_PORT");
  variables.add(flag("--api-key", o.service.api_keys, "key that clients must present; several, or a comma list")
                    ->default_str("")
                    ->delimiter(','),
                "SIROCCO_API_KEY", "LLAMA_API_KEY");
  variables.add(flag("--api-key-file", o.api_key_file, "file with one key a line"), "SIROCCO_API_KEY_FILE");
  variables.add(flag("--ssl-key-file,--ssl-keyfile", o.http.tls_key_path, "TLS key, PEM"), "SIROCCO_SSL_KEY_FILE",
                "LLAMA_ARG_SSL_KEY_FILE");
  variables.add(
      flag("--ssl-cert-file,--ssl-certfile", o.http.tls_certificate_path, "TLS certificate chain, PEM"),
      "SIROCCO_SSL_CERT_FILE", "LLAMA_ARG_SSL_CERT_FILE");
  variables.add(flag("--cors-origins,--allowed-origins", o.service.cors_origins,
                     "web origins that may call: *, localhost, or https://…")
                    ->delimiter(','),
                "SIROCCO_CORS_ORIGINS");
  variables.add(flag("--allow-image-urls", o.pictures.hosts,
                     "hosts that pictures may be fetched from: names, *.names or names:port; default: none, "
                     "pictures come as data: URLs")
                    ->default_str("")
                    ->delimiter(','),
                "SIROCCO_ALLOW_IMAGE_URLS");
  flag("--max-connections", o.http.max_connections, "open connections")->check(CLI::Range(1, 1 << 20));
  flag("--max-body", o.body_mib, "largest request body, MiB")->check(CLI::Range(1, 4096));
  variables.add(flag("--threads-http", o.http.worker_threads,
                     "threads that parse, template and tokenise; 8 more with --allow-image-urls")
                    ->check(CLI::Range(1, 256)),
                "SIROCCO_THREADS_HTTP", "LLAMA_ARG_THREADS_HTTP");
}

void add_capacity(CLI::App& command, ServeOptions& o, FlagVariables& variables) {
  const auto flag = [&](const char* names, auto& value, const char* meaning) {
    return command.add_option(names, value, meaning)->capture_default_str()->group("Capacity");
  };
  variables.add(flag("--parallel,--max-num-seqs", o.engine.max_sequences, "sequences that run at the same time")
                    ->check(CLI::Range(1, 4096)),
                "SIROCCO_PARALLEL", "LLAMA_ARG_N_PARALLEL");
  variables.add(flag("--max-queue,--max-num-queued-reqs", o.engine.max_queue_requests,
                     "requests that may wait; beyond it 429")
                    ->check(CLI::Range(1, 1 << 30)),
                "SIROCCO_MAX_QUEUE");
  flag("--max-queue-tokens,--max-num-queued-tokens", o.engine.max_queue_tokens,
       "prompt tokens that may wait; beyond it 429")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40));
  flag("--cache-memory", o.cache_mib, "MiB for the cache of all sequences; 0 decides from memory")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 30));
  variables.add(flag("--timeout", o.timeout_s, "seconds that a request may take in all")
                    ->check(CLI::Range(0.001, kMostSeconds)),
                "SIROCCO_TIMEOUT", "LLAMA_ARG_TIMEOUT");
  variables.add(flag("--drain-timeout,--shutdown-timeout", o.drain_timeout_s,
                     "seconds that running requests get after SIGTERM")
                    ->check(CLI::Range(0.0, kMostSeconds)),
                "SIROCCO_DRAIN_TIMEOUT");
  for (const char* name : {"--context", "--batch", "--cache-type"}) command.get_option(name)->group("Capacity");
}

void add_model(CLI::App& command, ServeOptions& o, FlagVariables& variables) {
  const char* group = "Model";
  add_engine_flags(command, o.engine);
  variables.add(command.get_option("--context"), "SIROCCO_CONTEXT", "LLAMA_ARG_CTX_SIZE");
  variables.add(command.get_option("--cache-type"), "SIROCCO_CACHE_TYPE");
  variables.add(command.get_option("--threads"), "SIROCCO_THREADS", "LLAMA_ARG_THREADS");
  variables.add(command.get_option("--mmproj"), "SIROCCO_MMPROJ", "LLAMA_ARG_MMPROJ");
  variables.add(command
                    .add_option("--alias,--served-model-name", o.service.model_name,
                                "model name shown to clients; default: the file's")
                    ->group(group),
                "SIROCCO_ALIAS", "LLAMA_ARG_ALIAS");
  command.add_flag("--strict-model", o.service.strict_model, "refuse requests for other model names")->group(group);
  command
      .add_option("--slot-save-path", o.service.session_folder,
                  "folder for saved sessions; default: none, they are off")
      ->group(group);
}

void add_output(CLI::App& command, ServeOptions& o, FlagVariables& variables) {
  const char* group = "Output";
  variables.add(command.add_option("--log-format", o.log_format, "one line or one JSON object an event")
                    ->capture_default_str()
                    ->check(CLI::IsMember({"text", "json"}))
                    ->group(group),
                "SIROCCO_LOG_FORMAT");
  command.add_flag("-v,--verbose", o.verbose, "log probes and details too")->group(group);
  command
      .add_option("--sse-ping-interval", o.ping_interval_s,
                  "seconds between signs of life in a stream; 0: none")
      ->capture_default_str()
      ->check(CLI::Range(0.0, kMostSeconds))
      ->group(group);
  command.add_flag("!--no-slots", o.service.show_slots, "do not show /slots")->group(group);
  command
      .add_flag_callback(
          "--metrics", [] {}, "always on; taken for compatibility")
      ->group(group);
}

}  // namespace

void add_serve_options(CLI::App& command, ServeOptions& options) {
  FlagVariables variables;
  add_model(command, options, variables);
  add_network(command, options, variables);
  add_capacity(command, options, variables);
  add_output(command, options, variables);
  command.parse_complete_callback([variables] { variables.adopt(); });  // runs where the line says `serve`
}

namespace {

Result<void> allow_pictures(ServeOptions& o) {
  auto fetcher = http::UrlFetcher::create(o.pictures);
  if (!fetcher) return bad_input("--allow-image-urls: " + fetcher.error().message);
  o.engine.fetch_picture = [fetcher = *std::move(fetcher), any = !o.pictures.hosts.empty()](std::string_view url) {
    auto file = any ? fetcher.fetch(url)
                    : Result<std::string>(bad_input(
                          "only data: URLs are taken (the server was started without --allow-image-urls)"));
    if (!file) file.error().message.insert(0, "image_url: ");
    return file;
  };
  if (!o.pictures.hosts.empty()) o.http.worker_threads += 8;  // fetching blocks its thread
  return {};
}

Result<void> read_keys(const std::string& path, std::vector<std::string>& keys) {
  const size_t before = keys.size();
  auto read = for_each_line(path, [&](const std::string& line, size_t) {
    keys.push_back(line.ends_with('\r') ? line.substr(0, line.size() - 1) : line);
    if (keys.back().empty()) keys.pop_back();
    return true;
  });
  if (!read) return read;
  if (keys.size() == before) return bad_input(path + ": holds no key");
  return {};
}

}  // namespace

Result<void> finish_serve_options(ServeOptions& o) {
  if (auto ok = allow_pictures(o); !ok) return ok;
  if (!o.api_key_file.empty())
    if (auto ok = read_keys(o.api_key_file, o.service.api_keys); !ok) return ok;
  for (const double seconds : {o.timeout_s, o.drain_timeout_s, o.ping_interval_s})
    if (std::isnan(seconds)) return bad_input("--timeout, --drain-timeout, --sse-ping-interval: expected a number");
  const auto milliseconds = [](double seconds) {
    return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1e3));
  };
  o.engine.cache_bytes = o.cache_mib << 20;
  o.engine.model_alias = o.service.model_name;
  o.http.max_body_bytes = static_cast<size_t>(o.body_mib) << 20;
  o.service.request_timeout = milliseconds(o.timeout_s);
  o.service.ping_interval = milliseconds(o.ping_interval_s);
  o.service.max_queue_requests = o.engine.max_queue_requests;
  o.service.max_queue_tokens = o.engine.max_queue_tokens;
  return {};
}

}  // namespace sirocco
