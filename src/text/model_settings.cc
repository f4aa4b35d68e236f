// SPDX-License-Identifier: Apache-2.0
#include "text/model_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "sirocco/reasoning_effort.h"

namespace sirocco {
namespace {

Result<ModelSettingsBuilder::ReasoningEffort> parse_effort(const PythonJson& json, std::string_view where) {
  const auto fail_at = [&](std::string_view what) {
    return bad_input(fmt::format("{}: model_settings_builder.reasoning_effort: {}", where, what));
  };
  if (!json.is_object()) return fail_at("expected an object");
  ModelSettingsBuilder::ReasoningEffort effort;
  for (size_t i = 0; i < json.keys.size(); ++i) {
    const std::string& key = json.keys[i];
    const PythonJson& value = json.items[i];
    if (key == "values") {
      if (!value.is_array()) return fail_at("values: expected a list");
      for (const PythonJson& item : value.items) {
        if (!item.is_string() || !is_reasoning_effort(item.text))
          return fail_at("values: not a reasoning effort");
        if (std::ranges::count(effort.values, item.text))
          return fail_at(fmt::format("values: duplicate {}", quoted(item.text)));
        effort.values.push_back(item.text);
      }
    } else if (key == "default") {
      if (!value.is_string()) return fail_at("default: expected a string");
      effort.default_value = value.text;
    } else if (key == "accepts_none") {
      if (!value.is(PythonJson::Kind::boolean) || !value.boolean)
        return fail_at("accepts_none: expected true");
    } else if (key == "type") {
      if (!value.is_string() || value.text != "enum") return fail_at("type: expected \"enum\"");
    } else {
      return fail_at(fmt::format("unknown key {}", quoted(key)));
    }
  }
  if (!std::ranges::count(effort.values, effort.default_value))
    return fail_at(fmt::format("default {} is not among the values", quoted(effort.default_value)));
  return effort;
}

}  // namespace

bool is_reasoning_effort(std::string_view name) {
  return name == "none" || name == "minimal" || effort_thinks(name);
}

ModelSettingsBuilder ModelSettingsBuilder::shipped() {
  ModelSettingsBuilder builder;
  builder.reasoning_effort = ReasoningEffort{{"none", "high"}, "none"};
  return builder;
}

Result<ModelSettingsBuilder> ModelSettingsBuilder::from_json(const PythonJson& json, std::string_view where) {
  ModelSettingsBuilder builder;
  if (!json.is_object())
    return bad_input(fmt::format("{}: model_settings_builder: expected an object", where));
  for (size_t i = 0; i < json.keys.size(); ++i) {
    if (json.items[i].is_null()) continue;
    if (json.keys[i] == "reasoning_effort") {
      auto effort = parse_effort(json.items[i], where);
      if (!effort) return forward_error(effort);
      builder.reasoning_effort = std::move(*effort);
    } else if (json.keys[i] == "json_schema") {
      builder.json_schema = true;
    } else {
      return bad_input(
          fmt::format("{}: model_settings_builder: unknown key {}", where, quoted(json.keys[i])));
    }
  }
  return builder;
}

}  // namespace sirocco
