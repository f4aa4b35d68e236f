// SPDX-License-Identifier: Apache-2.0
// Answers of /v1/chat/completions, whole and as chunks.
#pragma once

#include "api/generation.h"
#include "api/parts.h"

namespace sirocco::api {

class ChatWriter final : public ReplyWriter {
 public:
  struct Options {
    StreamFlags flags = {};
    bool logprobs = false;
    bool include_reasoning = true;
    std::vector<int32_t> prompt_ids = {};  // kept where the client asked for token ids
  };
  ChatWriter(std::shared_ptr<Engine> engine, AnswerFacts facts, Options options);

  std::string on_event(const Event& event, const Reply& so_far) override;
  std::string close(const Reply& reply) override;
  std::string error(const ApiError& error) override;
  Json whole(const Reply& reply) override;

 private:
  Json chunk(Json choices) const;
  Json choice_chunk(int index, Json delta) const;
  std::string on_delta(int index, const Delta& delta, const Reply& so_far);
  std::string on_finish(int index, const Finish& finish, const Reply& so_far);
  std::string opening(int index);
  Json message(const ChoiceReply& choice) const;

  const std::shared_ptr<Engine> engine_;
  const AnswerFacts facts_;
  const Options options_;
  std::vector<bool> opened_;  // [choice]: its role was sent
};

std::string system_fingerprint();

}  // namespace sirocco::api
