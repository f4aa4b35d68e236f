// SPDX-License-Identifier: Apache-2.0
#include "bench_report.h"

#include <fmt/format.h>

#include <cstdio>
#include <utility>

namespace sirocco {
namespace {

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

// With a roof, the rate of weights beside it.
void print_operators(const std::vector<OperatorCost>& operators, const Roof* roof) {
  double total = 0.0;
  for (const OperatorCost& cost : operators) total += cost.seconds;
  for (const OperatorCost& cost : operators) {
    const double rate = static_cast<double>(cost.weight_bytes) / cost.seconds / 1e9;
    fmt::print("    {:<20} {:>9.3f} ms {:>5.1f} %", cost.name, 1e3 * cost.seconds, 100.0 * cost.seconds / total);
    if (roof != nullptr && cost.weight_bytes > 0)
      fmt::print("  {:>6.1f} GB/s {:>3.0f} % of roof", rate, 100.0 * rate / roof->read_gbs);
    fmt::print("\n");
  }
}

}  // namespace

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

Json to_json(const Roof& roof, const std::vector<TextMeasurement>& results) {
  Json list = Json::array();
  for (const TextMeasurement& r : results) {
    Json entry{{"test", r.test},
               {"depth", r.depth},
               {"tokens_per_second", r.tokens_per_second},
               {"slowest", r.slowest},
               {"fastest", r.fastest},
               {"gb_per_second", r.gb_per_second()},
               {"gop_per_second", r.gop_per_second()},
               {"bytes_per_token", r.bytes_per_token},
               {"operations_per_token", r.operations_per_token},
               {"share_of_roof", r.share(roof)},
               {"experts_read", r.experts_read}};
    if (!r.operators.empty()) entry["operators"] = operators_json(r.operators);
    list.push_back(std::move(entry));
  }
  return {{"roof", roof_json(roof)}, {"results", std::move(list)}};
}

void print_roof(const Roof& roof) {
  fmt::print("roof: read {:.1f} GB/s, int8 {:.3f} TOP/s, int16 {:.3f} TOP/s, bf16 {:.3f} TFLOP/s\n",
             roof.read_gbs, roof.int8_tops, roof.int16_tops, roof.bf16_tflops);
}

void print_result(const Roof& roof, const TextMeasurement& r) {
  fmt::print(
      "{:<8} depth {:>6}  {:>8.2f} tok/s ({:.2f}-{:.2f})  {:>6.1f} GB/s  {:>7.1f} GOP/s  {:>3.0f} % of "
      "roof\n",
      r.test, r.depth, r.tokens_per_second, r.slowest, r.fastest, r.gb_per_second(), r.gop_per_second(),
      100.0 * r.share(roof));
  if (r.experts_read > 0.0) fmt::print("    {:.1f} % of experts were read from the file\n", 100.0 * r.experts_read);
  print_operators(r.operators, &roof);
  std::fflush(stdout);
}

void print_result(const Roof& roof, const ImageMeasurement& r) {
  fmt::print("picture {}x{}: {} tokens, {:.3f} s ({:.3f}-{:.3f}), {:.2f} TOP, {:.1f} GOP/s", r.width, r.height,
             r.rows, r.seconds, r.fastest, r.slowest, r.operations / 1e12, r.gop_per_second());
  if (roof.wide_tops() > 0.0)
    fmt::print(", {:.0f} % of the peak of {}", 100.0 * r.share(roof), roof.int16_tops > 0.0 ? "int16" : "bf16");
  fmt::print("; longest step {:.0f} ms\n", 1e3 * r.longest_step);
  print_operators(r.operators, nullptr);
}

}  // namespace sirocco
