// SPDX-License-Identifier: Apache-2.0
// Answers of /v1/chat/completions, whole and as chunks.
#pragma once

#include "api/generation.h"
#include "api/parts.h"

namespace sirocco::api {

class ChatWriter : public ReplyWriter {
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

 protected:
  // What Mistral's API writes otherwise (mistral_writer.h).
  virtual Json delta_json(int index, const Delta& delta, const Reply& so_far);
  virtual void complete_last_chunk(int, const Reply&, Json&) {}
  virtual std::string usage_chunk(const Reply& reply) const;
  virtual Json message(const ChoiceReply& choice) const;

  const AnswerFacts facts_;
  const Options options_;

 private:
  Json chunk(Json choices) const;
  Json choice_chunk(int index, Json delta) const;
  std::string on_delta(int index, const Delta& delta, const Reply& so_far);
  std::string on_finish(int index, const Finish& finish, const Reply& so_far);
  std::string opening(int index, const Reply& so_far);

  const std::shared_ptr<Engine> engine_;
  std::vector<bool> opened_;  // [choice]: its role was sent
};

Json tool_call_json(const ToolCall& call);
std::string system_fingerprint();

}  // namespace sirocco::api
