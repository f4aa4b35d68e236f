// SPDX-License-Identifier: Apache-2.0
#include "engine/batch_builder.h"

#include <algorithm>

#include "base/check.h"

namespace sirocco {

void BatchBuilder::clear() {
  tokens_.clear();
  positions_.clear();
  logit_rows_.clear();
  logit_begin_.assign(1, 0);
  spans_.clear();
  overrides_.clear();
}

void BatchBuilder::add(const PlanItem& item, const LiveRequest& request, const Choice& choice,
                       bool every_row) {
  const auto first_row = static_cast<int32_t>(tokens_.size());
  spans_.push_back(
      {first_row, static_cast<int32_t>(item.tokens), static_cast<int32_t>(item.first_token), item.pages});
  for (int64_t i = 0; i < item.tokens; ++i) {
    tokens_.push_back(request.token_at(choice, item.first_token + i));
    positions_.push_back(static_cast<int32_t>(item.first_token + i));
    const bool last = i + 1 == item.tokens;
    if (every_row || (last && item.completes)) logit_rows_.push_back(first_row + static_cast<int32_t>(i));
  }
  logit_begin_.push_back(static_cast<int64_t>(logit_rows_.size()));
  if (!request.request.pictures.empty()) add_pictures(item, request, first_row);
}

void BatchBuilder::add_pictures(const PlanItem& item, const LiveRequest& request, int32_t first_row) {
  const int64_t item_end = item.first_token + item.tokens;
  for (const PromptPicture& picture : request.request.pictures) {
    if (picture.first_token >= item_end || picture.first_token + picture.tokens <= item.first_token) continue;
    int64_t picture_row = 0;
    for (int64_t t = picture.first_token; t < std::min(picture.first_token + picture.tokens, item_end); ++t) {
      if (request.request.prompt[static_cast<size_t>(t)] != image_token_) continue;
      const int64_t row = picture_row++;
      if (t < item.first_token) continue;
      CHECK((row + 1) * hidden_ <= static_cast<int64_t>(picture.rows->size()));
      overrides_.push_back({first_row + static_cast<int32_t>(t - item.first_token),
                            make_view(picture.rows->data() + row * hidden_, 1, hidden_)});
    }
  }
}

const Batch& BatchBuilder::batch() {
  batch_ = {tokens_, positions_, spans_, logit_rows_, overrides_};
  return batch_;
}

}  // namespace sirocco
