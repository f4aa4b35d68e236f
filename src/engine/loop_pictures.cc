// SPDX-License-Identifier: Apache-2.0
// EngineLoop's fourth verb, encode: pixels become rows, a piece a turn.
#include <algorithm>

#include "base/check.h"
#include "engine/engine_loop.h"

namespace sirocco {
namespace {

bool waits(const PromptPicture& picture, const ContentHash& content_hash) {
  return !picture.rows && picture.content_hash == content_hash;
}

}  // namespace

bool EngineLoop::picture_is_wanted(const ContentHash& content_hash) const {
  return std::ranges::any_of(requests_, [&](const auto& live) {
    return std::ranges::any_of(live->request.pictures,
                               [&](const PromptPicture& picture) { return waits(picture, content_hash); });
  });
}

bool EngineLoop::encode() {
  if (pictures_.busy() && !picture_is_wanted(pictures_.content_hash())) pictures_.drop();
  if (!pictures_.busy()) {
    const auto awaited = scheduler_.awaited_input();
    if (!awaited) return false;
    LiveRequest& live = *owners_.at(awaited->first).request;
    const auto picture = std::ranges::find(live.request.pictures, awaited->second, &PromptPicture::first_token);
    CHECK(picture != live.request.pictures.end() && picture->pixels);
    if (options_.picture_cache != nullptr)  // encoded for another since this one was read
      if (const auto known = options_.picture_cache->find(picture->content_hash)) {
        provide_rows(known->content_hash, known->rows);
        if (picture->rows) return true;
      }
    if (auto begun = pictures_.begin(*picture); !begun) {
      finish_all(live, FinishReason::error, begun.error().message);
      forget_finished();
      return true;
    }
  }
  const ContentHash content_hash = pictures_.content_hash();
  const double begin_s = now_s();
  const PictureCache::Rows rows = pictures_.step();
  totals_.picture_seconds += now_s() - begin_s;
  if (!rows) return true;
  ++totals_.pictures_encoded;
  provide_rows(content_hash, rows);
  return true;
}

// Every request that waits for this picture gets its rows.
void EngineLoop::provide_rows(const ContentHash& content_hash, const PictureCache::Rows& rows) {
  const int64_t side = options_.request_limits.picture_side;
  for (const auto& live : requests_)
    for (PromptPicture& picture : live->request.pictures) {
      if (!waits(picture, content_hash)) continue;
      const PictureGrid grid{static_cast<int>(picture.pixels->width / side),
                             static_cast<int>(picture.pixels->height / side)};
      // A hash is the caller's word: where it does not even fit, the picture is encoded by itself.
      if (static_cast<int64_t>(rows->size()) != grid.columns * grid.rows * model_.config().hidden) continue;
      picture.rows = rows;
      picture.pixels = nullptr;
      for (const Choice& choice : live->choices)
        if (choice.scheduled && !choice.finished) scheduler_.provide(choice.sequence, picture.first_token);
      if (options_.picture_cache != nullptr) options_.picture_cache->add({content_hash, grid, rows});
    }
}

}  // namespace sirocco
