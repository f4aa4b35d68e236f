// SPDX-License-Identifier: Apache-2.0
#include "engine/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "sched/scheduler.h"

namespace sirocco {
namespace {

constexpr int64_t kSparePages = Scheduler::kSparePages;

std::string gibibytes(uint64_t bytes) {
  return fmt::format("{:.2f} GiB", static_cast<double>(bytes) / 1073741824.0);
}

}  // namespace

Result<MemoryPlan> plan_memory(const MemoryFacts& f) {
  const auto pages_of = [&](int64_t tokens) { return (tokens + f.page_tokens - 1) / f.page_tokens; };
  const int64_t longest = std::min(
      f.wanted_context_tokens > 0 ? f.wanted_context_tokens : f.model_context_tokens, f.model_context_tokens);
  if (f.wanted_context_tokens > f.model_context_tokens)
    return bad_input(fmt::format("context: {} tokens, expected at most the model's {}",
                                 f.wanted_context_tokens, f.model_context_tokens));
  // Half of what the weights and pictures leave, so that other programs live too. Weights that do not fit are
  // streamed through the page cache, and give way: a quarter of what nobody else takes still goes to sequences.
  const auto without = [](uint64_t bytes, uint64_t taken) { return taken < bytes ? bytes - taken : 0; };
  const uint64_t own = without(f.available_bytes, f.weights.promised_bytes);
  const uint64_t left = without(own, f.weights.mapped_bytes + f.picture_bytes);
  const uint64_t granted = f.wanted_cache_bytes > 0 ? static_cast<uint64_t>(f.wanted_cache_bytes)
                                                    : std::max(left / 2, own / 4);
  const auto page_bytes = static_cast<uint64_t>(std::max<int64_t>(f.page_bytes, 1));
  const int64_t fitting = static_cast<int64_t>(std::min<uint64_t>(granted / page_bytes, 1U << 30));
  // More than every sequence at full length is of no use.
  const int64_t useful = pages_of(longest) * std::max(f.sequences, 1) + kSparePages;
  MemoryPlan plan;
  plan.pages = std::min(fitting, useful);
  plan.context_tokens = std::min(longest, (plan.pages - kSparePages) * f.page_tokens);
  const int64_t least = std::max(f.wanted_context_tokens, std::min(longest, f.page_tokens));
  if (plan.context_tokens < least)
    return fail(ErrorKind::resource,
                fmt::format("context: {} tokens need {} of cache, {} are left for it", least,
                            gibibytes(page_bytes * static_cast<uint64_t>(pages_of(longest) + kSparePages)),
                            gibibytes(granted)));
  const std::string pictures = f.picture_bytes > 0 ? ", pictures " + gibibytes(f.picture_bytes) : "";
  const std::string experts =
      f.weights.shared_experts > 0
          ? fmt::format(", {} of {} experts in memory at a time", f.weights.expert_rooms, f.weights.shared_experts)
          : "";
  plan.reasoning =
      fmt::format("{} available, weights still take {}{}{}, cache {} = {} pages of {} tokens; "
                  "context {} of the model's {}",
                  gibibytes(f.available_bytes),
                  gibibytes(f.weights.promised_bytes + f.weights.mapped_bytes), experts, pictures,
                  gibibytes(page_bytes * static_cast<uint64_t>(plan.pages)), plan.pages, f.page_tokens,
                  plan.context_tokens, f.model_context_tokens);
  return plan;
}

}  // namespace sirocco
