// SPDX-License-Identifier: Apache-2.0
// GET /slots and POST /slots/{id}?action=save|restore|erase: sessions on disk, llama-server's way.
#include <sys/stat.h>

#include <algorithm>
#include <charconv>

#include "api/fields.h"
#include "api/parts.h"
#include "api/surfaces.h"

namespace sirocco::api {
namespace {

// A plain name inside the session folder: no path, nothing hidden.
bool is_plain_name(const std::string& name) {
  if (name.empty() || name.size() > 200 || name[0] == '.') return false;
  for (const char c : name) {
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20) return false;
  }
  return true;
}

int64_t file_bytes(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 ? static_cast<int64_t>(status.st_size) : 0;
}

void save(const CallPtr& call, int slot, const SlotState& state, const std::string& name) {
  const std::string path = call->service().options().session_folder + "/" + name;
  if (state.busy) return call->fail(ApiError::bad_request("the slot is in use"));
  if (state.session.ids.empty()) return call->fail(ApiError::bad_request("the slot holds no tokens"));
  const auto saved = call->engine().save_session(state.session, path);
  if (!saved) return call->fail(ApiError::from(saved.error()));
  call->respond({{"id_slot", slot},
                 {"filename", name},
                 {"n_saved", *saved},
                 {"n_written", file_bytes(path)},
                 {"timings", {{"save_ms", call->seconds() * 1e3}}}});
}

void restore(const CallPtr& call, int slot, const std::string& name) {
  const std::string path = call->service().options().session_folder + "/" + name;
  auto restored = call->engine().restore_session(path);
  if (!restored) return call->fail(ApiError::from(restored.error()));
  const size_t tokens = restored->ids.size();
  call->service().slots().set_session(slot, *std::move(restored));
  call->respond({{"id_slot", slot},
                 {"filename", name},
                 {"n_restored", tokens},
                 {"n_read", file_bytes(path)},
                 {"timings", {{"restore_ms", call->seconds() * 1e3}}}});
}

Json slot_json(int id, const SlotState& slot, int64_t context_tokens) {
  const PromptProgress& prompt = slot.progress.prompt;
  const int64_t answer_tokens = slot.progress.answer_tokens, limit = slot.task.max_tokens;
  Json out = {{"id", id},
              {"id_task", slot.number},
              {"n_ctx", context_tokens},
              {"speculative", false},
              {"is_processing", slot.busy},
              {"request_id", slot.task.request_id},
              {"n_prompt_tokens", slot.task.prompt_tokens},
              {"n_prompt_tokens_processed", prompt.done_tokens - prompt.cached_tokens},
              {"n_prompt_tokens_cache", prompt.cached_tokens},
              {"n_decoded", answer_tokens},
              {"n_tokens_kept", slot.session.ids.size()}};
  if (slot.number < 0) return out;  // nothing ran there yet
  out["params"] = slot.task.params;
  Json next = {{"has_next_token", slot.busy},
               {"has_new_line", slot.progress.broke_line},
               {"n_remain", limit < 0 ? -1 : std::max<int64_t>(limit - answer_tokens, 0)},
               {"n_decoded", answer_tokens}};
  out["next_token"] = Json::array({std::move(next)});  // llama-server's list of one
  return out;
}

}  // namespace

void get_slots(const CallPtr& call) {
  const auto engine = call->service().engine();
  if (!engine) return call->fail(call->service().loading_error());
  if (!call->service().options().show_slots) {
    return call->fail(ApiError::not_supported("this server does not show its slots (--no-slots)"));
  }
  Json list = Json::array();
  bool free = false;
  int id = 0;
  for (const SlotState& slot : call->service().slots().snapshot()) {
    free |= !slot.busy;
    list.push_back(slot_json(id++, slot, engine->info().context_tokens));
  }
  if (!free && call->request().query_value("fail_on_no_slot").value_or("0") == "1") {
    return call->fail({.status = 503, .message = "no slot available", .retry_after_s = 1});
  }
  call->respond(list);
}

void post_slot(const CallPtr& call) {
  Service& service = call->service();
  int slot = -1;
  const std::string& text = call->parameter();
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), slot);
  const std::vector<SlotState> states = service.slots().snapshot();
  if (problem != std::errc{} || end != text.data() + text.size() || slot < 0 ||
      slot >= static_cast<int>(states.size())) {
    return call->fail(ApiError::not_found("no such slot: " + text));
  }
  const std::string action = call->request().query_value("action").value_or("");
  if (action == "erase") {
    service.slots().set_session(slot, {});
    call->engine().drop_cached_prefixes();
    return call->respond({{"id_slot", slot}, {"n_erased", states[slot].session.ids.size()}});
  }
  if (action != "save" && action != "restore") {
    return call->fail(ApiError::bad_request("action: expected save, restore or erase", "action"));
  }
  if (service.options().session_folder.empty()) {
    return call->fail(
        ApiError::not_supported("sessions are not kept: the server was started without --slot-save-path"));
  }
  auto body = parse_body(call->request().body);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  const std::string name = fields.text("filename");
  if (!is_plain_name(name))
    return call->fail(ApiError::bad_request("filename: expected a plain file name", "filename"));
  if (action == "save") return save(call, slot, states[slot], name);
  restore(call, slot, name);
}

void post_reset_cache(const CallPtr& call) {
  call->engine().drop_cached_prefixes();
  call->respond(Json::object({{"success", true}}));
}

}  // namespace sirocco::api
