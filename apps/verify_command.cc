// SPDX-License-Identifier: Apache-2.0
// The vectors are those of transformers' own tests for the FP8 checkpoint of Mistral Small 4 119B: the mean
// of the logits at eight positions, and twenty greedy tokens. Engines dispute whether the softmax scale
// carries YaRN's mscale²; with the real weights at hand this command shows which reading meets them.
#include "verify_command.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include "exit_codes.h"
#include "model/bind.h"
#include "model_flags.h"
#include "model_loading.h"
#include "refuse.h"
#include "token_run.h"

namespace sirocco {
namespace {

constexpr std::array<int32_t, 8> kIds = {1, 306, 4658, 278, 6593, 310, 2834, 338};
constexpr std::array<double, 8> kMeans = {0.1793,  -1.0928, -3.9925, -2.8699,
                                          -0.1250, -1.6851, -2.5565, -1.2263};
constexpr double kTolerance = 1e-2;
constexpr std::array<int32_t, 6> kPrompt = {6720, 52062, 3328,
                                            2858, 1395,  1032};  // "My favourite condiment is "
constexpr std::array<int32_t, 20> kGreedy = {1049, 1048,  1048, 1048, 17453, 57512, 1046, 1362, 7107, 1494,
                                             1408, 48102, 1428, 1321, 8480,  25007, 1046, 1362, 2095, 2479};

struct Verdict {
  double worst = 0.0;          // largest difference of a mean
  size_t greedy_matching = 0;  // leading tokens that agree
};

double mean_of(std::span<const float> row) {
  double sum = 0.0;
  for (const float x : row) sum += static_cast<double>(x);
  return sum / static_cast<double>(row.size());
}

int32_t largest(std::span<const float> row) {
  size_t best = 0;
  for (size_t t = 1; t < row.size(); ++t)
    if (row[t] > row[best]) best = t;
  return static_cast<int32_t>(best);
}

Result<Verdict> try_scale(const std::shared_ptr<const Checkpoint>& checkpoint, ModelOptions options) {
  auto model = load_model(checkpoint, options);
  if (!model) return forward_error(model);
  Verdict verdict;
  size_t position = 0;
  auto ok =
      run_tokens(**model, kIds, 0, options.max_batch_tokens, [&](std::span<const float> row) -> Result<void> {
        const double mean = mean_of(row);
        const double difference = std::abs(mean - kMeans[position]);
        fmt::print("  position {}: mean {:9.4f}, published {:9.4f}, difference {:.4f}{}\n", position, mean,
                   kMeans[position], difference, difference <= kTolerance ? "" : "  <-- beyond 0.01");
        verdict.worst = std::max(verdict.worst, difference);
        ++position;
        return {};
      });
  if (!ok) return forward_error(ok);
  // The published continuation is fed back, so one pass tells where greedy choice first leaves it.
  std::vector<int32_t> ids(kPrompt.begin(), kPrompt.end());
  ids.insert(ids.end(), kGreedy.begin(), kGreedy.end() - 1);
  size_t row_number = 0;
  bool agrees = true;
  ok = run_tokens(**model, ids, 0, options.max_batch_tokens, [&](std::span<const float> row) -> Result<void> {
    const size_t row_index = row_number++;
    if (row_index + 1 < kPrompt.size()) return {};
    agrees = agrees && largest(row) == kGreedy[row_index + 1 - kPrompt.size()];
    verdict.greedy_matching += agrees ? 1 : 0;
    return {};
  });
  if (!ok) return forward_error(ok);
  fmt::print("  greedy continuation: {} of {} tokens as published\n", verdict.greedy_matching,
             kGreedy.size());
  return verdict;
}

bool meets(const Verdict& verdict) {
  return verdict.worst <= kTolerance && verdict.greedy_matching == kGreedy.size();
}

Result<bool> verify(const std::string& path, ModelOptions options) {
  auto opened = Checkpoint::open(path);
  if (!opened) return forward_error(opened);
  auto checkpoint = std::make_shared<const Checkpoint>(std::move(*opened));
  auto config = read_config(*checkpoint);
  if (!config) return forward_error(config);
  if (config->vocabulary != 131072 || config->layers != 36 || config->hidden != 4096)
    return fail(
        ErrorKind::unsupported,
        fmt::format(
            "{}: {} layers of width {} and {} tokens; the published vectors are for Mistral Small 4 119B "
            "(36 layers of width 4096, 131072 tokens)",
            path, config->layers, config->hidden, config->vocabulary));
  fmt::print("softmax scale plain:\n");
  options.softmax_scale = SoftmaxScale::plain;
  const auto plain = try_scale(checkpoint, options);
  if (!plain) return tl::unexpected<Error>(plain.error());
  fmt::print("softmax scale mscale:\n");
  options.softmax_scale = SoftmaxScale::mscale;
  const auto mscale = try_scale(checkpoint, options);
  if (!mscale) return tl::unexpected<Error>(mscale.error());
  if (meets(*plain) == meets(*mscale)) {
    fmt::print("{} (largest difference: plain {:.4f}, mscale {:.4f})\n",
               meets(*plain) ? "Both readings meet the vectors: they do not decide."
                             : "Neither reading meets the vectors.",
               plain->worst, mscale->worst);
    return meets(*plain);
  }
  fmt::print("The vectors support the {} reading.\n", meets(*plain) ? "plain" : "mscale");
  return true;
}

}  // namespace

void add_verify_command(CLI::App& app, int& exit_code) {
  struct Options {
    std::string model;
    ModelOptions options;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("verify", "compare the 119B weights with published reference vectors");
  add_model_argument(*command, o->model)->required();
  add_compute_flags(*command, o->options);
  command->footer(kExitCodesHelp);
  command->callback([o, &exit_code] {
    const auto met = verify(o->model, o->options);
    if (!met)
      exit_code = refuse(met.error());
    else if (!*met)
      exit_code = refuse({ErrorKind::bad_input, o->model + ": its logits are not the published ones"});
  });
}

}  // namespace sirocco
