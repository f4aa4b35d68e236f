// SPDX-License-Identifier: Apache-2.0
// Conversation: the messages of a chat as OpenAI JSON, and the file that /save writes and /load reads.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "answer.h"
#include "sirocco/result.h"

namespace sirocco {

class Conversation {
 public:
  std::string system;
  std::string effort;  // "", "none" or "high"

  void ask(const std::string& text, const std::vector<std::string>& pictures = {});  // paths
  // What the model said, thinking included: the next prompt then begins as the last one went on, and only
  // what is new must be computed. An answer without text takes the question back.
  void answer(const Answer& answer);
  void forget() { messages_ = nlohmann::ordered_json::array(); }
  size_t turns() const { return messages_.size() / 2; }

  nlohmann::ordered_json request() const;  // messages and reasoning_effort
  // The file is old or new, never half.
  Result<void> save(const std::string& path) const;
  Result<void> load(const std::string& path);

 private:
  nlohmann::ordered_json messages_ = nlohmann::ordered_json::array();
};

}  // namespace sirocco
