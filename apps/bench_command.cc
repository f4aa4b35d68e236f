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
#include "model/mmproj.h"
#include "model_flags.h"
#include "model_loading.h"
#include "refuse.h"
#include "run/model.h"
#include "run/roof.h"
#include "stopwatch.h"
#include "weights/checkpoint.h"

namespace sirocco {
namespace {

constexpr int64_t kMostTokens = int64_t{1} << 24;  // of a test and before it

struct Arguments {
  std::string model, plot, mmproj;
  std::string image;  // "WxH": measure a picture instead of text
  TextTests text;
  bool json = false, profile = false, roof_only = false;
  ModelOptions options;
};

Result<void> measure_picture(Model& model, const Arguments& arguments, const Roof& roof, Profile& profile) {
  const auto size = picture_size(arguments.image);
  if (!size) return tl::unexpected(size.error());
  auto image = bench_image(model, *size, arguments.text.repeat, profile);
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
      load_model(std::make_shared<Checkpoint>(std::move(*checkpoint)), arguments.options, mmproj->file);
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
  CLI::Option* model = add_model_argument(*command, a.model);
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
          ->expected(0, 1)
          ->check(CLI::Validator(
              [](const std::string& text) {
                const auto size = picture_size(text);
                return size ? std::string() : size.error().message;
              },
              ""));
  command->add_option("--repeat", a.text.repeat, "runs of each test; the median counts")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  add_mmproj_flag(*command, a.mmproj);
  add_compute_flags(*command, a.options);
  add_attention_scale_flag(*command, a.options.softmax_scale);
  command->add_flag("--profile", a.profile, "time, bytes and GB/s of each operator");
  command->add_flag("--roof", a.roof_only, "only measure the machine; needs no MODEL");
  add_json_flag(*command, a.json);
  command->add_option("--plot", a.plot, "write tokens a second over depth to this SVG file");
  command->callback([arguments, image, model, &exit_code] {
    if (image->count() > 0 && arguments->image.empty()) arguments->image = "1024x1024";
    if (arguments->model.empty() && !arguments->roof_only) throw CLI::RequiredError(model->get_name());
    if (const auto done = run(*arguments); !done) exit_code = refuse(done.error());
  });
}

}  // namespace sirocco
