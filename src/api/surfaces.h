// SPDX-License-Identifier: Apache-2.0
// The handlers of all routes, by the file that holds them.
#pragma once

#include "api/call.h"

namespace sirocco::api {

// status.cc
void get_root(const CallPtr& call);
void get_health(const CallPtr& call);
void get_version(const CallPtr& call);
void get_load(const CallPtr& call);
void get_metrics(const CallPtr& call);
void get_openapi(const CallPtr& call);
void get_props(const CallPtr& call);
void get_is_sleeping(const CallPtr& call);
// models.cc
void get_models(const CallPtr& call);
void get_model(const CallPtr& call);
// chat.cc, completions.cc, fim.cc, native_completion.cc
void post_chat(const CallPtr& call);
void post_completions(const CallPtr& call);
void post_fim(const CallPtr& call);
void post_native_completion(const CallPtr& call);
void post_infill(const CallPtr& call);
// token_routes.cc
void post_tokenize(const CallPtr& call);
void post_detokenize(const CallPtr& call);
void post_apply_template(const CallPtr& call);
void post_count_chat(const CallPtr& call);
// messages.cc
void post_messages(const CallPtr& call);
void post_count_messages(const CallPtr& call);
// responses.cc
void post_responses(const CallPtr& call);
void post_count_response(const CallPtr& call);
void get_response(const CallPtr& call);
void get_response_items(const CallPtr& call);
void delete_response(const CallPtr& call);
void post_response_cancel(const CallPtr& call);
// slot_routes.cc
void get_slots(const CallPtr& call);
void post_slot(const CallPtr& call);
void post_reset_cache(const CallPtr& call);
// not_offered.cc: known paths of other model kinds
void post_embeddings(const CallPtr& call);
void post_rerank(const CallPtr& call);
void post_audio(const CallPtr& call);
void get_adapters(const CallPtr& call);

}  // namespace sirocco::api
