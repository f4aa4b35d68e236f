// SPDX-License-Identifier: Apache-2.0
#include "weights/shard_index.h"

#include <fmt/format.h>

#include <filesystem>

#include "base/json.h"
#include "base/printable.h"

namespace sirocco {

Result<std::map<std::string, std::string>> parse_shard_index(std::string_view text, std::string_view where) {
  auto json = parse_json(text, where);
  if (!json) return forward_error(json);
  const auto map = json->is_object() ? json->find("weight_map") : json->end();
  if (!json->is_object() || map == json->end() || !map->is_object())
    return bad_input(fmt::format("{}: weight_map is missing or is no object", where));
  std::map<std::string, std::string> index;
  for (const auto& [tensor, file] : map->items()) {
    if (!file.is_string())
      return bad_input(fmt::format("{}: weight_map['{}'] is no file name", where, printable(tensor)));
    const auto& name = file.get_ref<const std::string&>();
    if (name.empty() || name != std::filesystem::path(name).filename().string() || name == "." || name == "..")
      return bad_input(fmt::format("{}: weight_map['{}']: '{}' is not the name of a file beside it", where,
                                   printable(tensor), printable(name)));
    index.emplace(tensor, name);
  }
  return index;
}

}  // namespace sirocco
