// SPDX-License-Identifier: Apache-2.0
#include "api/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>

namespace sirocco::api {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

const Buckets kLatency = {0.3, 0.5, 0.8, 1,  1.5, 2,   2.5, 5,   10,   15,  20,
                          30,  40,  50,  60, 120, 240, 480, 960, 1920, 7680};
const Buckets kFirstToken = {0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75,
                             1,     2.5,   5,    7.5,  10,   20,   40,   80,  160,  640, 2560};
const Buckets kTokenGap = {0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10};
const Buckets kTokens = {1,    2,    5,    10,    20,    50,    100,    200,   500,
                         1000, 2000, 5000, 10000, 20000, 50000, 100000, 200000};
const Buckets kChoices = {1, 2, 5, 10, 20};

// Families that hold one number each, read from the engine when the text is made.
class Snapshot {
 public:
  explicit Snapshot(std::string model) : model_(std::move(model)) {}

  void gauge(const std::string& name, const std::string& help, double value, const std::string& label = {},
             const std::string& label_value = {}) {
    add(name, help, prometheus::MetricType::Gauge, label, label_value).gauge.value = value;
  }
  void counter(const std::string& name, const std::string& help, double value, const std::string& label = {},
               const std::string& label_value = {}) {
    add(name, help, prometheus::MetricType::Counter, label, label_value).counter.value = value;
  }
  std::vector<prometheus::MetricFamily> families;

 private:
  prometheus::ClientMetric& add(const std::string& name, const std::string& help, prometheus::MetricType type,
                                const std::string& label, const std::string& label_value) {
    if (families.empty() || families.back().name != name) {
      families.push_back({.name = name, .help = help, .type = type, .metric = {}});
    }
    prometheus::ClientMetric& metric = families.back().metric.emplace_back();
    if (name.starts_with("vllm:")) metric.label = {{"model_name", model_}, {"engine", "0"}};
    if (!label.empty()) metric.label.push_back({label, label_value});
    return metric;
  }
  const std::string model_;
};

double per_second(uint64_t count, double seconds) {
  return seconds > 0.0 ? static_cast<double>(count) / seconds : 0.0;
}

void add_llamacpp(Snapshot& out, const EngineStats& s) {
  const auto real = [](auto value) { return static_cast<double>(value); };
  out.counter("llamacpp:prompt_tokens_total", "Prompt tokens computed.", real(s.prompt_tokens));
  out.counter("llamacpp:prompt_seconds_total", "Time spent on prompts.", s.prompt_seconds);
  out.counter("llamacpp:tokens_predicted_total", "Tokens generated.", real(s.predicted_tokens));
  out.counter("llamacpp:tokens_predicted_seconds_total", "Time spent on generation.", s.predicted_seconds);
  out.counter("llamacpp:n_decode_total", "Steps of the model.", real(s.steps));
  out.gauge("llamacpp:prompt_tokens_seconds", "Prompt tokens per second since start.",
            per_second(s.prompt_tokens, s.prompt_seconds));
  out.gauge("llamacpp:predicted_tokens_seconds", "Generated tokens per second since start.",
            per_second(s.predicted_tokens, s.predicted_seconds));
  out.gauge("llamacpp:n_busy_slots_per_decode", "Mean number of sequences in a step.",
            s.steps ? real(s.sequences_stepped) / real(s.steps) : 0.0);
  out.gauge("llamacpp:requests_processing", "Requests that run.", s.running);
  out.gauge("llamacpp:requests_deferred", "Requests that wait.", s.waiting);
  out.gauge("llamacpp:n_tokens_max", "Longest sequence so far.", real(s.longest_sequence));
}

void add_vllm(Snapshot& out, const EngineStats& s, const EngineInfo& info) {
  const auto real = [](auto value) { return static_cast<double>(value); };
  out.gauge("vllm:num_requests_running", "Requests that run.", s.running);
  out.gauge("vllm:num_requests_waiting", "Requests that wait.", s.waiting);
  out.gauge("vllm:num_requests_waiting_by_reason", "Requests that wait.", s.waiting, "reason", "capacity");
  out.gauge("vllm:num_requests_waiting_by_reason", "", 0, "reason", "deferred");
  const double pages = real(std::max<int64_t>(info.cache_pages, 1));
  out.gauge("vllm:kv_cache_usage_perc", "Share of cache pages held by sequences (1 = all).",
            real(s.pages_held) / pages);
  out.counter("vllm:prompt_tokens_total", "Prompt tokens, cached ones included.",
              real(s.prompt_tokens + s.cached_tokens));
  out.counter("vllm:prompt_tokens_cached_total", "Prompt tokens taken from the prefix cache.",
              real(s.cached_tokens));
  out.counter("vllm:generation_tokens_total", "Tokens generated.", real(s.predicted_tokens));
  out.counter("vllm:num_preemptions_total", "Sequences set back for lack of pages.", real(s.preemptions));
  out.counter("vllm:prefix_cache_queries_total", "Prompt tokens looked up.",
              real(s.prompt_tokens + s.cached_tokens));
  out.counter("vllm:prefix_cache_hits_total", "Prompt tokens found.", real(s.cached_tokens));
  for (int i = 0; i < 6; ++i) {
    out.counter("vllm:request_success_total", "Choices that ended, by reason.", real(s.requests_finished[i]),
                "finished_reason", finish_reason_name(static_cast<FinishReason>(i)));
  }
  out.counter("vllm:mm_cache_queries_total", "Pictures in requests.", real(s.pictures_asked));
  out.counter("vllm:mm_cache_hits_total", "Pictures that were encoded before or waited already.",
              real(s.pictures_known));
  out.counter("sirocco_pictures_encoded_total", "Pictures encoded.", real(s.pictures_encoded));
  out.counter("sirocco_picture_encode_seconds_total", "Time spent on encoding pictures.", s.picture_seconds);
  out.gauge("sirocco_picture_cache_bytes", "Encoded pictures that are kept.", real(s.picture_cache_bytes));
  out.counter("sirocco_shared_experts_total", "Experts computed that take turns in memory.", real(s.shared_experts));
  out.counter("sirocco_experts_read_total", "Of these, those read from the file first.", real(s.experts_read));
  out.gauge("sirocco_cache_pages", "Cache pages by state.", real(s.pages_free), "state", "free");
  out.gauge("sirocco_cache_pages", "", real(s.pages_held), "state", "held");
  out.gauge("sirocco_cache_pages", "", real(s.pages_cached), "state", "cached");
}

}  // namespace

struct Metrics::Parts {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Histogram>* histogram(const char* name, const char* help) {
    return &prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
  }
  prometheus::Histogram& single(const char* name, const char* help, const Buckets& buckets) {
    return histogram(name, help)->Add({{"engine", "0"}}, buckets);
  }

  prometheus::Histogram& first_token =
      single("vllm:time_to_first_token_seconds", "Arrival to first token.", kFirstToken);
  prometheus::Histogram& gap =
      single("vllm:inter_token_latency_seconds", "Mean time between tokens.", kTokenGap);
  prometheus::Histogram& per_token =
      single("vllm:request_time_per_output_token_seconds", "Time per generated token.", kTokenGap);
  prometheus::Histogram& total = single("vllm:e2e_request_latency_seconds", "Arrival to end.", kLatency);
  prometheus::Histogram& queue = single("vllm:request_queue_time_seconds", "Time in the queue.", kLatency);
  prometheus::Histogram& prefill =
      single("vllm:request_prefill_time_seconds", "Time of the prompt.", kLatency);
  prometheus::Histogram& decode = single("vllm:request_decode_time_seconds", "Time of generation.", kLatency);
  prometheus::Histogram& inference =
      single("vllm:request_inference_time_seconds", "Prompt and generation.", kLatency);
  prometheus::Histogram& prompt_tokens = single("vllm:request_prompt_tokens", "Prompt length.", kTokens);
  prometheus::Histogram& answer_tokens = single("vllm:request_generation_tokens", "Answer length.", kTokens);
  prometheus::Histogram& max_tokens =
      single("vllm:request_params_max_tokens", "max_tokens asked for.", kTokens);
  prometheus::Histogram& choices = single("vllm:request_params_n", "n asked for.", kChoices);
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter().Name("http_requests_total").Help("HTTP requests.").Register(registry);
  prometheus::Family<prometheus::Histogram>* durations =
      histogram("http_request_duration_seconds", "Time from a request to the end of its answer.");
};

Metrics::Metrics() : parts_(std::make_unique<Parts>()) {}
Metrics::~Metrics() = default;

void Metrics::add_request(const RequestMetrics& request) {
  constexpr double kMilli = 1e-3;
  const double decode_s = request.timings.predicted_ms * kMilli;
  if (request.first_token_s >= 0.0) parts_->first_token.Observe(request.first_token_s);
  if (request.usage.completion_tokens > 1) {
    const double gap_s = decode_s / static_cast<double>(request.usage.completion_tokens - 1);
    parts_->gap.Observe(gap_s);
    parts_->per_token.Observe(gap_s);
  }
  parts_->total.Observe(request.total_s);
  parts_->queue.Observe(request.timings.queue_ms * kMilli);
  parts_->prefill.Observe(request.timings.prompt_ms * kMilli);
  parts_->decode.Observe(decode_s);
  parts_->inference.Observe(request.timings.prompt_ms * kMilli + decode_s);
  parts_->prompt_tokens.Observe(static_cast<double>(request.usage.prompt_tokens));
  parts_->answer_tokens.Observe(static_cast<double>(request.usage.completion_tokens));
  if (request.max_tokens > 0) parts_->max_tokens.Observe(static_cast<double>(request.max_tokens));
  parts_->choices.Observe(request.choices);
}

void Metrics::add_http(std::string_view method, std::string_view route, int status, double seconds) {
  constexpr std::string_view kKnown[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  const bool known = std::find(std::begin(kKnown), std::end(kKnown), method) != std::end(kKnown);
  const std::string handler(route);
  // A client may invent methods without end; a label for each would be kept for ever.
  const prometheus::Labels labels = {{"method", known ? std::string(method) : "other"},
                                     {"handler", handler},
                                     {"status", std::to_string(status)}};
  parts_->requests.Add(labels).Increment();
  parts_->durations->Add({{"handler", handler}}, kLatency).Observe(seconds);
}

std::string Metrics::text(const EngineStats* stats, const EngineInfo* info, const std::string& model) const {
  Snapshot snapshot(model);
  if (stats) {
    add_llamacpp(snapshot, *stats);
    add_vllm(snapshot, *stats, *info);
  }
  for (prometheus::MetricFamily& family : parts_->registry.Collect()) {
    const bool labelled = family.name.starts_with("vllm:");
    for (prometheus::ClientMetric& metric : family.metric) {
      if (labelled) metric.label.push_back({"model_name", model});
    }
    snapshot.families.push_back(std::move(family));
  }
  return prometheus::TextSerializer().Serialize(snapshot.families);
}

}  // namespace sirocco::api
