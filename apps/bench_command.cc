// SPDX-License-Identifier: Apache-2.0
#include "bench_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "base/json.h"
#include "bench_image.h"
#include "bench_plot.h"
#include "model_flags.h"
#include "run/model.h"
#include "run/roof.h"
#include "weights/checkpoint.h"
#include "weights/mmproj.h"

namespace sirocco {
namespace {

using Clock = std::chrono::steady_clock;

struct Arguments {
  std::string model, plot, mmproj, cache_type;
  std::string image;  // "WxH": measure a picture instead of text
  int64_t prompt = 512, generate = 64;
  std::vector<int64_t> depths{0};
  int repeat = 5;
  int64_t sequences = 1;
  bool json = false, profile = false, roof_only = false;
  ModelOptions options;
};

struct Measurement {  // of one test at one depth
  std::string test;
  int64_t depth = 0;
  double tokens_per_second = 0.0, slowest = 0.0, fastest = 0.0;  // median and range over the repeats
  double bytes_per_token = 0.0, operations_per_token = 0.0;      // as the operators declare them
  std::vector<OperatorCost> operators;                           // of all repeats

  double gb_per_second() const { return tokens_per_second * bytes_per_token / 1e9; }
  double gop_per_second() const { return tokens_per_second * operations_per_token / 1e9; }
  // Time at the roof over time taken; the roof is the slower of memory and int8 units.
  double share(const Roof& roof) const {
    const double memory = gb_per_second() / roof.read_gbs;
    const double compute = roof.int8_tops > 0.0 ? gop_per_second() / (1e3 * roof.int8_tops) : 0.0;
    return std::max(memory, compute);
  }
};

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// A model with a cache whose rows count as already computed: their content does not change the work.
class Bench {
 public:
  Bench(Model& model, Profile& profile, const Arguments& arguments)
      : model_(model), profile_(profile), arguments_(arguments), tokens_(1 << 16) {
    std::mt19937 random(1);
    for (auto& token : tokens_)
      token = static_cast<int32_t>(random() % static_cast<uint32_t>(model.config().vocabulary));
  }

  Result<void> reserve();
  Measurement prompt(int64_t depth);
  Measurement generate(int64_t depth);

 private:
  int64_t sequence_pages() const {
    const int64_t most = *std::max_element(arguments_.depths.begin(), arguments_.depths.end());
    return (most + std::max(arguments_.prompt, arguments_.generate)) / Model::kPageTokens + 1;
  }
  // One step: `rows` new tokens of each of the first `sequences` sequences behind `cached` tokens.
  StepCost step(int64_t sequences, int64_t rows, int64_t cached, bool logits);
  template <class F>
  Measurement measure(std::string test, int64_t depth, int64_t tokens, F pass);

  Model& model_;
  Profile& profile_;
  const Arguments& arguments_;
  std::vector<int32_t> tokens_;
  std::vector<std::vector<int32_t>> pages_;  // [sequences]
};

Result<void> Bench::reserve() {
  const int64_t pages = sequence_pages() * arguments_.sequences;
  if (auto reserved = model_.reserve_cache(pages); !reserved) return reserved;
  std::mt19937 random(2);
  for (int64_t page = 0; page < pages; ++page) {  // values in (0.5, 2) with signs, in bf16 and in float32
    const auto bytes = model_.page(page);
    auto* values = reinterpret_cast<uint16_t*>(bytes.data());
    for (size_t i = 0; i < bytes.size() / 2; ++i)
      values[i] = static_cast<uint16_t>(0x3f00 | (random() & 0x80ff));
  }
  int32_t next = 0;
  pages_.assign(static_cast<size_t>(arguments_.sequences), {});
  for (auto& table : pages_)
    for (int64_t i = 0; i < sequence_pages(); ++i) table.push_back(next++);
  return {};
}

StepCost Bench::step(int64_t sequences, int64_t rows, int64_t cached, bool logits) {
  std::vector<int32_t> positions, wanted;
  std::vector<SequenceSpan> spans;
  for (int64_t s = 0; s < sequences; ++s) {
    spans.push_back({.first_row = static_cast<int32_t>(s * rows),
                     .rows = static_cast<int32_t>(rows),
                     .cached_tokens = static_cast<int32_t>(cached),
                     .page_table = pages_[static_cast<size_t>(s)]});
    for (int64_t i = 0; i < rows; ++i) positions.push_back(static_cast<int32_t>(cached + i));
    if (logits) wanted.push_back(static_cast<int32_t>((s + 1) * rows - 1));
  }
  Batch batch;
  const auto offset = static_cast<size_t>(cached % (int64_t{1} << 15));
  batch.tokens = std::span(tokens_).subspan(offset, static_cast<size_t>(sequences * rows));
  batch.positions = positions;
  batch.sequences = spans;
  batch.logit_rows = wanted;
  return model_.forward(batch).cost;
}

template <class F>
Measurement Bench::measure(std::string test, int64_t depth, int64_t tokens, F pass) {
  Measurement result;
  result.test = std::move(test);
  result.depth = depth;
  pass();  // once to warm up
  profile_.clear();
  std::vector<double> rates;
  StepCost cost;
  for (int i = 0; i < arguments_.repeat; ++i) {
    const auto begin = Clock::now();
    cost = pass();
    rates.push_back(static_cast<double>(tokens) / seconds_since(begin));
  }
  std::sort(rates.begin(), rates.end());
  result.tokens_per_second = rates[rates.size() / 2];
  result.slowest = rates.front();
  result.fastest = rates.back();
  result.bytes_per_token =
      static_cast<double>(cost.weight_bytes + cost.cache_bytes) / static_cast<double>(tokens);
  result.operations_per_token = static_cast<double>(cost.operations) / static_cast<double>(tokens);
  result.operators = profile_.operators();
  return result;
}

void add(StepCost& sum, const StepCost& step) {
  sum.weight_bytes += step.weight_bytes;
  sum.cache_bytes += step.cache_bytes;
  sum.operations += step.operations;
}

Measurement Bench::prompt(int64_t depth) {
  return measure(fmt::format("pp{}", arguments_.prompt), depth, arguments_.prompt, [&] {
    StepCost cost;
    for (int64_t done = 0; done < arguments_.prompt;) {
      const int64_t rows = std::min(arguments_.options.max_batch_tokens, arguments_.prompt - done);
      add(cost, step(1, rows, depth + done, done + rows == arguments_.prompt));
      done += rows;
    }
    return cost;
  });
}

Measurement Bench::generate(int64_t depth) {
  const int64_t S = arguments_.sequences;
  const std::string name =
      S == 1 ? fmt::format("tg{}", arguments_.generate) : fmt::format("tg{}x{}", arguments_.generate, S);
  return measure(name, depth, arguments_.generate * S, [&] {
    StepCost cost;
    for (int64_t i = 0; i < arguments_.generate; ++i) add(cost, step(S, 1, depth + i, true));
    return cost;
  });
}

Json operators_json(const std::vector<OperatorCost>& operators) {
  Json list = Json::array();
  for (const OperatorCost& cost : operators)
    list.push_back({{"name", cost.name},
                    {"seconds", cost.seconds},
                    {"weight_bytes", cost.weight_bytes},
                    {"calls", cost.calls}});
  return list;
}

Json roof_json(const Roof& roof) {
  return {{"read_gbs", roof.read_gbs},
          {"int8_tops", roof.int8_tops},
          {"int16_tops", roof.int16_tops},
          {"bf16_tflops", roof.bf16_tflops}};
}

Json to_json(const Roof& roof, const ImageMeasurement& r) {
  return {{"roof", roof_json(roof)},
          {"image",
           {{"width", r.width},
            {"height", r.height},
            {"tokens", r.rows},
            {"seconds", r.seconds},
            {"fastest", r.fastest},
            {"slowest", r.slowest},
            {"longest_step_seconds", r.longest_step},
            {"operations", r.operations},
            {"gop_per_second", r.gop_per_second()},
            {"share_of_peak", r.share(roof)},
            {"operators", operators_json(r.operators)}}}};
}

Json to_json(const Roof& roof, const std::vector<Measurement>& results) {
  Json list = Json::array();
  for (const Measurement& r : results) {
    Json entry{{"test", r.test},
               {"depth", r.depth},
               {"tokens_per_second", r.tokens_per_second},
               {"slowest", r.slowest},
               {"fastest", r.fastest},
               {"gb_per_second", r.gb_per_second()},
               {"gop_per_second", r.gop_per_second()},
               {"bytes_per_token", r.bytes_per_token},
               {"operations_per_token", r.operations_per_token},
               {"share_of_roof", r.share(roof)}};
    if (!r.operators.empty()) entry["operators"] = operators_json(r.operators);
    list.push_back(std::move(entry));
  }
  return {{"roof", roof_json(roof)}, {"results", std::move(list)}};
}

void print_roof(const Roof& roof) {
  fmt::print("roof: read {:.1f} GB/s, int8 {:.3f} TOP/s, int16 {:.3f} TOP/s, bf16 {:.3f} TFLOP/s\n",
             roof.read_gbs, roof.int8_tops, roof.int16_tops, roof.bf16_tflops);
}

void print_result(const Roof& roof, const Measurement& r) {
  fmt::print(
      "{:<8} depth {:>6}  {:>8.2f} tok/s ({:.2f}-{:.2f})  {:>6.1f} GB/s  {:>7.1f} GOP/s  {:>3.0f} % of "
      "roof\n",
      r.test, r.depth, r.tokens_per_second, r.slowest, r.fastest, r.gb_per_second(), r.gop_per_second(),
      100.0 * r.share(roof));
  double total = 0.0;
  for (const OperatorCost& cost : r.operators) total += cost.seconds;
  for (const OperatorCost& cost : r.operators) {
    const double rate = static_cast<double>(cost.weight_bytes) / cost.seconds / 1e9;
    fmt::print("    {:<20} {:>9.3f} ms {:>5.1f} %", cost.name, 1e3 * cost.seconds,
               100.0 * cost.seconds / total);
    if (cost.weight_bytes > 0)
      fmt::print("  {:>6.1f} GB/s {:>3.0f} % of roof", rate, 100.0 * rate / roof.read_gbs);
    fmt::print("\n");
  }
  std::fflush(stdout);
}

Result<void> run(Arguments arguments) {
  auto roof = measure_roof(arguments.options.threads, arguments.options.isa);
  if (!roof) return forward_error(roof);
  if (!arguments.json) print_roof(*roof);
  std::vector<Measurement> results;
  if (!arguments.roof_only) {
    auto checkpoint = Checkpoint::open(arguments.model);
    if (!checkpoint) return forward_error(checkpoint);
    Profile profile;
    if (arguments.profile) arguments.options.profile = &profile;
    auto mmproj = open_mmproj(*checkpoint, arguments.mmproj);
    if (!mmproj) return forward_error(mmproj);
    const auto begin = Clock::now();
    auto model =
        Model::load(std::make_shared<Checkpoint>(std::move(*checkpoint)), arguments.options, std::move(*mmproj));
    if (!model) return forward_error(model);
    if (!arguments.json) fmt::print("loaded in {:.1f} s\n", seconds_since(begin));
    if (!arguments.image.empty()) {
      auto image = bench_image(**model, arguments.image, arguments.repeat, profile);
      if (!image) return forward_error(image);
      if (arguments.json)
        fmt::print("{}\n", to_json(*roof, *image).dump(2));
      else
        print_image(*roof, *image);
      return {};
    }
    Bench bench(**model, profile, arguments);
    if (auto reserved = bench.reserve(); !reserved) return reserved;
    for (const int64_t depth : arguments.depths) {
      if (arguments.prompt > 0) results.push_back(bench.prompt(depth));
      if (arguments.prompt > 0 && !arguments.json) print_result(*roof, results.back());
      if (arguments.generate > 0) results.push_back(bench.generate(depth));
      if (arguments.generate > 0 && !arguments.json) print_result(*roof, results.back());
    }
  }
  if (arguments.json) fmt::print("{}\n", to_json(*roof, results).dump(2));
  if (arguments.plot.empty()) return {};
  std::vector<PlotPoint> points;
  for (const Measurement& r : results)
    points.push_back({r.test, static_cast<double>(r.depth), r.tokens_per_second});
  std::ofstream file(arguments.plot);
  file << plot_svg(points);
  if (!file) return bad_input(fmt::format("{}: cannot write the plot", arguments.plot));
  return {};
}

}  // namespace

void add_bench_command(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* command = app.add_subcommand("bench", "measure a model's speed beside this machine's limits");
  command->add_option("MODEL", a.model, "checkpoint: directory or GGUF file");
  command->add_option("--prompt", a.prompt, "tokens of the prompt test; 0: skip it")->capture_default_str();
  command->add_option("--generate", a.generate, "tokens of the decoding test; 0: skip it")
      ->capture_default_str();
  command->add_option("--depth", a.depths, "tokens already in the cache (random rows), comma-separated")
      ->delimiter(',')
      ->capture_default_str();
  command->add_option("--sequences", a.sequences, "sequences that decode together")->capture_default_str();
  CLI::Option* image =
      command->add_option("--image", a.image, "measure a picture of WxH pixels (1024x1024) instead of text")
          ->expected(0, 1);
  command->add_option("--mmproj", a.mmproj, "GGUF vision part; default: beside the model");
  command->add_option("--repeat", a.repeat, "runs of each test; the median counts")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_option("--threads", a.options.threads, "threads; 0: one a core");
  command->add_option("--isa", a.options.isa, "instruction set; empty: the best that is here");
  command->add_option("--batch", a.options.max_batch_tokens, "most tokens of one step")
      ->capture_default_str();
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
    if (const auto done = run(*arguments); !done) {
      fmt::print(stderr, "bench: {}\n", done.error().message);
      exit_code = 1;
    }
  });
}

}  // namespace sirocco
