// SPDX-License-Identifier: Apache-2.0
#include "measure/text_windows.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace sirocco {

std::vector<TextWindow> split_text(int64_t tokens, int64_t context, int64_t stride) {
  CHECK(tokens > 0 && stride > 0 && stride < context);
  std::vector<TextWindow> windows;
  int64_t judged = 0;
  for (int64_t begin = 0; judged < tokens; begin += stride) {
    const int64_t end = std::min(tokens, begin + context - 1);
    windows.push_back({begin, end, judged});
    judged = end;
  }
  return windows;
}

namespace {

using Use = std::function<Result<void>(int64_t, std::span<const float>)>;

Result<void> judge_window(Model& model, std::span<const int32_t> text, const TextWindow& window,
                          const TextWindows& windows, std::span<const int32_t> pages, const Use& use) {
  std::vector<int32_t> ids{windows.bos};  // row i predicts token begin + i of the text
  ids.insert(ids.end(), text.begin() + window.begin, text.begin() + window.end - 1);
  const auto total = static_cast<int64_t>(ids.size());
  std::vector<int32_t> positions(ids.size());
  std::iota(positions.begin(), positions.end(), 0);
  for (int64_t done = 0; done < total; done += windows.chunk_tokens) {
    const int64_t count = std::min(windows.chunk_tokens, total - done);
    const int64_t first = std::max<int64_t>(0, window.first_judged - window.begin - done);
    std::vector<int32_t> rows(static_cast<size_t>(std::max<int64_t>(0, count - first)));
    std::iota(rows.begin(), rows.end(), static_cast<int32_t>(first));
    const SequenceSpan span{0, static_cast<int32_t>(count), static_cast<int32_t>(done), pages};
    Batch batch;
    batch.tokens =
        std::span<const int32_t>(ids).subspan(static_cast<size_t>(done), static_cast<size_t>(count));
    batch.positions =
        std::span<const int32_t>(positions).subspan(static_cast<size_t>(done), static_cast<size_t>(count));
    batch.sequences = {&span, 1};
    batch.logit_rows = rows;
    const View<const float> logits = model.forward(batch).logits;
    for (size_t i = 0; i < rows.size(); ++i) {
      const int64_t token = window.begin + done + rows[i];
      const std::span<const float> row{logits.row(static_cast<int64_t>(i)), static_cast<size_t>(logits.cols)};
      if (auto ok = use(token, row); !ok) return ok;
    }
  }
  return {};
}

}  // namespace

Result<void> judge_text(Model& model, std::span<const int32_t> text, const TextWindows& windows,
                        const Use& use) {
  const auto count = static_cast<int64_t>(text.size());
  const int64_t longest = std::min(windows.context, count);  // BOS in, the last token out
  std::vector<int32_t> pages(static_cast<size_t>((longest + Model::kPageTokens - 1) / Model::kPageTokens));
  std::iota(pages.begin(), pages.end(), 0);
  if (auto ok = model.reserve_cache(static_cast<int64_t>(pages.size())); !ok) return ok;
  for (const TextWindow& window : split_text(count, windows.context, windows.stride))
    if (auto ok = judge_window(model, text, window, windows, pages, use); !ok) return ok;
  return {};
}

}  // namespace sirocco
