// SPDX-License-Identifier: Apache-2.0
// llama-server's own /completion and /infill.
#include <algorithm>

#include "api/completions.h"
#include "api/native_prompts.h"
#include "api/parts.h"
#include "api/settings.h"
#include "api/surfaces.h"

namespace sirocco::api {
namespace {

const char* stop_type(const Finish& finish) {
  if (finish.reason == FinishReason::length || finish.reason == FinishReason::timeout) return "limit";
  return finish.stop_string.empty() ? "eos" : "word";
}

class NativeWriter final : public ReplyWriter {
 public:
  struct Options {
    StreamFlags flags = {};
    int logprobs = -1;
    std::vector<std::string> prompts = {};          // [prompt] as text
    std::vector<std::string> response_fields = {};  // what the answer is cut down to, unless empty
    bool as_list = false;  // the client sent a list of prompts: it gets a list of answers
    Json settings = {};    // generation_settings
  };
  NativeWriter(std::shared_ptr<Engine> engine, AnswerFacts facts, Options options)
      : engine_(std::move(engine)), facts_(std::move(facts)), options_(std::move(options)) {}

  void on_slot(int slot) override { facts_.slot = slot; }

  std::string on_event(const Event& event, const Reply& so_far) override {
    const auto index = static_cast<size_t>(event.choice);
    if (const auto* progress = std::get_if<PromptProgress>(&event.what)) {
      if (!options_.flags.return_progress) return {};
      Json out = piece(index, "", so_far);
      out["prompt_progress"] = progress_json(*progress);
      return sse(out);
    }
    if (std::holds_alternative<Finish>(event.what))
      return sse(only_wanted(last(index, so_far.choices[index], "", so_far)));
    const Delta& delta = std::get<Delta>(event.what);
    Json out = piece(index, delta.content, so_far);
    if (options_.flags.return_token_ids) out["tokens"] = delta.tokens;
    if (options_.logprobs >= 0) out["completion_probabilities"] = probabilities(delta.logprobs);
    if (options_.flags.timings_per_token) out["timings"] = timings_json(so_far, index);
    return sse(out);
  }
  std::string close(const Reply&) override { return {}; }  // llama-server sends no [DONE] here
  std::string error(const ApiError& error) override { return sse(error_json(error, Dialect::openai)); }

  Json whole(const Reply& reply) override {
    Json list = Json::array();
    for (size_t i = 0; i < reply.choices.size(); ++i) {
      const ChoiceReply& choice = reply.choices[i];
      Json item = last(i, choice, choice.content, reply);
      if (options_.flags.return_token_ids) item["tokens"] = choice.tokens;
      if (options_.logprobs >= 0) item["completion_probabilities"] = probabilities(choice.logprobs);
      list.push_back(only_wanted(item));
    }
    if (!options_.as_list && list.size() == 1) return list[0];
    return list;
  }

 private:
  Json piece(size_t index, std::string content, const Reply& so_far) const {
    const Usage usage = so_far.usage_of(index);
    return {{"index", index},
            {"content", std::move(content)},
            {"tokens", Json::array()},
            {"stop", false},
            {"id_slot", facts_.slot},
            {"tokens_predicted", usage.completion_tokens},
            {"tokens_evaluated", usage.prompt_tokens}};
  }

  Json probabilities(const std::vector<PositionLogprobs>& positions) const {
    return native_logprobs(*engine_, positions, options_.flags.tokens_as_ids);
  }

  // "a/b" takes b out of a, and keeps the whole path as its name.
  Json only_wanted(const Json& answer) const {
    if (options_.response_fields.empty()) return answer;
    Json out = Json::object();
    for (const std::string& path : options_.response_fields) {
      const Json* at = &answer;
      std::string_view rest = path;
      while (at && !rest.empty()) {
        const std::string name(rest.substr(0, rest.find('/')));
        rest.remove_prefix(std::min(rest.size(), name.size() + 1));
        at = at->is_object() && at->contains(name) ? &(*at)[name] : nullptr;
      }
      if (at && !path.empty()) out[path] = *at;
    }
    return out;
  }

  Json last(size_t index, const ChoiceReply& choice, std::string content, const Reply& reply) const {
    const Finish& finish = *choice.finish;
    Json out = piece(index, std::move(content), reply);
    out["stop"] = true;
    out["model"] = facts_.model;
    out["generation_settings"] = options_.settings;
    out["prompt"] = options_.prompts[index / facts_.per_prompt];
    out["has_new_line"] = choice.broke_line;
    out["truncated"] = false;
    out["stop_type"] = stop_type(finish);
    out["stopping_word"] = finish.stop_string;
    out["tokens_cached"] = finish.usage.prompt_tokens + finish.usage.completion_tokens;
    out["timings"] = timings_json(reply, index);
    if (!choice.prompt_logprobs.empty())
      out["prompt_logprobs"] = prompt_logprobs_json(*engine_, choice.prompt_logprobs);
    return out;
  }

  const std::shared_ptr<Engine> engine_;
  AnswerFacts facts_;
  const Options options_;
};

void run_native(const CallPtr& call, Fields& fields, std::vector<NativePrompt> prompts, bool as_list) {
  NativeWriter::Options options{.flags = read_stream_flags(fields), .as_list = as_list};
  auto model = read_model(*call, fields);
  if (!model) return call->fail(model.error());
  if (const Json* names = fields.array("response_fields")) {
    for (const Json& name : *names) {
      if (!name.is_string()) fields.reject("response_fields", "expected a list of strings");
      if (name.is_string()) options.response_fields.push_back(name.get<std::string>());
    }
  }
  auto prepared = prepare_text(*call, fields, -1);
  if (!prepared) return call->fail(prepared.error());
  if (fields.error()) return call->fail(*fields.error());
  GenerateRequest& request = prepared->request;
  if (auto error = refuse_many(*call, request, prompts.size())) return call->fail(*error);
  request.sampling.temperature_last = true;
  options.logprobs = request.logprobs;
  options.settings = settings_json(request);
  GenerationPlan plan = plan_of(std::move(prepared->constraint), options.flags);
  for (NativePrompt& prompt : prompts) {
    options.prompts.push_back(call->engine().detokenize(prompt.ids, true));
    plan.requests.push_back(request);
    plan.requests.back().prompt = std::move(prompt.ids);
    plan.requests.back().pictures = std::move(prompt.pictures);
  }
  AnswerFacts facts{.id = call->id(),
                    .model = *model,
                    .created_s = now_s(),
                    .per_prompt = static_cast<size_t>(request.choices)};
  plan.writer =
      std::make_unique<NativeWriter>(call->service().engine(), std::move(facts), std::move(options));
  run_generation(call, std::move(plan));
}

}  // namespace

void post_native_completion(const CallPtr& call) {
  if (auto error = refuse_early(*call)) return call->fail(*error);
  auto body = parse_body(call->request().body);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  const Json* prompt = fields.any("prompt");
  if (!prompt) return call->fail(ApiError::bad_request("prompt: missing", "prompt"));
  auto prompts = read_native_prompts(call->engine(), fields, *prompt);
  if (!prompts) return call->fail(prompts.error());
  const bool as_list = prompt->is_array() && !(*prompt)[0].is_number() && prompts->size() > 1;
  run_native(call, fields, *std::move(prompts), as_list);
}

void post_infill(const CallPtr& call) {
  if (auto error = refuse_early(*call)) return call->fail(*error);
  auto body = parse_body(call->request().body);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  std::string before;
  if (const Json* extra = fields.array("input_extra")) {
    for (const Json& file : *extra) {
      Fields inner(file, "input_extra[].");
      before += inner.text("filename") + "\n" + inner.text("text") + "\n";
      if (inner.error()) return call->fail(*inner.error());
    }
  }
  const std::string prefix = before + fields.text("input_prefix");
  const std::string middle = fields.text("prompt");
  const std::string suffix = fields.text("input_suffix");
  if (fields.error()) return call->fail(*fields.error());
  if (prefix.empty() && suffix.empty()) {
    return call->fail(ApiError::bad_request("input_prefix: missing, and so is input_suffix", "input_prefix"));
  }
  auto ids = call->engine().infill_prompt(prefix + middle, suffix);
  if (!ids) return call->fail(ApiError::not_supported(ids.error().message));
  std::vector<NativePrompt> prompts;
  prompts.push_back({*std::move(ids), {}});
  run_native(call, fields, std::move(prompts), false);
}

}  // namespace sirocco::api
