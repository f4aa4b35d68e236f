// SPDX-License-Identifier: Apache-2.0
// Mistral's POST /v1/fim/completions: what stands between a prompt and a suffix, answered as Mistral's chat is.
#include "api/chat_answer.h"
#include "api/completions.h"
#include "api/parts.h"
#include "api/surfaces.h"

namespace sirocco::api {

void post_fim(const CallPtr& call) {
  if (auto error = refuse_early(*call)) return call->fail(*error);
  auto body = parse_body(call->request().body);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  ChatWriter::Options options{.flags = read_stream_flags(fields)};
  auto model = read_model(*call, fields);
  if (!model) return call->fail(model.error());
  const std::string* prompt = fields.string("prompt");
  const std::string suffix = fields.text("suffix");
  if (fields.error()) return call->fail(*fields.error());
  if (!prompt) return call->fail(ApiError::bad_request("prompt: missing", "prompt"));
  auto ids = call->engine().infill_prompt(*prompt, suffix);
  if (!ids) return call->fail(ApiError::not_supported(ids.error().message));
  auto prepared = prepare_text(*call, fields, -1);
  if (!prepared) return call->fail(prepared.error());
  if (fields.error()) return call->fail(*fields.error());
  prepared->request.prompt = *std::move(ids);
  answer_chat(call, *std::move(prepared), std::move(options), {"fim-" + random_id(24), *model, true});
}

}  // namespace sirocco::api
