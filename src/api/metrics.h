// SPDX-License-Identifier: Apache-2.0
// Metrics: what operators scrape. Two families over the same numbers, llama-server's (`llamacpp:`) and
// vLLM's (`vllm:`), so that dashboards for either work; docs/serving.md lists them.
#pragma once

#include <memory>
#include <string>

#include "sirocco/engine.h"

namespace sirocco::api {

struct RequestMetrics {  // of one choice that ended
  FinishReason reason = FinishReason::stop;
  Usage usage;
  Timings timings;
  double first_token_s = -1.0;  // from arrival; negative: none came
  double total_s = 0.0;
  int64_t max_tokens = -1;
  int choices = 1;
};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  void add_request(const RequestMetrics& request);
  void add_http(std::string_view method, std::string_view route, int status, double seconds);
  // The exposition text. `stats` null: the engine is not loaded yet.
  std::string text(const EngineStats* stats, const EngineInfo* info, const std::string& model) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sirocco::api
