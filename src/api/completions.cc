// SPDX-License-Identifier: Apache-2.0
#include "api/completions.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "api/chat.h"
#include "api/chat_constraint.h"
#include "api/chat_writer.h"
#include "api/parts.h"
#include "api/prompts.h"
#include "api/surfaces.h"

namespace sirocco::api {
namespace {

// Answers of /v1/completions.
class CompletionWriter final : public ReplyWriter {
 public:
  struct Options {
    StreamFlags flags = {};
    int logprobs = -1;
    bool echo_logprobs = false;                         // the logprobs are of the prompt too
    bool prompt_logprobs = false;                       // vLLM's
    std::vector<std::string> echo = {};                 // [prompt] text in front of its answers, if asked for
    std::vector<std::vector<int32_t>> prompt_ids = {};  // [prompt] if asked for, or with echo
  };
  CompletionWriter(std::shared_ptr<Engine> engine, AnswerFacts facts, Options options)
      : engine_(std::move(engine)), facts_(std::move(facts)), options_(std::move(options)) {}

  std::string on_event(const Event& event, const Reply& so_far) override {
    const auto index = static_cast<size_t>(event.choice);
    if (const auto* progress = std::get_if<PromptProgress>(&event.what)) {
      if (!options_.flags.return_progress) return {};
      Json out = chunk(Json::array({choice(index, "")}));
      out["prompt_progress"] = progress_json(*progress);
      add_counts(out, options_.flags, so_far, index);
      return sse(out);
    }
    if (const auto* finish = std::get_if<Finish>(&event.what)) {
      Json item = choice(index, echo_once(index));
      item["finish_reason"] = openai_finish(finish->reason);
      item["stop_reason"] = stop_reason_json(*finish);
      Json out = chunk(Json::array({std::move(item)}));
      if (so_far.finished()) out["timings"] = timings_json(so_far);
      add_counts(out, options_.flags, so_far, index);
      return sse(out);
    }
    const Delta& delta = std::get<Delta>(event.what);
    Json item = choice(index, echo_once(index) + delta.content);
    if (options_.logprobs >= 0) {
      item["logprobs"] = logprobs(index, delta.prompt_logprobs, delta.logprobs);
    }
    if (options_.flags.return_token_ids) item["token_ids"] = delta.tokens;
    Json out = chunk(Json::array({std::move(item)}));
    add_counts(out, options_.flags, so_far, index);
    return sse(out);
  }

  std::string close(const Reply& reply) override {
    std::string out;
    if (options_.flags.include_usage) {
      Json last = chunk(Json::array());
      last["usage"] = usage_json(reply.usage(facts_.per_prompt));
      out = sse(last);
    }
    return out + "data: [DONE]\n\n";
  }

  std::string error(const ApiError& error) override {
    return sse(error_json(error, Dialect::openai)) + "data: [DONE]\n\n";
  }

  Json whole(const Reply& reply) override {
    Json choices = Json::array();
    for (size_t i = 0; i < reply.choices.size(); ++i) {
      const ChoiceReply& answer = reply.choices[i];
      const std::string echo = echo_once(i);
      Json item = choice(i, echo + answer.content);
      item["finish_reason"] = openai_finish(answer.finish->reason);
      item["stop_reason"] = stop_reason_json(*answer.finish);
      if (options_.logprobs >= 0) {
        const auto& of_prompt = reply.choices[i - i % facts_.per_prompt].prompt_logprobs;
        item["logprobs"] = logprobs(i, of_prompt, answer.logprobs);
      }
      if (options_.flags.return_token_ids) {
        item["token_ids"] = answer.tokens;
        item["prompt_token_ids"] = options_.prompt_ids[i / facts_.per_prompt];
      }
      if (options_.prompt_logprobs && !answer.prompt_logprobs.empty()) {
        item["prompt_logprobs"] = prompt_logprobs_json(*engine_, answer.prompt_logprobs);
      }
      choices.push_back(std::move(item));
    }
    Json out = chunk(std::move(choices));
    out["usage"] = usage_json(reply.usage(facts_.per_prompt));
    out["timings"] = timings_json(reply);
    return out;
  }

 private:
  Json chunk(Json choices) const {
    return {{"id", facts_.id},
            {"object", "text_completion"},
            {"created", facts_.created_s},
            {"model", facts_.model},
            {"system_fingerprint", system_fingerprint()},
            {"choices", std::move(choices)}};
  }
  static Json choice(size_t index, std::string text) {
    return {{"index", index}, {"text", std::move(text)}, {"logprobs", nullptr}, {"finish_reason", nullptr}};
  }
  // Of the next piece of an answer, and of the echoed prompt in front of the first.
  Json logprobs(size_t index, const std::vector<PositionLogprobs>& prompt,
                const std::vector<PositionLogprobs>& answer) {
    const bool as_ids = options_.flags.tokens_as_ids;
    Json out = completion_logprobs(*engine_, answer, said(index).characters, as_ids);
    if (!options_.echo_logprobs || prompt.empty()) return out;
    const std::vector<int32_t>& ids = options_.prompt_ids[index / facts_.per_prompt];
    const std::string first = engine_->detokenize(std::span(ids).first(1), false);
    size_t offset = characters(first);
    Json all = completion_logprobs(*engine_, prompt, offset, as_ids);
    all["tokens"].insert(all["tokens"].begin(), token_name(*engine_, ids[0], as_ids));
    all["token_logprobs"].insert(all["token_logprobs"].begin(), nullptr);
    all["top_logprobs"].insert(all["top_logprobs"].begin(), nullptr);
    all["text_offset"].insert(all["text_offset"].begin(), 0);
    for (const auto& [key, list] : out.items()) all[key].insert(all[key].end(), list.begin(), list.end());
    return all;
  }
  std::string echo_once(size_t index) {
    if (options_.echo.empty() || std::exchange(said(index).echoed, true)) return {};
    const std::string& text = options_.echo[index / facts_.per_prompt];
    said(index).characters += characters(text);
    return text;
  }
  // What a choice has said so far.
  struct Said {
    bool echoed = false;
    size_t characters = 0;  // of the echo and of the tokens that had log-probabilities
  };
  Said& said(size_t index) {
    if (said_.size() <= index) said_.resize(index + 1);
    return said_[index];
  }

  const std::shared_ptr<Engine> engine_;
  const AnswerFacts facts_;
  const Options options_;
  std::vector<Said> said_;  // [choice]
};

}  // namespace

ApiResult<PreparedRequest> prepare_text(Call& call, Fields& fields, int64_t default_tokens) {
  GenerateRequest request;
  request.format = ReplyFormat::text;
  request.max_tokens = default_tokens;
  std::vector<std::string> ignored;
  if (auto read = call.engine().read_fields(call.request().body, request, &ignored); !read) {
    return fail_api(ApiError::from(read.error()));
  }
  if (request.choices < 1 || request.choices > 128) {
    return fail_api(ApiError::bad_request("n: expected 1 to 128", "n"));
  }
  if (const auto skip = fields.boolean("skip_special_tokens"); skip && !*skip) request.keep_special = true;
  auto constraint = read_text_constraint(fields);
  if (!constraint) return fail_api(constraint.error());
  auto prepared = constrain(call.engine(), call.service().constraints() != nullptr, *std::move(constraint),
                            std::move(request));
  if (!prepared) return prepared;
  fields.ignore({"user", "best_of", "suffix", "echo", "n", "samplers", "n_keep",
                 "spaces_between_special_tokens", "reasoning_format", "response_fields"});
  call.note_ignored(fields.unread_of(std::move(ignored)));
  return prepared;
}

namespace {

// Entries of lists that each prompt gets a copy of; four bytes of text count as one.
size_t listed_tokens(const GenerateRequest& request) {
  const SamplingOptions& s = request.sampling;
  size_t count = s.logit_bias.size() + s.dry.breaker_tokens.size() + request.stop_tokens.size() +
                 request.allowed_tokens.size() + request.cache_salt.size() / 4;
  for (const auto* sequences : {&s.dry.breakers, &request.bad_words})
    for (const auto& tokens : *sequences) count += 8 + tokens.size();
  for (const std::string& stop : request.stop) count += 8 + stop.size() / 4;
  return count;
}

}  // namespace

std::optional<ApiError> refuse_many(Call& call, const GenerateRequest& request, size_t prompts) {
  // A short body may not ask for gigabytes of lists.
  constexpr size_t kMostAnswers = 8192, kMostListed = size_t{1} << 23;
  if (prompts == 1) return std::nullopt;
  const auto wrong = [&](size_t most, std::string_view what) {
    return ApiError::bad_request(
        fmt::format("prompt: expected at most {} prompts {}, got {}", most, what, prompts), "prompt");
  };
  const auto choices = static_cast<size_t>(request.choices);
  if (prompts * choices > kMostAnswers)
    return wrong(kMostAnswers / choices, fmt::format("with n = {}", choices));
  const size_t listed = listed_tokens(request);
  if (prompts * listed > kMostListed)
    return wrong(kMostListed / listed, fmt::format("with lists of {} tokens", listed));
  const auto most = static_cast<size_t>(std::max(call.service().options().max_queue_requests, 0));
  if (most == 0) return std::nullopt;
  if (prompts > most) return wrong(most, "(so many may wait)");
  if (static_cast<size_t>(call.engine().stats().waiting) + prompts <= most) return std::nullopt;
  return ApiError{.status = 429, .message = "the queue has no room for so many prompts", .retry_after_s = 1};
}

void post_completions(const CallPtr& call) {
  if (auto error = refuse_early(*call)) return call->fail(*error);
  auto body = parse_body(call->request().body);
  if (!body) return call->fail(body.error());
  Fields fields(*body);
  CompletionWriter::Options options{.flags = read_stream_flags(fields)};
  auto model = read_model(*call, fields);
  if (!model) return call->fail(model.error());
  PromptRules rules;
  rules.add_begin = fields.boolean("add_special_tokens").value_or(true);
  const bool echo = fields.flag("echo");
  const std::string suffix = fields.text("suffix");
  if (!suffix.empty() && (echo || fields.has("truncate_prompt_tokens"))) {
    return call->fail(
        ApiError::bad_request("suffix: not together with echo or truncate_prompt_tokens", "suffix"));
  }
  const Json* prompt = fields.any("prompt");
  if (!prompt) return call->fail(ApiError::bad_request("prompt: missing", "prompt"));
  auto prompts = suffix.empty() ? read_prompts(call->engine(), *prompt, rules)
                                : read_infill_prompts(call->engine(), *prompt, suffix);
  if (!prompts) return call->fail(prompts.error());
  fields.ignore({"truncate_prompt_tokens"});  // read below, once there are prompts
  auto prepared = prepare_text(*call, fields, 16);
  if (!prepared) return call->fail(prepared.error());
  if (fields.error()) return call->fail(*fields.error());

  GenerateRequest& request = prepared->request;
  if (auto error = refuse_many(*call, request, prompts->size())) return call->fail(*error);
  options.logprobs = request.logprobs;
  options.prompt_logprobs = request.prompt_logprobs >= 0;
  options.echo_logprobs = echo && request.logprobs >= 0;
  if (options.echo_logprobs) request.prompt_logprobs = std::max(request.prompt_logprobs, request.logprobs);
  GenerationPlan plan = plan_of(std::move(prepared->constraint), options.flags);
  for (std::vector<int32_t>& ids : *prompts) {
    plan.requests.push_back(request);
    plan.requests.back().prompt = std::move(ids);
    if (auto error = truncate_prompt(call->engine(), fields, plan.requests.back())) return call->fail(*error);
    const std::vector<int32_t>& kept = plan.requests.back().prompt;
    if (echo) options.echo.push_back(call->engine().detokenize(kept, request.keep_special));
    if (echo || options.flags.return_token_ids) options.prompt_ids.push_back(kept);
  }
  AnswerFacts facts{.id = "cmpl-" + random_id(24),
                    .model = *model,
                    .created_s = now_s(),
                    .per_prompt = static_cast<size_t>(request.choices)};
  plan.writer =
      std::make_unique<CompletionWriter>(call->service().engine(), std::move(facts), std::move(options));
  run_generation(call, std::move(plan));
}

}  // namespace sirocco::api
