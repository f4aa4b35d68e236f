// SPDX-License-Identifier: Apache-2.0
// BatchBuilder: a plan of the scheduler → the model's Batch. Owns the arrays that the batch's views point to;
// they keep their memory from step to step.
#pragma once

#include <vector>

#include "batch/batch.h"
#include "engine/live_request.h"
#include "sched/scheduler.h"

namespace sirocco {

class BatchBuilder {
 public:
  // `hidden`: width of a picture's rows. `image_token`: whose embeddings they replace; −1: none.
  BatchBuilder(int64_t hidden, int32_t image_token) : hidden_(hidden), image_token_(image_token) {}

  void clear();
  // Adds one item. Logits are wanted of its last row when it completes, of all rows with `every_row`.
  void add(const PlanItem& item, const LiveRequest& request, const Choice& choice, bool every_row);
  const Batch& batch();
  // Row of StepOutput::logits where the logits of item number `item` begin, and how many it has.
  int64_t first_logit_row(size_t item) const { return logit_begin_[item]; }
  int64_t logit_rows(size_t item) const { return logit_begin_[item + 1] - logit_begin_[item]; }

 private:
  void add_pictures(const PlanItem& item, const LiveRequest& request, int32_t first_row);

  int64_t hidden_;
  int32_t image_token_;
  std::vector<int32_t> tokens_, positions_, logit_rows_;
  std::vector<int64_t> logit_begin_;
  std::vector<SequenceSpan> spans_;
  std::vector<EmbeddingOverride> overrides_;
  Batch batch_;
};

}  // namespace sirocco
