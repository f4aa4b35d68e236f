// SPDX-License-Identifier: Apache-2.0
#include "serve_options.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "engine_flags.h"

namespace sirocco {
namespace {

constexpr double kMostSeconds = 1e8;

// llama-server's variables work too; a SIROCCO_ one of the same meaning wins, a flag wins over both.
constexpr std::pair<const char*, const char*> kKnownVariables[] = {
    {"LLAMA_ARG_HOST", "SIROCCO_HOST"},
    {"LLAMA_ARG_PORT", "SIROCCO_PORT"},
    {"LLAMA_API_KEY", "SIROCCO_API_KEY"},
    {"LLAMA_ARG_SSL_KEY_FILE", "SIROCCO_SSL_KEY_FILE"},
    {"LLAMA_ARG_SSL_CERT_FILE", "SIROCCO_SSL_CERT_FILE"},
    {"LLAMA_ARG_CTX_SIZE", "SIROCCO_CONTEXT"},
    {"LLAMA_ARG_N_PARALLEL", "SIROCCO_PARALLEL"},
    {"LLAMA_ARG_THREADS", "SIROCCO_THREADS"},
    {"LLAMA_ARG_TIMEOUT", "SIROCCO_TIMEOUT"},
    {"LLAMA_ARG_ALIAS", "SIROCCO_ALIAS"},
    {"LLAMA_ARG_MMPROJ", "SIROCCO_MMPROJ"},
    {"LLAMA_ARG_THREADS_HTTP", "SIROCCO_THREADS_HTTP"},
};

void adopt_known_variables() {
  for (const auto& [theirs, ours] : kKnownVariables) {
    const char* value = std::getenv(theirs);
    if (value) setenv(ours, value, /*overwrite=*/0);
  }
}

void add_network(CLI::App& command, ServeOptions& o) {
  const char* group = "Network";
  command.add_option("--host", o.http.host, "address to listen on")->envname("SIROCCO_HOST")->group(group);
  command.add_option("--port", o.http.port, "port; 0 takes a free one")
      ->check(CLI::Range(0, 65535))
      ->envname("SIROCCO_PORT")
      ->group(group);
  command
      .add_option("--api-key", o.service.api_keys, "key that clients must present; several, or a comma list")
      ->delimiter(',')
      ->envname("SIROCCO_API_KEY")
      ->group(group);
  command.add_option("--api-key-file", o.api_key_file, "file with one key a line")
      ->envname("SIROCCO_API_KEY_FILE")
      ->group(group);
  command.add_option("--ssl-key-file,--ssl-keyfile", o.http.tls_key_path, "TLS key, PEM")
      ->envname("SIROCCO_SSL_KEY_FILE")
      ->group(group);
  command
      .add_option("--ssl-cert-file,--ssl-certfile", o.http.tls_certificate_path, "TLS certificate chain, PEM")
      ->envname("SIROCCO_SSL_CERT_FILE")
      ->group(group);
  command
      .add_option("--cors-origins,--allowed-origins", o.service.cors_origins,
                  "web origins that may call: *, localhost, or https://…")
      ->delimiter(',')
      ->envname("SIROCCO_CORS_ORIGINS")
      ->group(group);
  command
      .add_option("--allow-image-urls", o.pictures.hosts,
                  "hosts that pictures may be fetched from: names, *.names or names:port; default: none, "
                  "pictures come as data: URLs")
      ->delimiter(',')
      ->envname("SIROCCO_ALLOW_IMAGE_URLS")
      ->group(group);
  command.add_option("--max-connections", o.http.max_connections, "open connections")
      ->check(CLI::Range(1, 1 << 20))
      ->group(group);
  command.add_option("--max-body", o.body_mib, "largest request body, MiB")->check(CLI::Range(1, 4096))->group(group);
  command.add_option("--threads-http", o.http.worker_threads, "threads that parse, template and tokenise")
      ->envname("SIROCCO_THREADS_HTTP")
      ->check(CLI::Range(1, 256))
      ->group(group);
}

void add_capacity(CLI::App& command, ServeOptions& o) {
  const char* group = "Capacity";
  command
      .add_option("-c,--context,--ctx-size,--max-model-len", o.engine.context_tokens,
                  "longest sequence in tokens; 0 decides from memory")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 40))
      ->envname("SIROCCO_CONTEXT")
      ->group(group);
  command
      .add_option("--parallel,--max-num-seqs", o.engine.max_sequences, "sequences that run at the same time")
      ->envname("SIROCCO_PARALLEL")
      ->check(CLI::Range(1, 4096))
      ->group(group);
  command
      .add_option("--max-queue,--max-num-queued-reqs", o.engine.max_queue_requests,
                  "requests that may wait; beyond it 429")
      ->check(CLI::Range(1, 1 << 30))
      ->envname("SIROCCO_MAX_QUEUE")
      ->group(group);
  command
      .add_option("--max-queue-tokens,--max-num-queued-tokens", o.engine.max_queue_tokens,
                  "prompt tokens that may wait; beyond it 429")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 40))
      ->group(group);
  command
      .add_option("--max-batch-tokens,--max-num-batched-tokens", o.engine.max_batch_tokens,
                  "rows of one step: bounds how long a prompt stalls the others")
      ->check(CLI::Range(1, 65536))
      ->group(group);
  command.add_option("--cache-type", o.cache_type, "latent cache: bf16, f32 or q8")
      ->check(CLI::IsMember({"bf16", "f32", "q8"}))
      ->envname("SIROCCO_CACHE_TYPE")
      ->group(group);
  command
      .add_option("--cache-memory", o.cache_mib, "MiB for the cache of all sequences; 0 decides from memory")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 30))
      ->group(group);
  command.add_option("--timeout", o.timeout_s, "seconds that a request may take in all")
      ->check(CLI::Range(0.001, kMostSeconds))
      ->envname("SIROCCO_TIMEOUT")
      ->group(group);
  command
      .add_option("--drain-timeout,--shutdown-timeout", o.drain_timeout_s,
                  "seconds that running requests get after SIGTERM")
      ->check(CLI::Range(0.0, kMostSeconds))
      ->envname("SIROCCO_DRAIN_TIMEOUT")
      ->group(group);
}

void add_model(CLI::App& command, ServeOptions& o) {
  const char* group = "Model";
  command.add_option("MODEL", o.engine.model_path, "folder, .gguf or .safetensors file")->required();
  command.add_option("--alias,--served-model-name", o.service.model_name, "model name shown to clients")
      ->envname("SIROCCO_ALIAS")
      ->group(group);
  command.add_flag("--strict-model", o.service.strict_model, "refuse requests for other model names")
      ->group(group);
  command.add_option("--mmproj", o.engine.mmproj_path, "GGUF vision part")
      ->envname("SIROCCO_MMPROJ")
      ->group(group);
  command.add_option("--template", o.engine.template_name, "chat layout: v3, v7, v11, v13, v15")
      ->group(group);
  command.add_option("-t,--threads", o.engine.threads, "compute threads; 0: one a physical core")
      ->check(CLI::Range(0, 4096))
      ->envname("SIROCCO_THREADS")
      ->group(group);
  command.add_flag("--pin", o.engine.pin, "keep each of them but the engine's own on a core of its own")
      ->group(group);
  command.add_option("--isa", o.engine.isa, "force an instruction set")->group(group);
  command.add_flag("--deterministic", o.engine.deterministic, "tokens do not depend on other requests")
      ->group(group);
  command.add_flag("--exact", o.engine.exact, "float32 throughout")->group(group);
  command.add_option("--slot-save-path", o.service.session_folder, "folder for saved sessions")->group(group);
}

void add_output(CLI::App& command, ServeOptions& o) {
  const char* group = "Output";
  command.add_option("--log-format", o.log_format, "text or json")
      ->check(CLI::IsMember({"text", "json"}))
      ->envname("SIROCCO_LOG_FORMAT")
      ->group(group);
  command.add_flag("-v,--verbose", o.verbose, "log probes and details too")->group(group);
  command
      .add_option("--sse-ping-interval", o.ping_interval_s,
                  "seconds between signs of life in a stream; 0: none")
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
  adopt_known_variables();
  add_model(command, options);
  add_network(command, options);
  add_capacity(command, options);
  add_output(command, options);
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

}  // namespace

Result<void> finish_serve_options(ServeOptions& o) {
  if (auto ok = allow_pictures(o); !ok) return ok;
  if (!o.api_key_file.empty()) {
    std::ifstream file(o.api_key_file);
    if (!file) return fail(ErrorKind::not_found, o.api_key_file + ": cannot be read");
    for (std::string line; std::getline(file, line);) {
      if (!line.empty() && line.back() == '\r') line.pop_back();
      if (!line.empty()) o.service.api_keys.push_back(line);
    }
    if (o.service.api_keys.empty()) return bad_input(o.api_key_file + ": holds no key");
  }
  for (const double seconds : {o.timeout_s, o.drain_timeout_s, o.ping_interval_s})
    if (std::isnan(seconds)) return bad_input("--timeout, --drain-timeout, --sse-ping-interval: expected a number");
  const auto milliseconds = [](double seconds) {
    return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1e3));
  };
  o.engine.cache_format = cache_format_named(o.cache_type);
  o.engine.cache_bytes = o.cache_mib << 20;
  o.engine.model_alias = o.service.model_name;
  o.http.max_body_bytes = static_cast<size_t>(o.body_mib) << 20;
  o.service.request_timeout = milliseconds(o.timeout_s);
  o.service.ping_interval = milliseconds(o.ping_interval_s);
  o.service.max_queue_requests = o.engine.max_queue_requests;
  return {};
}

}  // namespace sirocco
