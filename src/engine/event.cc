// SPDX-License-Identifier: Apache-2.0
#include "sirocco/event.h"

namespace sirocco {
namespace {

Speed speed_of(int64_t tokens, double ms) {
  if (tokens <= 0 || ms <= 0.0) return {};
  return {1e3 * static_cast<double>(tokens) / ms, ms / static_cast<double>(tokens)};
}

}  // namespace

Speed prompt_speed(const Timings& timings) {
  return speed_of(timings.prompt_tokens, timings.prompt_ms);
}

Speed predicted_speed(const Timings& timings) {
  return speed_of(timings.predicted_tokens - 1, timings.predicted_ms);
}

const char* finish_reason_name(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::tool_calls:
      return "tool_calls";
    case FinishReason::timeout:
      return "timeout";
    case FinishReason::cancelled:
      return "cancelled";
    case FinishReason::error:
      return "error";
  }
  return "error";
}

}  // namespace sirocco
