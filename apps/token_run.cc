// SPDX-License-Identifier: Apache-2.0
#include "token_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/json.h"
#include "base/mapped_file.h"

namespace sirocco {

Result<std::vector<int32_t>> read_token_file(const std::string& path, int64_t vocabulary) {
  constexpr size_t kMostBytes = size_t{1} << 28;
  auto text = read_file(path, kMostBytes);
  if (!text) return forward_error(text);
  auto json = parse_json(*text, path);
  if (!json) return forward_error(json);
  const Json* list = &*json;
  for (const char* key : {"ids", "tokens"})
    if (json->is_object() && json->contains(key)) list = &(*json)[key];
  if (!list->is_array() || list->empty()) return bad_input(path + ": expected a list of token ids");
  std::vector<int32_t> ids;
  for (const Json& item : *list) {
    const bool fits = item.is_number_unsigned() && item.get<uint64_t>() < static_cast<uint64_t>(vocabulary);
    if (!fits)
      return bad_input(
          fmt::format("{}: token {}: expected an id of 0 to {}", path, ids.size(), vocabulary - 1));
    ids.push_back(item.get<int32_t>());
  }
  return ids;
}

Result<void> run_tokens(Model& model, std::span<const int32_t> ids, int64_t first_position,
                        int64_t chunk_tokens,
                        const std::function<Result<void>(std::span<const float> logits)>& use) {
  const auto total = static_cast<int64_t>(ids.size());
  std::vector<int32_t> pages(static_cast<size_t>((total + Model::kPageTokens - 1) / Model::kPageTokens));
  std::iota(pages.begin(), pages.end(), 0);
  if (auto ok = model.reserve_cache(static_cast<int64_t>(pages.size())); !ok) return ok;
  for (int64_t begin = 0; begin < total; begin += chunk_tokens) {
    const int64_t count = std::min(chunk_tokens, total - begin);
    std::vector<int32_t> positions(static_cast<size_t>(count)), rows(static_cast<size_t>(count));
    std::iota(positions.begin(), positions.end(), static_cast<int32_t>(first_position + begin));
    std::iota(rows.begin(), rows.end(), 0);
    const SequenceSpan span{0, static_cast<int32_t>(count), static_cast<int32_t>(begin), pages};
    Batch batch;
    batch.tokens = ids.subspan(static_cast<size_t>(begin), static_cast<size_t>(count));
    batch.positions = positions;
    batch.sequences = {&span, 1};
    batch.logit_rows = rows;
    const StepOutput output = model.forward(batch);
    for (int64_t row = 0; row < count; ++row)
      if (auto ok = use({output.logits.row(row), static_cast<size_t>(output.logits.cols)}); !ok) return ok;
  }
  return {};
}

}  // namespace sirocco
