// SPDX-License-Identifier: Apache-2.0
// Chat answers in the form of Mistral's own API, for its clients: they read a call only whole, thoughts as
// parts of the content, and the usage in the chunk that ends the answer.
#pragma once

#include <string_view>
#include <vector>

#include "api/chat_writer.h"

namespace sirocco::api {

// mistral-client-python/3.7.0, which Mistral Vibe calls itself too, and mistral-client-typescript.
bool is_mistral_client(std::string_view user_agent);

class MistralWriter final : public ChatWriter {
 public:
  using ChatWriter::ChatWriter;

 protected:
  Json delta_json(int index, const Delta& delta, const Reply& so_far) override;
  void complete_last_chunk(int index, const Reply& so_far, Json& chunk) override;
  std::string usage_chunk(const Reply&) const override { return {}; }
  Json message(const ChoiceReply& choice) const override;

 private:
  void send_calls(int index, const ChoiceReply& choice, size_t end, Json& delta);

  std::vector<size_t> sent_calls_;  // [choice]
};

}  // namespace sirocco::api
