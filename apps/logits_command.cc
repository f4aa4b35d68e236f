// SPDX-License-Identifier: Apache-2.0
#include "logits_command.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "exit_codes.h"
#include "model/mmproj.h"
#include "model_flags.h"
#include "model_loading.h"
#include "npy_file.h"
#include "refuse.h"
#include "token_run.h"

namespace sirocco {
namespace {

struct LogitsOptions {
  std::string model, mmproj, tokens, out;
  std::vector<std::string> pictures;
  int64_t position = 0;
  ModelOptions options;
};

Result<int64_t> write_logits(LogitsOptions& o) {
  auto opened = Checkpoint::open(o.model);
  if (!opened) return forward_error(opened);
  auto mmproj = open_mmproj(*opened, o.mmproj);
  if (!mmproj) return forward_error(mmproj);
  o.options.pack_when_used = true;
  auto model =
      load_model(std::make_shared<const Checkpoint>(std::move(*opened)), o.options, mmproj->file);
  if (!model) return forward_error(model);
  const Config& config = (*model)->config();
  auto ids = read_token_file(o.tokens, config.vocabulary);
  if (!ids) return forward_error(ids);
  const auto count = static_cast<int64_t>(ids->size());
  if (o.position > config.max_position_embeddings - count)
    return bad_input(fmt::format("{}: {} tokens from position {} on, expected to end by {}", o.tokens, count,
                                 o.position, config.max_position_embeddings));
  std::vector<float> seen;
  if (!o.pictures.empty()) {
    auto rows = see_pictures(**model, o.pictures, *ids);
    if (!rows) return forward_error(rows);
    seen = *std::move(rows);
  }
  auto file = NpyWriter::create(o.out, count, config.vocabulary);
  if (!file) return forward_error(file);
  auto ran = run_tokens(**model, *ids, o.position, o.options.max_batch_tokens,
                        [&](std::span<const float> row) { return file->append(row); }, seen);
  if (!ran) return forward_error(ran);
  if (auto ok = file->finish(); !ok) return forward_error(ok);
  return count;
}

}  // namespace

void add_logits_command(CLI::App& app, int& exit_code) {
  auto o = std::make_shared<LogitsOptions>();
  CLI::App* command = app.add_subcommand("logits", "write the logits of given tokens to a .npy file");
  add_model_argument(*command, o->model)->required();
  command->add_option("--tokens", o->tokens, "JSON file with a list of token ids, by itself or as ids or tokens")
      ->required();
  command->add_option("--out", o->out, "float32 [tokens, vocabulary] in NumPy's format")->required();
  command
      ->add_option("--image", o->pictures,
                   "a picture for the image tokens among them, in order; may be given more than once")
      ->allow_extra_args(false);
  command->add_option("--position", o->position, "position of the first token")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 30));
  add_mmproj_flag(*command, o->mmproj);
  add_compute_flags(*command, o->options);
  add_attention_scale_flag(*command, o->options.softmax_scale);
  command->footer(kExitCodesHelp);
  command->callback([o, &exit_code] {
    const auto written = write_logits(*o);
    if (!written) {
      exit_code = refuse(written.error());
      return;
    }
    fmt::print(stderr, "{} rows written to {}\n", *written, o->out);
  });
}

}  // namespace sirocco
