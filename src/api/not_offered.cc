// SPDX-License-Identifier: Apache-2.0
// Paths that clients of other servers know and that this kind of model has no answer for.
#include "api/surfaces.h"

namespace sirocco::api {

void post_embeddings(const CallPtr& call) {
  call->fail(ApiError::not_supported("this model has no embeddings: it is a text generator"));
}

void post_rerank(const CallPtr& call) {
  call->fail(ApiError::not_supported("this model cannot rerank: it is a text generator"));
}

void post_audio(const CallPtr& call) {
  call->fail(ApiError::not_supported("this model hears nothing: it reads text"));
}

void get_adapters(const CallPtr& call) {
  call->respond(Json::array());
}

}  // namespace sirocco::api
