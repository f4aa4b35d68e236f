// SPDX-License-Identifier: Apache-2.0
#include "serve_command.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdlib>
#include <thread>

#include "exit_codes.h"
#include "grammar/grammar.h"
#include "refuse.h"
#include "serve_log.h"
#include "serve_options.h"
#include "sirocco/engine.h"

namespace sirocco {
namespace {

using Clock = std::chrono::steady_clock;

// Every thread inherits the mask: signals are taken by waiting for them, in one place.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

bool signal_within(const sigset_t& set, std::chrono::milliseconds wait) {
  const timespec time{.tv_sec = wait.count() / 1000, .tv_nsec = wait.count() % 1000 * 1'000'000};
  return sigtimedwait(&set, nullptr, &time) > 0;
}

// A connection is a file descriptor, and the usual soft limit is 1024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

class Server {
 public:
  explicit Server(ServeOptions options)
      : options_(std::move(options)), log_(options_.log_format == "json", options_.verbose) {}

  int run() {
    const sigset_t signals = block_signals();
    raise_descriptor_limit();
    options_.service.log = [this](LogLevel level, std::string_view event, const Json& fields) {
      log_.write(level, event, fields);
    };
    service_.emplace(options_.service);
    options_.http.error_response = [this](const http::Request& request, int status, std::string_view message) {
      return service_->protocol_error(request, status, message);
    };
    auto server = http::HttpServer::start(options_.http, service_->handler());
    if (!server) return refuse(server.error());
    server_ = *std::move(server);
    log_.write(LogLevel::info, "listening",
               {{"url", fmt::format("{}://{}:{}", options_.http.tls_key_path.empty() ? "http" : "https",
                                    options_.http.host, server_->port())},
                {"keys", options_.service.api_keys.size()}});
    loader_ = std::thread([this] { load(); });
    while (!signal_within(signals, std::chrono::milliseconds(200))) {
      if (load_failed_) return stop(kExitError);
    }
    return drain(signals);
  }

 private:
  void load() {
    options_.engine.on_progress = [this, next = 0.0](const LoadProgress& progress) mutable {
      service_->set_progress(progress);
      const double fraction = service_->load_fraction();
      if (fraction < next) return;
      next = fraction + 0.1;
      log_.write(LogLevel::info, "loading", {{"percent", static_cast<int>(fraction * 100.0)}});
    };
    // Once it serves, what the engine says about a request is in the request's own line already.
    options_.engine.on_log = [this](LogLevel level, std::string_view line) {
      log_.write(level == LogLevel::info && service_->engine() ? LogLevel::debug : level, line);
    };
    const auto started = Clock::now();
    auto engine = Engine::open(options_.engine);
    if (!engine) {
      refuse(engine.error());
      load_failed_ = true;
      return;
    }
    const std::shared_ptr<Engine> shared = *std::move(engine);
    auto constraints = make_constraint_compiler(*shared);
    if (!constraints) log_.write(LogLevel::warning, "this build has no structured output (no XGrammar)");
    service_->set_engine(shared, std::move(constraints));
    const EngineInfo& info = shared->info();
    log_.write(LogLevel::info, "ready",
               {{"model", service_->model_name()},
                {"seconds", std::chrono::duration<double>(Clock::now() - started).count()},
                {"context", info.context_tokens},
                {"parallel", info.max_sequences},
                {"memory", info.memory_plan}});
  }

  // New requests get 503, running ones finish; a second signal or the end of patience stops them.
  int drain(const sigset_t& signals) {
    service_->drain();
    log_.write(LogLevel::info, "draining", {{"active", service_->active()}});
    const auto end = Clock::now() + std::chrono::duration<double>(options_.drain_timeout_s);
    while (service_->active() > 0 || server_->answering() > 0) {
      if (Clock::now() >= end) {
        log_.write(LogLevel::warning, "drain time is over", {{"active", service_->active()}});
        return stop(kExitDone);
      }
      if (signal_within(signals, std::chrono::milliseconds(20))) return stop(kExitInterrupted);
    }
    return stop(kExitDone);
  }

  int stop(int code) {
    server_->disconnect();
    for (int i = 0; i < 250 && service_->active() > 0; ++i) {  // their last steps, and their lines of the log
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    server_->stop();
    log_.write(LogLevel::info, "stopped", {{"exit_code", code}});
    log_.flush();
    if (!service_->engine()) std::_Exit(code);  // loading cannot be interrupted: leave without it
    loader_.join();
    return code;
  }

  ServeOptions options_;
  ServeLog log_;
  std::optional<api::Service> service_;
  std::unique_ptr<http::HttpServer> server_;
  std::thread loader_;
  std::atomic<bool> load_failed_ = false;
};

}  // namespace

void add_serve_command(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("serve",
                                         "serve the model over HTTP: OpenAI's, Anthropic's, llama-server's "
                                         "and vLLM's interfaces on one port");
  auto options = std::make_shared<ServeOptions>();
  add_serve_options(*command, *options);
  command->footer(
      "Variables in brackets stand in for flags that are left out; so do llama-server's of the same meaning\n"
      "(docs/serving.md).\n\n"
      "Exit codes: 0 drained, or the time for it was over; 1 it could not start or load; 2 the command line or a\n"
      "variable was wrong; 130 stopped at once by a second signal.");
  command->callback([options, &exit_code] {
    if (auto done = finish_serve_options(*options); !done) {
      exit_code = refuse(done.error());
      return;
    }
    exit_code = Server(std::move(*options)).run();
  });
}

}  // namespace sirocco
