// SPDX-License-Identifier: Apache-2.0
#include "api/chat_answer.h"

#include <algorithm>
#include <utility>

#include "api/mistral_writer.h"
#include "api/parts.h"

namespace sirocco::api {

void answer_chat(const CallPtr& call, PreparedRequest prepared, ChatWriter::Options options, ChatAnswer answer) {
  GenerateRequest& request = prepared.request;
  options.logprobs = request.logprobs >= 0;
  if (options.flags.return_token_ids) options.prompt_ids = request.prompt;
  GenerationPlan plan = plan_of(std::move(prepared.constraint), options.flags);
  AnswerFacts facts{.id = std::move(answer.id),
                    .model = std::move(answer.model),
                    .created_s = now_s(),
                    .per_prompt = static_cast<size_t>(std::max(1, request.choices))};
  auto engine = call->service().engine();
  if (answer.mistral)
    plan.writer = std::make_unique<MistralWriter>(std::move(engine), std::move(facts), std::move(options));
  else
    plan.writer = std::make_unique<ChatWriter>(std::move(engine), std::move(facts), std::move(options));
  plan.requests.push_back(std::move(request));
  run_generation(call, std::move(plan));
}

}  // namespace sirocco::api
