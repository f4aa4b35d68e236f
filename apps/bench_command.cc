// SPDX-License-Identifier: Apache-2.0
#include "bench_command.h"

#include <fmt/format.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "bench_image.h"
#include "bench_plot.h"
#include "bench_report.h"
#include "bench_text.h"
#include "model_flags.h"
#include "refuse.h"
#include "run/model.h"
#include "run/roof.h"
#include "stopwatch.h"
#include "weights/checkpoint.h"
#include "weights/mmproj.h"

namespace sirocco {
namespace {

constexpr int64_t kMostTokens = int64_t{1} << 24;  // of a test and before it

struct Arguments {
  std::string model, plot, mmproj, cache_type;
  std::string image;  // "WxH": measure a picture instead of text
  TextTests text;
  bool json = false, profile = false, roof_only = false;
  ModelOptions options;
};

Result<void> measure_picture(Model& model, const Arguments& arguments, const Roof& roof, Profile& profile) {
  auto image = bench_image(model, arguments.image, arguments.text.repeat, profile);
  if (!image) return forward_error(image);
  if (arguments.json)
    fmt::print("{}\n", to_json(roof, *image).dump(2));
  else
    print_result(roof, *image);
  return {};
}

Result<void> measure_text(Model& model, const Arguments& arguments, const Roof& roof, Profile& profile) {
  TextTests tests = arguments.text;
  tests.max_batch_tokens = arguments.options.max_batch_tokens;
  if (tests.sequences > tests.max_batch_tokens)
    return bad_input(fmt::format("--sequences {}: more than the {} tokens of a step (--batch)", tests.sequences,
                                 tests.max_batch_tokens));
  BenchText bench(model, profile, tests);
  if (auto reserved = bench.reserve(); !reserved) return reserved;
  std::vector<TextMeasurement> results;
  const auto keep = [&](TextMeasurement result) {
    if (!arguments.json) print_result(roof, result);
    results.push_back(std::move(result));
  };
  for (const int64_t depth : tests.depths) {
    if (tests.prompt > 0) keep(bench.prompt(depth));
    if (tests.generate > 0) keep(bench.generate(depth));
  }
  if (arguments.json) fmt::print("{}\n", to_json(roof, results).dump(2));
  if (arguments.plot.empty()) return {};
  std::vector<PlotPoint> points;
  for (const TextMeasurement& r : results)
    points.push_back({r.test, static_cast<double>(r.depth), r.tokens_per_second});
  std::ofstream file(arguments.plot);
  file << plot_svg(points);
  if (!file) return bad_input(fmt::format("{}: cannot write the plot", arguments.plot));
  return {};
}

Result<void> run(Arguments arguments) {
  auto roof = measure_roof(arguments.options.threads, arguments.options.isa);
  if (!roof) return forward_error(roof);
  if (!arguments.json) print_roof(*roof);
  if (arguments.roof_only) {
    if (arguments.json) fmt::print("{}\n", to_json(*roof, std::vector<TextMeasurement>()).dump(2));
    return {};
  }
  auto checkpoint = Checkpoint::open(arguments.model);
  if (!checkpoint) return forward_error(checkpoint);
  auto mmproj = open_mmproj(*checkpoint, arguments.mmproj);
  if (!mmproj) return forward_error(mmproj);
  Profile profile;
  if (arguments.profile) arguments.options.profile = &profile;
  const auto begin = Clock::now();
  auto model =
      Model::load(std::make_shared<Checkpoint>(std::move(*checkpoint)), arguments.options, std::move(*mmproj));
  if (!model) return forward_error(model);
  if (!arguments.json) fmt::print("loaded in {:.1f} s\n", seconds_since(begin));
  if (!arguments.image.empty()) return measure_picture(**model, arguments, *roof, profile);
  return measure_text(**model, arguments, *roof, profile);
}

}  // namespace

void add_bench_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* command = app.add_subcommand("bench", "measure a model's speed beside this machine's limits");
  command->add_option("MODEL", a.model, "checkpoint: directory or GGUF file");
  command->add_option("--prompt", a.text.prompt, "tokens of the prompt test; 0: skip it")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{0}, kMostTokens));
  command->add_option("--generate", a.text.generate, "tokens of the decoding test; 0: skip it")
      ->capture_default_str()
      ->check(CLI::Range(int64_t{0}, kMostTokens));
  command->add_option("--depth", a.text.depths, "tokens already in the cache (random rows), comma-separated")
      ->delimiter(',')
      ->capture_default_str()
      ->check(CLI::Range(int64_t{0}, kMostTokens));
  command->add_option("--sequences", a.text.sequences, "sequences that decode together")
      ->capture_default_str()
      ->check(CLI::Range(1, 4096));
  CLI::Option* image =
      command->add_option("--image", a.image, "measure a picture of WxH pixels (1024x1024) instead of text")
          ->expected(0, 1);
  command->add_option("--mmproj", a.mmproj, "GGUF vision part; default: beside the model");
  command->add_option("--repeat", a.text.repeat, "runs of each test; the median counts")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--threads", a.options.threads, "threads; 0: one a physical core")->check(CLI::Range(0, 4096));
  command->add_flag("--pin", a.options.pin, "keep each but the caller's on a core of its own");
  command->add_option("--isa", a.options.isa, "instruction set; empty: the best that is here");
  command->add_option("--batch", a.options.max_batch_tokens, "most tokens of one step")
      ->capture_default_str()
      ->check(CLI::Range(1, 65536));
  command->add_option("--cache-type", a.cache_type, "numbers in the cache: bf16, f32 or q8")
      ->check(CLI::IsMember({"bf16", "f32", "q8"}));
  command->add_flag("--exact", a.options.exact, "float32 throughout");
  command->add_flag("--profile", a.profile, "time, bytes and GB/s of each operator");
  command->add_flag("--roof", a.roof_only, "only measure the machine");
  command->add_flag("--json", a.json, "print JSON");
  command->add_option("--plot", a.plot, "write tokens a second over depth to this SVG file");
  command->callback([arguments, image, &exit_code] {
    if (image->count() > 0 && arguments->image.empty()) arguments->image = "1024x1024";
    if (arguments->model.empty() && !arguments->roof_only) throw CLI::RequiredError("model");
    arguments->options.cache_type = cache_type_named(arguments->cache_type);
    if (const auto done = run(*arguments); !done) exit_code = refuse(done.error());
  });
}

}  // namespace sirocco
