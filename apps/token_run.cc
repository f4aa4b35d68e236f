// SPDX-License-Identifier: Apache-2.0
#include "token_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/file.h"
#include "base/json.h"
#include "picture/decode.h"
#include "picture/picture_pixels.h"
#include "picture_files.h"
#include "run/picture_encoding.h"
#include "text/prompt.h"

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

namespace {

bool is_picture_token(const Config& config, int32_t id) {
  return config.vision && id == config.vision->image_token;
}

}  // namespace

Result<std::vector<float>> see_pictures(Model& model, std::span<const std::string> paths,
                                        std::span<const int32_t> ids) {
  std::vector<float> seen;
  const Config& config = model.config();
  for (const std::string& path : paths) {
    const auto about_file = [&](const Error& error) {
      return fail(error.kind, fmt::format("{}: {}", path, error.message));
    };
    const auto file = read_picture(path);
    if (!file) return tl::unexpected(file.error());
    const auto rgb = decode_picture(*file);
    if (!rgb) return about_file(rgb.error());
    if (!config.vision) return about_file({ErrorKind::unsupported, "the model has no vision part"});
    const VisionConfig& v = *config.vision;
    const PictureGrid grid =
        picture_grid({static_cast<int>(v.patch), static_cast<int>(v.image_size), static_cast<int>(v.merge)},
                     rgb->width, rgb->height);
    const auto pixels = normalised_pixels(*rgb, grid.columns * v.patch * v.merge, grid.rows * v.patch * v.merge);
    if (!pixels) return about_file(pixels.error());
    auto encoding = model.encode({pixels->height, pixels->width,
                                  make_view(pixels->values.data(), 3 * pixels->height, pixels->width)});
    if (!encoding) return about_file(encoding.error());
    while (!(*encoding)->step()) {
    }
    const View<const float> rows = (*encoding)->rows();
    for (int64_t r = 0; r < rows.rows; ++r) seen.insert(seen.end(), rows.row(r), rows.row(r) + rows.cols);
  }
  const auto tokens = std::ranges::count_if(ids, [&](int32_t id) { return is_picture_token(config, id); });
  if (tokens * config.hidden != static_cast<int64_t>(seen.size()))
    return bad_input(fmt::format("{} image tokens for pictures of {} squares, expected one each", tokens,
                                 static_cast<int64_t>(seen.size()) / config.hidden));
  return seen;
}

Result<void> run_tokens(Model& model, std::span<const int32_t> ids, int64_t first_position,
                        int64_t chunk_tokens,
                        const std::function<Result<void>(std::span<const float> logits)>& use,
                        std::span<const float> seen) {
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
    std::vector<EmbeddingOverride> overrides;
    for (int64_t row = 0; row < count && !seen.empty(); ++row) {
      if (!is_picture_token(model.config(), batch.tokens[static_cast<size_t>(row)])) continue;
      const auto hidden = static_cast<size_t>(model.config().hidden);
      overrides.push_back({static_cast<int32_t>(row), make_view(seen.data(), 1, model.config().hidden)});
      seen = seen.subspan(hidden);
    }
    batch.overrides = overrides;
    const StepOutput output = model.forward(batch);
    for (int64_t row = 0; row < count; ++row)
      if (auto ok = use({output.logits.row(row), static_cast<size_t>(output.logits.cols)}); !ok) return ok;
  }
  return {};
}

}  // namespace sirocco
