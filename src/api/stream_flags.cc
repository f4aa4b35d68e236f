// SPDX-License-Identifier: Apache-2.0
// How a client wants its answer: declared in parts.h, apart from what needs an engine.
#include <algorithm>

#include "api/parts.h"

namespace sirocco::api {

StreamFlags read_stream_flags(Fields& fields) {
  StreamFlags flags;
  flags.stream = fields.flag("stream");
  if (const Json* options = fields.object("stream_options")) {
    Fields inner(*options, "stream_options.");
    flags.include_usage = inner.flag("include_usage");
    flags.continuous_usage = inner.flag("continuous_usage_stats");
  }
  flags.timings_per_token = fields.flag("timings_per_token");
  flags.return_progress = fields.flag("return_progress");
  flags.return_token_ids = fields.flag("return_token_ids") || fields.flag("return_tokens");
  flags.tokens_as_ids = fields.flag("return_tokens_as_token_ids");
  if (const auto seconds = fields.integer("sse_ping_interval", -1, 3600)) {
    flags.ping_interval = std::chrono::seconds(std::max<int64_t>(*seconds, 0));
  }
  flags.slot = static_cast<int>(fields.integer("id_slot", -1, 1 << 20).value_or(-1));
  return flags;
}

GenerationPlan plan_of(std::optional<Constraint> constraint, const StreamFlags& flags) {
  return {.constraint = std::move(constraint),
          .stream = flags.stream,
          .wanted_slot = flags.slot,
          .ping_interval = flags.ping_interval};
}

}  // namespace sirocco::api
