// SPDX-License-Identifier: Apache-2.0
// Service: what all requests of a server share: the engine (once it is loaded), keys, limits, counters,
// stored responses, slots. Routes find it through their Call. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/api_error.h"
#include "api/api_keys.h"
#include "api/background.h"
#include "api/constraint.h"
#include "api/metrics.h"
#include "api/response_store.h"
#include "api/slots.h"
#include "http/exchange.h"
#include "sirocco/engine.h"

namespace sirocco::api {

struct ServiceOptions {
  std::string model_name = {};  // shown to clients; "" takes the engine's
  bool strict_model = false;    // refuse requests for any other name
  std::vector<std::string> api_keys = {};
  std::vector<std::string> cors_origins = {"localhost"};  // "*", "localhost" (any port) or whole origins
  std::string session_folder = {};                        // where /slots may save and restore; "" forbids it
  bool show_slots = true;
  int max_queue_requests = 0;  // of the engine; with so many waiting, new ones are refused before any work
  int64_t max_queue_tokens = 0;  // likewise; 0: not known
  std::chrono::milliseconds request_timeout{3'600'000};
  std::chrono::milliseconds ping_interval{15'000};
  ResponseStoreLimits stored = {};
  // A line for the operator: event name and fields, in order.
  std::function<void(LogLevel, std::string_view event, const Json& fields)> log = {};
};

class Service {
 public:
  explicit Service(ServiceOptions options);

  http::Handler handler();  // the service must outlive the server that uses it
  // For http::ServerOptions.
  http::Response protocol_error(const http::Request& request, int status, std::string_view message) const;

  // Life: loading → ready → draining. A null engine means loading.
  void set_progress(const LoadProgress& progress);
  void set_engine(std::shared_ptr<Engine> engine, std::shared_ptr<ConstraintCompiler> constraints);
  void drain();
  bool draining() const { return draining_; }
  int active() const { return active_; }  // calls that are not over

  std::shared_ptr<Engine> engine() const;
  std::shared_ptr<ConstraintCompiler> constraints() const;
  ApiError loading_error() const;
  double load_fraction() const;
  std::string model_name() const;
  int64_t start_time_s() const { return start_time_s_; }

  const ServiceOptions& options() const { return options_; }
  const ApiKeys& keys() const { return keys_; }
  Metrics& metrics() { return metrics_; }
  Slots& slots() { return slots_; }
  ResponseStore& stored() { return stored_; }
  Background& background() { return background_; }
  void log(LogLevel level, std::string_view event, const Json& fields) const;

 private:
  friend class Call;
  const ServiceOptions options_;
  const ApiKeys keys_;
  const int64_t start_time_s_;
  Metrics metrics_;
  Slots slots_;
  ResponseStore stored_;
  std::atomic<bool> draining_ = false;
  std::atomic<int> active_ = 0;
  std::atomic<uint64_t> done_bytes_ = 0, total_bytes_ = 0;
  mutable std::mutex mutex_;
  std::shared_ptr<Engine> engine_;                   // guarded by mutex_
  std::shared_ptr<ConstraintCompiler> constraints_;  // guarded by mutex_
  Background background_{2};                         // last: its work uses all of the above
};

}  // namespace sirocco::api
