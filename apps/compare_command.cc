// SPDX-License-Identifier: Apache-2.0
// Every figure is derived from the configurations (model/sizes.h); the only number from elsewhere is the
// vendor's longest context (model/known_models.h).
#include "compare_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "exit_codes.h"
#include "model/known_models.h"
#include "model/sizes.h"
#include "model_argument.h"
#include "model_flags.h"
#include "number_text.h"
#include "refuse.h"

namespace sirocco {
namespace {

struct CompareOptions {
  std::vector<std::string> models;
  int64_t context = 0;  // 0: each model's longest, for the cache; none, for the work
  bool json = false;
};

struct Compared {
  std::string name;
  Config config;
  ParameterCounts parameters;
  int64_t max_context = 0;
  int64_t context = 0;  // that the cache is shown for
};

// Quantities with a ratio, in the order of the table.
struct Quantity {
  const char* key;
  const char* label;
  int64_t (*value)(const Compared& model);
  std::string (*text)(int64_t value);
};

int64_t bf16_bytes(const Compared& m) {
  return 2 * m.parameters.total();
}

constexpr Quantity kQuantities[] = {
    {"parameters_total", "parameters", [](const Compared& m) { return m.parameters.total(); }, in_billions},
    {"parameters_active", "active a token", [](const Compared& m) { return m.parameters.active(); },
     in_billions},
    {"operations_per_token", "operations a token",
     [](const Compared& m) { return operations_per_token(m.config, 0); }, in_billions},
    {"kv_bytes_per_token", "cache bytes a token",
     [](const Compared& m) { return cache_bytes_per_token(m.config); }, with_commas},
    {"max_context", "longest context", [](const Compared& m) { return m.max_context; }, with_commas},
    {"weight_bytes_bf16", "weights in BF16", bf16_bytes, in_gib},
};

std::string layers_text(const Compared& m) {
  return fmt::format("{} × {} + {}", m.config.layers, attention_name(m.config), feed_forward_name(m.config));
}

Json model_json(const Compared& m, const CompareOptions& options) {
  const Config& c = m.config;
  Json json = {{"name", m.name},
               {"architecture", c.architecture},
               {"layers", c.layers},
               {"hidden_size", c.hidden},
               {"attention", attention_name(c)},
               {"feed_forward", feed_forward_name(c)},
               {"experts", c.experts.experts},
               {"experts_per_token", c.experts.experts_per_token},
               {"vision", c.vision.has_value()},
               {"parameters_text", m.parameters.text()}};
  for (const Quantity& quantity : kQuantities) json[quantity.key] = quantity.value(m);
  json["context"] = m.context;
  json["kv_bytes_at_context"] = cache_bytes(c, m.context);
  if (options.context > 0) json["operations_per_token_at_context"] = operations_per_token(c, options.context);
  for (const PrecisionBytes& p : weight_bytes_by_precision(c))
    json["weight_bytes"][std::string(p.name)] = p.weight_bytes;
  return json;
}

double ratio(int64_t to, int64_t from) {
  return static_cast<double>(to) / static_cast<double>(from);
}

Json ratios_json(const Compared& first, const Compared& other) {
  Json json = {{"model", first.name}, {"against", other.name}};
  for (const Quantity& quantity : kQuantities) {
    const int64_t to = quantity.value(first);
    const int64_t from = quantity.value(other);
    json[quantity.key] = {{"from", from}, {"to", to}, {"ratio", ratio(to, from)}};
  }
  return json;
}

void print_json(const std::vector<Compared>& models, const CompareOptions& options) {
  Json json = {{"models", Json::array()}, {"ratios", Json::array()}};
  for (const Compared& m : models) json["models"].push_back(model_json(m, options));
  for (size_t i = 1; i < models.size(); ++i) json["ratios"].push_back(ratios_json(models.front(), models[i]));
  fmt::print("{}\n", json.dump(2, ' ', false, Json::error_handler_t::replace));
}

// One line of the table: the label, then a cell a model.
using Row = std::vector<std::string>;

int columns(const std::string& text) {  // "×" and "→" are one each
  return static_cast<int>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

// Columns as wide as their widest cell.
void print_table(const std::vector<Row>& rows) {
  std::vector<int> widths(rows.front().size(), 0);
  for (const Row& row : rows)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  for (const Row& row : rows) {
    fmt::print("{:<{}}", row[0], widths[0]);
    for (size_t i = 1; i < row.size(); ++i) fmt::print("  {:>{}}", row[i], widths[i]);
    fmt::print("\n");
  }
}

std::vector<Row> table(const std::vector<Compared>& models, const CompareOptions& options) {
  std::vector<Row> rows;
  const auto add = [&](const char* label, auto text) {
    Row row{label};
    for (const Compared& m : models) row.push_back(text(m));
    rows.push_back(std::move(row));
  };
  add("", [](const Compared& m) { return m.name; });
  add("layers", layers_text);
  add("width", [](const Compared& m) { return with_commas(m.config.hidden); });
  add("experts", [](const Compared& m) {
    if (m.config.experts.experts == 0) return std::string("-");
    return fmt::format("{} of {}", m.config.experts.experts_per_token, m.config.experts.experts);
  });
  add("vision", [](const Compared& m) { return std::string(m.config.vision ? "yes" : "-"); });
  for (const Quantity& quantity : kQuantities)
    add(quantity.label, [&](const Compared& m) { return quantity.text(quantity.value(m)); });
  const std::string at =
      options.context > 0 ? fmt::format(" at {}", with_commas(options.context)) : " at the longest";
  add(("cache" + at).c_str(), [](const Compared& m) { return in_gib(cache_bytes(m.config, m.context)); });
  if (options.context > 0)
    add(("operations" + at).c_str(),
        [](const Compared& m) { return in_billions(operations_per_token(m.config, m.context)); });
  const auto precisions = weight_bytes_by_precision(models.front().config);
  for (size_t i = 1; i < precisions.size(); ++i)
    add(fmt::format("weights in {}", precisions[i].name).c_str(),
        [i](const Compared& m) { return in_gib(weight_bytes_by_precision(m.config)[i].weight_bytes); });
  return rows;
}

void print_ratios(const Compared& first, const Compared& other) {
  fmt::print("\n{} against {}\n", first.name, other.name);
  std::vector<Row> rows;
  for (const Quantity& quantity : kQuantities) {
    const int64_t to = quantity.value(first);
    const int64_t from = quantity.value(other);
    const std::string verdict = to == from  ? "the same"
                                : to > from ? fmt::format("{:.3g}× as much", ratio(to, from))
                                            : fmt::format("{:.3g}× less", ratio(from, to));
    rows.push_back(
        {fmt::format("  {}", quantity.label), quantity.text(from), "→", quantity.text(to), verdict});
  }
  print_table(rows);
}

int compare(const CompareOptions& options) {
  std::vector<Compared> models;
  for (const std::string& text : options.models) {
    auto model = open_model_argument(text);
    if (!model) return refuse(model.error());
    Compared compared{.name = model->name,
                      .config = model->config,
                      .parameters = count_parameters(model->config),
                      .max_context = longest_context(model->config),
                      .context = options.context};
    if (compared.context == 0) compared.context = compared.max_context;
    models.push_back(std::move(compared));
  }
  if (options.json) {
    print_json(models, options);
    return kExitDone;
  }
  print_table(table(models, options));
  for (size_t i = 1; i < models.size(); ++i) print_ratios(models.front(), models[i]);
  return kExitDone;
}

}  // namespace

void add_compare_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* command = app.add_subcommand("compare", "set models side by side: sizes, cache, work, memory");
  command->add_option("MODELS", options->models, "paths as for inspect, or names: " + known_model_names())
      ->required()
      ->expected(-1);
  command
      ->add_option("--context", options->context,
                   "tokens of context to size the cache and the work for; default: each model's longest for the "
                   "cache, none for the work")
      ->check(CLI::Range(int64_t{1}, int64_t{1} << 31));
  add_json_flag(*command, options->json);
  command->callback([options, &exit_code] { exit_code = compare(*options); });
}

}  // namespace sirocco
