// SPDX-License-Identifier: Apache-2.0
#include "synth_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "base/file.h"
#include "exit_codes.h"
#include "progress_line.h"
#include "refuse.h"
#include "stopwatch.h"
#include "synth/synthesize.h"

namespace sirocco {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  synth::SynthOptions options;
  std::string path;
  std::string tokenizer;
  int threads = 0;
  bool overwrite = false;
  bool layout_given = false;
  bool type_given = false;
};

std::string flag_of(const char* field) {
  std::string flag = fmt::format("--{}", field);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

Result<void> copy_tokenizer(const Arguments& arguments) {
  if (arguments.tokenizer.empty()) return {};
  constexpr size_t kLargestBytes = size_t{256} << 20;
  auto text = read_file(arguments.tokenizer, kLargestBytes);
  if (!text) return forward_error(text);
  const fs::path target(arguments.path);
  const fs::path directory = target.extension() == ".gguf" ? target.parent_path() : target;
  return write_file_atomically((directory / "tekken.json").string(), std::as_bytes(std::span(*text)));
}

Result<void> run(Arguments& arguments) {
  synth::SynthOptions& options = arguments.options;
  const fs::path path(arguments.path);
  if (!arguments.layout_given) options.layout = path.extension() == ".gguf" ? "gguf" : "native";
  if (!arguments.type_given) options.type = options.layout == "gguf" ? "q4_k" : "fp8";
  std::error_code error;
  const bool taken = fs::is_directory(path, error) ? !fs::is_empty(path, error) : fs::exists(path, error);
  if (taken && !arguments.overwrite) {
    return bad_input(fmt::format("{}: exists; --overwrite replaces it", arguments.path));
  }
  const auto start = Clock::now();
  auto written = [&] {
    ProgressLine line("writing");
    return synth::synthesize(options, arguments.path, arguments.threads,
                             [&](uint64_t done, uint64_t total) { line.show(done, total); });
  }();
  if (!written) return forward_error(written);
  auto copied = copy_tokenizer(arguments);
  if (!copied) return copied;
  const double seconds = seconds_since(start);
  fmt::print("{}\n", written->model_path);
  fmt::print(stderr, "{} file{}, {:.2f} GB in {:.1f} s ({:.2f} GB/s)\n", written->paths.size(),
             written->paths.size() == 1 ? "" : "s", static_cast<double>(written->bytes) * 1e-9, seconds,
             static_cast<double>(written->bytes) * 1e-9 / std::max(seconds, 1e-3));
  return {};
}

}  // namespace

void add_synth_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("synth", "write a checkpoint of random weights");
  command->add_option("OUT", arguments->path, "directory, or a file name ending in .gguf")->required();
  CLI::Option* layout = nullptr;
  CLI::Option* type = nullptr;
  for (const auto& field : synth::text_fields()) {
    CLI::Option* option =
        command->add_option(flag_of(field.name), arguments->options.*field.member, field.help)->capture_default_str();
    if (std::string_view(field.name) == "layout") layout = option;
    if (std::string_view(field.name) == "type") type = option;
  }
  layout->default_str("gguf for OUT.gguf, else native");
  type->default_str("q4_k for gguf, else fp8");
  for (const auto& field : synth::integer_fields()) {
    command->add_option(flag_of(field.name), arguments->options.*field.member, field.help)
        ->capture_default_str()
        ->take_last();
  }
  for (const auto& field : synth::number_fields()) {
    command->add_option(flag_of(field.name), arguments->options.*field.member, field.help)
        ->capture_default_str()
        ->take_last();
  }
  for (const auto& field : synth::switch_fields()) {
    command->add_flag(flag_of(field.name), arguments->options.*field.member, field.help);
  }
  command->add_option("--tokenizer", arguments->tokenizer, "a tekken.json to copy beside the weights");
  command->add_option("--threads", arguments->threads, "threads that make weights; 0: all")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
  command->footer(
      std::string("Sizes are at most 2^24, experts 8192; what does not fit together is refused by name.\n\n") +
      kExitCodesHelp);
  command->add_flag("--overwrite", arguments->overwrite, "replace what exists");
  command->callback([arguments, layout, type, &exit_code] {
    arguments->layout_given = layout->count() > 0;
    arguments->type_given = type->count() > 0;
    if (const auto done = run(*arguments); !done) exit_code = refuse(done.error());
  });
}

}  // namespace sirocco
