// SPDX-License-Identifier: Apache-2.0
// Answers of /v1/responses, whole and as events; keeps them in the store when the client wants that.
#pragma once

#include <map>
#include <string>

#include "api/block_writer.h"
#include "api/custom_input.h"
#include "api/response_tools.h"
#include "api/service.h"

namespace sirocco::api {

class ResponsesWriter final : public BlockWriter {
 public:
  struct Options {
    Json echo;  // what the response object repeats of the request
    bool store = true;
    Json messages;  // the conversation before this answer
    Json items;     // input items of this turn
    std::map<std::string, ClientTool> functions = {};  // that are something else to the client
    bool logprobs = false;  // of the text, beside it
  };
  ResponsesWriter(Service& service, AnswerFacts facts, Options options);

  std::string open() override;
  std::string close(const Reply& reply) override;
  std::string error(const ApiError& error) override;
  Json whole(const Reply& reply) override;

 protected:
  void take(const Delta& delta) override;
  std::string opened(const Block& block, const ChoiceReply& so_far) override;
  std::string grew(const Block& block, const std::string& piece, const ChoiceReply& so_far) override;
  std::string closed(const Block& block, const ChoiceReply& so_far) override;

 private:
  std::string event(const char* type, Json fields);
  Json response(const char* status) const;
  // `logprobs` are those of a text block.
  Json item(const Block& block, const ChoiceReply& so_far, const char* status,
            Json logprobs = Json::array()) const;
  Json logprobs_of(const std::vector<PositionLogprobs>& positions) const;
  std::string item_id(const Block& block, const ChoiceReply& so_far) const;
  ClientTool client_tool(const Block& block,
                         const ChoiceReply& so_far) const;  // REQUIRES: the block is a call
  Json call_item(const Block& block, const ChoiceReply& so_far) const;
  Json finished(const Reply& reply);  // the whole object; also keeps it

  Service& service_;
  const AnswerFacts facts_;
  Options options_;
  Json output_ = Json::array();  // items that are done
  CustomInput input_;            // of the custom tool's call at hand
  // Of the text block at hand: sent with a piece, and those whose characters are still held back.
  Json sent_logprobs_ = Json::array(), held_logprobs_ = Json::array();
  int sequence_ = 0;
};

}  // namespace sirocco::api
