// SPDX-License-Identifier: Apache-2.0
// /tokenize and /detokenize (llama-server's and vLLM's bodies), /apply-template, and counting chat tokens.
#include "api/chat.h"
#include "api/parts.h"
#include "api/prompts.h"
#include "api/surfaces.h"

namespace sirocco::api {
namespace {

// A piece as text, or as bytes where it is part of a character.
Json piece_json(const Engine& engine, int32_t id) {
  const std::string bytes = engine.token_bytes(id);
  const std::string text = engine.detokenize({&id, 1}, true);
  if (text == bytes) return bytes;
  Json list = Json::array();
  for (const char c : bytes) list.push_back(static_cast<unsigned char>(c));
  return list;
}

// vLLM's answer, for bodies with `prompt` or `messages`.
Json vllm_tokens(const Engine& engine, const std::vector<int32_t>& ids, bool with_strings) {
  Json strings = nullptr;
  if (with_strings) {
    strings = Json::array();
    for (const int32_t id : ids) strings.push_back(engine.token_bytes(id));
  }
  return {{"count", ids.size()},
          {"max_model_len", engine.info().context_tokens},
          {"tokens", ids},
          {"token_strs", std::move(strings)}};
}

ApiResult<std::vector<int32_t>> chat_ids(Call& call, const Json& body, Fields& fields) {
  auto prepared = prepare_chat(call, body, call.request().body, fields);
  if (!prepared) return fail_api(prepared.error());
  return std::move(prepared->request.prompt);
}

}  // namespace

void post_tokenize(const CallPtr& call) {
  auto body = parse_body(call->request().body);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  const Engine& engine = call->engine();
  const bool with_strings = fields.flag("return_token_strs");
  if (fields.has("messages")) {
    auto ids = chat_ids(*call, *body, fields);
    if (!ids) return call->fail(ids.error());
    return call->respond(vllm_tokens(engine, *ids, with_strings));
  }
  if (const std::string* prompt = fields.string("prompt")) {
    const bool begin = fields.boolean("add_special_tokens").value_or(true);
    if (fields.error()) return call->fail(*fields.error());
    return call->respond(vllm_tokens(engine, engine.tokenize(*prompt, {.add_begin = begin}), with_strings));
  }
  const std::string* content = fields.string("content");
  const TokenizeOptions options{.add_begin = fields.flag("add_special"),
                                .parse_special = fields.boolean("parse_special").value_or(true)};
  const bool pieces = fields.flag("with_pieces");
  if (fields.error()) return call->fail(*fields.error());
  if (!content)
    return call->fail(ApiError::bad_request("content: missing (or prompt, or messages)", "content"));
  const std::vector<int32_t> ids = engine.tokenize(*content, options);
  Json tokens = Json::array();
  for (const int32_t id : ids) {
    if (pieces) {
      tokens.push_back({{"id", id}, {"piece", piece_json(engine, id)}});
    } else {
      tokens.push_back(id);
    }
  }
  call->respond({{"tokens", std::move(tokens)}});
}

void post_detokenize(const CallPtr& call) {
  auto body = parse_body(call->request().body);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  const Json* tokens = fields.array("tokens");
  if (fields.error()) return call->fail(*fields.error());
  if (!tokens) return call->fail(ApiError::bad_request("tokens: missing", "tokens"));
  auto ids = read_ids(call->engine(), *tokens, "tokens");
  if (!ids) return call->fail(ids.error());
  const std::string text = call->engine().detokenize(*ids, true);
  call->respond({{"content", text}, {"prompt", text}});  // llama-server's name and vLLM's
}

void post_apply_template(const CallPtr& call) {
  auto body = parse_body(call->request().body);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  auto ids = chat_ids(*call, *body, fields);
  if (!ids) return call->fail(ids.error());
  call->respond({{"prompt", call->engine().detokenize(*ids, true)}});
}

void post_count_chat(const CallPtr& call) {
  auto body = parse_body(call->request().body);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  auto ids = chat_ids(*call, *body, fields);
  if (!ids) return call->fail(ids.error());
  call->respond({{"object", "response.input_tokens"}, {"input_tokens", ids->size()}});
}

}  // namespace sirocco::api
