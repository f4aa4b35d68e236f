// SPDX-License-Identifier: Apache-2.0
#include "perplexity_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "base/mapped_file.h"
#include "engine/open_tokenizer.h"
#include "exit_codes.h"
#include "measure/divergence.h"
#include "measure/log_softmax.h"
#include "measure/logits_file.h"
#include "measure/text_windows.h"
#include "model_flags.h"
#include "model_loading.h"
#include "refuse.h"
#include "run/model.h"

namespace sirocco {
namespace {

constexpr size_t kMostTextBytes = size_t{1} << 28;
constexpr int64_t kDefaultContext = 512;

struct Arguments {
  std::string model, text, kl_base, save_logits;
  int64_t context = 0, stride = 0;  // 0: the base's, else the defaults
  bool json = false;
  ModelOptions options;
};

struct Base {  // a run that this one is compared with
  MappedFile file;
  LogitsFileView view;
};

struct Outcome {
  TextWindows windows;
  RunningMean loss;  // -log p of each token, nats
  std::optional<Divergence> divergence;
};

Result<std::vector<int32_t>> read_text(const Checkpoint& checkpoint, const std::string& path,
                                       int64_t vocabulary, TextWindows& windows) {
  auto tokenizer = open_tokenizer(checkpoint, "");
  if (!tokenizer) return forward_error(tokenizer);
  auto text = read_file(path, kMostTextBytes);
  if (!text) return forward_error(text);
  windows.bos = tokenizer->bos_id();
  std::vector<int32_t> ids = tokenizer->encode(*text);
  if (ids.empty()) return bad_input(path + ": no tokens, expected some text");
  const int32_t largest = std::max(windows.bos, *std::max_element(ids.begin(), ids.end()));
  if (windows.bos < 0 || largest >= vocabulary)
    return bad_input(
        fmt::format("{}: token {}: expected an id of 0 to {} (does the tokenizer belong to the model?)", path,
                    largest, vocabulary - 1));
  return ids;
}

Result<Base> open_base(const Arguments& a, std::span<const int32_t> ids, int64_t vocabulary) {
  auto file = MappedFile::open(a.kl_base);
  if (!file) return forward_error(file);
  Base base{.file = std::move(*file), .view = {}};
  auto view = parse_logits_file(base.file.bytes(), a.kl_base);
  if (!view) return forward_error(view);
  base.view = std::move(*view);
  const LogitsHeader& header = base.view.header;
  if (header.vocabulary != static_cast<uint64_t>(vocabulary))
    return bad_input(fmt::format("{}: a vocabulary of {}, expected the model's {}", a.kl_base,
                                 header.vocabulary, vocabulary));
  if (!std::equal(ids.begin(), ids.end(), base.view.ids.begin(), base.view.ids.end()))
    return bad_input(fmt::format("{}: {} tokens of another text, expected the {} tokens of {}", a.kl_base,
                                 base.view.ids.size(), ids.size(), a.text));
  const auto differs = [](int64_t wanted, uint32_t there) { return wanted != 0 && wanted != int64_t{there}; };
  if (differs(a.context, header.context) || differs(a.stride, header.stride))
    return bad_input(fmt::format("{}: made with --context {} --stride {}, expected the same as in this run",
                                 a.kl_base, header.context, header.stride));
  return base;
}

// Context and stride from the flags, the base or the defaults, and that they make sense.
Result<void> choose_windows(const Arguments& a, const Base* base, const Config& config,
                            TextWindows& windows) {
  windows.chunk_tokens = a.options.max_batch_tokens;
  windows.context = a.context;
  windows.stride = a.stride;
  if (base != nullptr) {
    windows.context = base->view.header.context;
    windows.stride = base->view.header.stride;
    if (static_cast<int64_t>(base->view.header.bos) != windows.bos)
      return bad_input(fmt::format("{}: windows begin with token {}, expected {}", a.kl_base,
                                   base->view.header.bos, windows.bos));
  }
  if (windows.context == 0) windows.context = std::min(kDefaultContext, config.max_position_embeddings);
  if (windows.stride == 0) windows.stride = std::max<int64_t>(1, windows.context / 2);
  if (windows.context > config.max_position_embeddings)
    return bad_input(fmt::format("--context {}: expected at most the model's {}", windows.context,
                                 config.max_position_embeddings));
  if (windows.stride >= windows.context)
    return bad_input(
        fmt::format("--stride {}: expected less than the context of {}", windows.stride, windows.context));
  return {};
}

Result<Outcome> judge(Arguments& a) {
  auto opened = Checkpoint::open(a.model);
  if (!opened) return forward_error(opened);
  auto checkpoint = std::make_shared<const Checkpoint>(std::move(*opened));
  auto model = load_model(checkpoint, a.options);
  if (!model) return forward_error(model);
  const Config& config = (*model)->config();
  Outcome outcome;
  auto ids = read_text(*checkpoint, a.text, config.vocabulary, outcome.windows);
  if (!ids) return forward_error(ids);
  std::optional<Base> base;
  if (!a.kl_base.empty()) {
    auto got = open_base(a, *ids, config.vocabulary);
    if (!got) return forward_error(got);
    base = std::move(*got);
    outcome.divergence.emplace();
  }
  if (auto ok = choose_windows(a, base ? &*base : nullptr, config, outcome.windows); !ok)
    return forward_error(ok);
  std::optional<LogitsFileWriter> saved;
  if (!a.save_logits.empty()) {
    const LogitsHeader header{
        static_cast<uint32_t>(config.vocabulary), static_cast<uint32_t>(outcome.windows.context),
        static_cast<uint32_t>(outcome.windows.stride), static_cast<uint32_t>(outcome.windows.bos)};
    auto writer = LogitsFileWriter::create(a.save_logits, header, *ids);
    if (!writer) return forward_error(writer);
    saved.emplace(std::move(*writer));
  }
  std::vector<double> run_row, base_row;
  std::vector<float> base_logits(static_cast<size_t>(config.vocabulary));
  const auto use = [&](int64_t i, std::span<const float> logits) -> Result<void> {
    if (!log_softmax(logits, run_row))
      return bad_input(fmt::format("{}: token {}: a logit is not finite", a.model, i));
    const auto row = static_cast<size_t>(i);
    outcome.loss.add(-run_row[static_cast<size_t>((*ids)[row])]);
    if (saved)
      if (auto ok = saved->append(logits); !ok) return ok;
    if (!base) return {};
    if (auto ok = read_logits_row(base->view, row, a.kl_base, base_logits); !ok) return ok;
    log_softmax(base_logits, base_row);
    outcome.divergence->add(base_row, run_row, (*ids)[row]);
    return {};
  };
  if (auto ok = judge_text(**model, *ids, outcome.windows, use); !ok) return forward_error(ok);
  if (saved)
    if (auto ok = saved->publish(); !ok) return forward_error(ok);
  return outcome;
}

constexpr double kPercentiles[] = {50, 90, 95, 99, 99.9, 100};

Json to_json(const Outcome& o) {
  const double perplexity = std::exp(o.loss.mean());
  Json json{{"tokens", o.loss.count()},
            {"context", o.windows.context},
            {"stride", o.windows.stride},
            {"perplexity", perplexity},
            {"perplexity_error", perplexity * o.loss.standard_error()},
            {"nats_per_token", o.loss.mean()},
            {"nats_per_token_error", o.loss.standard_error()}};
  if (!o.divergence) return json;
  const Divergence& d = *o.divergence;
  json["base_perplexity"] = std::exp(d.base_loss().mean());
  json["log_perplexity_ratio"] = d.log_ratio().mean();
  json["log_perplexity_ratio_error"] = d.log_ratio().standard_error();
  json["kl_mean"] = d.kl().mean();
  json["kl_mean_error"] = d.kl().standard_error();
  for (const double p : kPercentiles) json["kl_percentiles"][fmt::format("{}", p)] = d.kl_percentile(p);
  json["same_top"] = d.same_top().mean();
  json["same_top_error"] = d.same_top().standard_error();
  json["probability_rms"] = d.probability_rms();
  return json;
}

void print(const Outcome& o) {
  const double perplexity = std::exp(o.loss.mean());
  fmt::print("tokens      {} in windows of {}, {} apart\n", o.loss.count(), o.windows.context,
             o.windows.stride);
  fmt::print("perplexity  {:.4f} ± {:.4f}\n", perplexity, perplexity * o.loss.standard_error());
  if (!o.divergence) return;
  const Divergence& d = *o.divergence;
  fmt::print("of the base {:.4f}; log of the ratio {:+.6f} ± {:.6f}\n", std::exp(d.base_loss().mean()),
             d.log_ratio().mean(), d.log_ratio().standard_error());
  fmt::print("KL          {:.3e} ± {:.1e} nats a token\n", d.kl().mean(), d.kl().standard_error());
  for (const double p : kPercentiles) fmt::print("  {:>5} %   {:.3e}\n", p, d.kl_percentile(p));
  fmt::print("same top    {:.2f} ± {:.2f} %\n", 100.0 * d.same_top().mean(),
             100.0 * d.same_top().standard_error());
  fmt::print("RMS of the probability's difference {:.3f} %\n", 100.0 * d.probability_rms());
}

void add_options(CLI::App& command, Arguments& a) {
  add_model_argument(command, a.model)->required();
  command.add_option("--text", a.text, "UTF-8 text to predict; each of its tokens is judged once")
      ->required();
  command
      .add_option("--context", a.context,
                  "tokens of a window, BOS included, at most the model's longest; default: 512, or the base's")
      ->check(CLI::Range(int64_t{2}, int64_t{1} << 30));
  command
      .add_option("--stride", a.stride,
                  "tokens from window to window, less than the context: each is judged behind at least context - 1 - "
                  "stride others; default: half the context, or the base's")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 30));
  command.add_option("--kl-base", a.kl_base, "logits of another run to measure the distance from");
  command.add_option("--save-logits", a.save_logits, "write this run's logits, for another's --kl-base");
  add_json_flag(command, a.json);
  add_compute_flags(command, a.options);
  add_attention_scale_flag(command, a.options.softmax_scale);
}

}  // namespace

void add_perplexity_command(CLI::App& app, int& exit_code) {
  auto a = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("perplexity", "judge a text: perplexity, and divergence from another run");
  add_options(*command, *a);
  command->footer(std::string("Error bars are standard errors with tokens taken for independent.\n") +
                  kExitCodesHelp);
  command->callback([a, &exit_code] {
    const auto outcome = judge(*a);
    if (!outcome) {
      exit_code = refuse(outcome.error());
      return;
    }
    if (a->json)
      fmt::print("{}\n", to_json(*outcome).dump(2));
    else
      print(*outcome);
  });
}

}  // namespace sirocco
