// SPDX-License-Identifier: Apache-2.0
#include "api/fake_engine.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include "base/json.h"
#include "sirocco/reasoning_effort.h"

namespace sirocco {
namespace {

constexpr int32_t kFirstByte = 1000;
constexpr std::pair<std::string_view, int32_t> kControls[] = {
    {"<s>", 1},       {"</s>", 2},           {"[INST]", 3},
    {"[/INST]", 4},   {"[TOOL_RESULTS]", 7}, {"[TOOL_CALLS]", 9},
    {"[IMG]", 10},    {"[IMG_BREAK]", 12},   {"[IMG_END]", 13},
    {"[PREFIX]", 14}, {"[SUFFIX]", 16},      {"[ARGS]", 32},
    {"[THINK]", 34},  {"[/THINK]", 35},      {"[SYSTEM_PROMPT]", 17}};

std::string text_of(const Json& message) {
  const Json& content = message.contains("content") ? message["content"] : Json("");
  if (content.is_string()) return content.get<std::string>();
  std::string text;
  for (const Json& part : content.is_array() ? content : Json::array()) text += part.value("text", "");
  return text;
}

}  // namespace

const char* version() {
  return "0.0.0";
}

struct FakeEngine::Live {
  struct Choice {
    std::vector<Delta> script;  // what is still to come, one a step
    size_t next = 0;
    bool over = false;
    Usage usage;
  };
  GenerateRequest request;
  std::shared_ptr<StreamState> state;
  std::vector<Choice> choices;
  int prompt_steps = 0;
  bool running = false;
};

FakeEngine::FakeEngine(FakeOptions options) : options_(options) {
  info_.model_name = "fake";
  info_.model_path = "/models/fake";
  info_.architecture = "fake";
  info_.tokenizer = "v15";
  info_.isa = "none";
  info_.vocabulary = kFirstByte + 256;
  info_.context_tokens = options_.context_tokens;
  info_.max_position_embeddings = 1 << 20;
  info_.cache_pages = 100;
  info_.max_sequences = options_.max_running;
  info_.vision = true;
  info_.infill = options_.infill;
  info_.begin_token = 1;
  info_.end_token = 2;
  info_.memory_plan = "nothing to plan";
  thread_ = std::thread([this] { run(); });
}

FakeEngine::~FakeEngine() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  arrived_.notify_all();
  thread_.join();
}

EngineStats FakeEngine::stats() const {
  const std::lock_guard lock(mutex_);
  EngineStats out = stats_;
  for (const Live& live : live_) ++(live.running ? out.running : out.waiting);
  out.pages_held = out.running;
  out.pages_free = info_.cache_pages - out.running;
  return out;
}

Result<void> FakeEngine::read_fields(std::string_view text, GenerateRequest& request,
                                     std::vector<std::string>* ignored) const {
  auto json = parse_json(text, "request");
  if (!json) return forward_error(json);
  for (const auto& [key, value] : json->items()) {
    if (key == "max_tokens" || key == "max_completion_tokens" || key == "n_predict") {
      if (!value.is_number()) return bad_input(key + ": expected an integer");
      request.max_tokens = value.get<int64_t>();
    } else if (key == "n") {
      request.choices = value.get<int>();
    } else if (key == "stop") {
      if (value.is_string()) request.stop = {value.get<std::string>()};
      if (value.is_array()) request.stop = value.get<std::vector<std::string>>();
    } else if (key == "logprobs") {
      request.logprobs = value.is_boolean() ? (value.get<bool>() ? 0 : -1) : value.get<int>();
    } else if (key == "logit_bias") {
      request.sampling.logit_bias.resize(value.size());  // only how many there are
    } else if (key == "prompt_logprobs") {
      request.prompt_logprobs = value.get<int>();
    } else if (key == "return_progress") {
      request.report_progress = value.get<bool>();
    } else if (key == "temperature") {
      if (!value.is_number()) return bad_input("temperature: expected a number");
      request.sampling.temperature = value.get<double>();
    } else if (ignored && key != "messages" && key != "model" && key != "stream" && key != "prompt") {
      ignored->push_back(key);
    }
  }
  return {};
}

Result<GenerateRequest> FakeEngine::chat_request(std::string_view text, ChatRules,
                                                 std::vector<std::string>* ignored) const {
  GenerateRequest request;
  auto json = parse_json(text, "request");
  if (!json) return forward_error(json);
  if (auto read = read_fields(text, request, ignored); !read) return forward_error(read);
  request.prompt.push_back(1);
  const auto add = [&](int32_t marker, const std::string& body) {
    if (marker > 0) request.prompt.push_back(marker);
    for (const char c : body) request.prompt.push_back(kFirstByte + static_cast<unsigned char>(c));
  };
  for (const Json& message : (*json)["messages"]) {
    if (!message.is_object()) return bad_input("messages: expected objects");
    for (const Json& part : message.value("content", Json()).is_array() ? message["content"] : Json::array()) {
      if (part.value("type", "") != "image_url") continue;
      const Json& image = part["image_url"];
      auto shown = picture((image.is_string() ? image : image["url"]).get<std::string>());
      if (!shown) return forward_error(shown);
      shown->picture.first_token = static_cast<int64_t>(request.prompt.size());
      request.prompt.insert(request.prompt.end(), shown->ids.begin(), shown->ids.end());
      request.pictures.push_back(shown->picture);
    }
    const std::string role = message.value("role", "");
    if (role == "user") {
      add(3, text_of(message));
    } else if (role == "tool") {
      add(7, text_of(message));
    } else if (role == "system") {
      add(17, text_of(message));
    } else if (role == "assistant") {
      add(0, text_of(message));
      for (const Json& call : message.value("tool_calls", Json::array())) add(9, call["function"]["name"]);
    } else {
      return bad_input("messages: unknown role \"" + role + "\"");
    }
  }
  request.prompt.push_back(4);
  const std::string effort = json->value("reasoning_effort", "none");
  if (effort_thinks(effort)) request.thinking_tokens = 1 << 20;
  return request;
}

Result<PictureTokens> FakeEngine::picture(std::string_view url) const {
  if (!url.starts_with("data:image/")) return bad_input("image_url: only data: URLs are taken here");
  PictureTokens shown{{10, 10, 12, 10, 10, 13}, {}};
  shown.picture.tokens = 6;
  const uint64_t hash = std::hash<std::string_view>()(url);
  std::memcpy(shown.picture.content_hash.data(), &hash, sizeof hash);
  return shown;
}

std::vector<int32_t> FakeEngine::tokenize(std::string_view text, const TokenizeOptions& options) const {
  std::vector<int32_t> ids;
  if (options.add_begin) ids.push_back(1);
  while (!text.empty()) {
    const auto* control = std::find_if(std::begin(kControls), std::end(kControls), [&](const auto& entry) {
      return options.parse_special && text.starts_with(entry.first);
    });
    const bool found = control != std::end(kControls);
    ids.push_back(found ? control->second : kFirstByte + static_cast<unsigned char>(text[0]));
    text.remove_prefix(found ? control->first.size() : 1);
  }
  return ids;
}

Result<std::vector<int32_t>> FakeEngine::infill_prompt(std::string_view prefix, std::string_view suffix) const {
  if (!info_.infill) return fail(ErrorKind::unsupported, "this vocabulary has no fill-in-the-middle");
  const std::string text = "[SUFFIX]" + std::string(suffix) + "[PREFIX]" + std::string(prefix);
  return tokenize(text, {.add_begin = true, .parse_special = true});
}

std::string FakeEngine::token_bytes(int32_t id) const {
  if (id >= kFirstByte && id < kFirstByte + 256) return std::string(1, static_cast<char>(id - kFirstByte));
  for (const auto& [name, control] : kControls) {
    if (control == id) return std::string(name);
  }
  return {};
}

std::string FakeEngine::detokenize(std::span<const int32_t> ids, bool spell_special) const {
  std::string text;
  for (const int32_t id : ids) {
    if (id >= kFirstByte || spell_special) text += token_bytes(id);
  }
  return text;
}

std::string FakeEngine::script_of(const GenerateRequest& request) const {
  if (request.format == ReplyFormat::text) return "and so on";
  size_t begin = 0, end = request.prompt.size();
  for (size_t i = 0; i < request.prompt.size(); ++i) {
    if (request.prompt[i] == 3 || request.prompt[i] == 7) begin = i + 1;
  }
  return detokenize(std::span(request.prompt).subspan(begin, end - begin), false);
}

Result<Stream> FakeEngine::submit(GenerateRequest request) {
  Live live;
  const std::string said = script_of(request);
  live.state = std::make_shared<StreamState>(request.choices);
  live.prompt_steps = options_.prompt_steps;
  for (int i = 0; i < request.choices; ++i) {
    Live::Choice choice;
    const auto letters = [&](const std::string& text, std::string Delta::*field) {
      for (const char c : text) {
        Delta delta;
        delta.*field = std::string(1, c);
        delta.tokens = {kFirstByte + static_cast<unsigned char>(c)};
        if (request.logprobs >= 0) {
          const bool content = field == &Delta::content;
          delta.logprobs.push_back({.chosen = {delta.tokens[0], -0.5F}, .top = {}, .in_content = content});
          for (int32_t k = 0; k < request.logprobs; ++k)
            delta.logprobs[0].top.push_back({kFirstByte + 'A' + k, -0.1F * static_cast<float>(k + 1)});
        }
        choice.script.push_back(std::move(delta));
      }
    };
    const auto call = [&](int index, const std::string& name, const std::string& arguments) {
      Delta first;
      first.tokens = {9};
      first.tool_calls.push_back({.index = index, .name = name, .arguments = ""});
      choice.script.push_back(first);
      for (const char c : arguments) {
        Delta delta;
        delta.tokens = {kFirstByte + static_cast<unsigned char>(c)};
        delta.tool_calls.push_back({.index = index, .name = "", .arguments = std::string(1, c)});
        choice.script.push_back(delta);
      }
    };
    if (request.thinking_tokens > 0) letters("Hm.", &Delta::reasoning);
    if (said.starts_with("call ")) {
      const size_t space = said.find(' ', 5);
      call(0, said.substr(5, space - 5), space == std::string::npos ? "{}" : said.substr(space + 1));
    } else if (said == "two calls") {
      call(0, "first", R"({"a": 1})");
      call(1, "second", R"({"b": 2})");
    } else if (request.format == ReplyFormat::text) {
      letters(said, &Delta::content);
    } else if (said != "fail" && said != "contradict" && said != "forever") {
      letters("You said: " + said, &Delta::content);
    }
    if (request.prompt_logprobs >= 0 && i == 0 && !choice.script.empty())
      for (size_t t = 1; t < request.prompt.size(); ++t)
        choice.script[0].prompt_logprobs.push_back({.chosen = {request.prompt[t], -0.25F}, .top = {}});
    live.choices.push_back(std::move(choice));
  }
  Stream stream(live.state);
  {
    const std::lock_guard lock(mutex_);
    const auto waiting = std::count_if(live_.begin(), live_.end(), [](const Live& l) { return !l.running; });
    if (waiting >= options_.max_waiting) return fail(ErrorKind::resource, "the queue is full");
    live.request = std::move(request);
    live_.push_back(std::move(live));
  }
  arrived_.notify_all();
  return stream;
}

bool FakeEngine::step(Live& live) {
  const std::string said = script_of(live.request);
  const auto finish = [&](size_t index, FinishReason reason) {
    Live::Choice& choice = live.choices[index];
    choice.over = true;
    Finish what;
    what.reason = reason;
    if (reason == FinishReason::error) what.error = "the model fell over";
    what.request_at_fault = reason == FinishReason::error && said == "contradict";
    if (what.request_at_fault) what.error = "the request's constraints leave no token to sample";
    what.usage = choice.usage;
    what.usage.prompt_tokens = static_cast<int64_t>(live.request.prompt.size());
    what.timings.predicted_tokens = choice.usage.completion_tokens;
    live.state->add({.choice = static_cast<int>(index), .what = what});
    ++stats_.requests_finished[static_cast<int>(reason)];
  };
  const bool left = live.state->cancelled();
  if (left || stop_) {
    for (size_t i = 0; i < live.choices.size(); ++i) {
      if (!live.choices[i].over) finish(i, FinishReason::cancelled);
    }
    cancelled += left ? 1 : 0;
    return true;
  }
  if (live.prompt_steps-- > 0) {
    const auto total = static_cast<int64_t>(live.request.prompt.size());
    if (live.request.report_progress)
      live.state->add({.choice = 0, .what = PromptProgress{total, 0, total, 1.0}});
    stats_.prompt_tokens += static_cast<uint64_t>(total);
    return false;
  }
  bool all_over = true;
  for (size_t i = 0; i < live.choices.size(); ++i) {
    Live::Choice& choice = live.choices[i];
    if (choice.over) continue;
    if (said == "fail" || said == "contradict") {
      finish(i, FinishReason::error);
    } else if (live.request.max_tokens >= 0 && choice.usage.completion_tokens >= live.request.max_tokens) {
      finish(i, FinishReason::length);
    } else if (said == "forever") {
      Delta delta;
      delta.content = "all work and no play makes a dull model; ";
      delta.tokens = {kFirstByte + 'a'};
      ++choice.usage.completion_tokens;
      live.state->add({.choice = static_cast<int>(i), .what = delta});
    } else if (choice.next == choice.script.size()) {
      const bool calls = !choice.script.empty() && !choice.script.back().tool_calls.empty();
      finish(i, calls ? FinishReason::tool_calls : FinishReason::stop);
    } else {
      const Delta& delta = choice.script[choice.next++];
      ++choice.usage.completion_tokens;
      choice.usage.reasoning_tokens += delta.reasoning.empty() ? 0 : 1;
      ++stats_.predicted_tokens;
      live.state->add({.choice = static_cast<int>(i), .what = delta});
    }
    all_over = all_over && choice.over;
  }
  return all_over;
}

void FakeEngine::run() {
  std::unique_lock lock(mutex_);
  while (!stop_ || !live_.empty()) {
    arrived_.wait(lock, [&] { return stop_ || !live_.empty(); });
    int running = 0;
    for (auto it = live_.begin(); it != live_.end();) {
      const bool left = it->state->cancelled();  // also in the queue
      it->running = running < options_.max_running;
      if (!it->running && !left && !stop_) {
        ++it;
        continue;
      }
      ++running;
      it = step(*it) ? live_.erase(it) : std::next(it);
    }
    ++stats_.steps;
    lock.unlock();
    std::this_thread::sleep_for(options_.step);
    lock.lock();
  }
}

Result<int64_t> FakeEngine::save_session(const Session& session, const std::string& path) {
  std::ofstream out(path);
  out << session.pictures.size();
  for (const PicturePlace& p : session.pictures) {
    out << ' ' << p.first_token << ' ' << p.tokens;
    for (const int byte : p.content_hash) out << ' ' << byte;
  }
  for (const int32_t id : session.ids) out << ' ' << id;
  return std::ssize(session.ids);
}

Result<Session> FakeEngine::restore_session(const std::string& path) {
  std::ifstream in(path);
  if (!in) return fail(ErrorKind::not_found, path + ": no such file");
  Session session;
  size_t pictures = 0;
  in >> pictures;
  session.pictures.resize(pictures);
  for (PicturePlace& p : session.pictures) {
    in >> p.first_token >> p.tokens;
    for (uint8_t& byte : p.content_hash) {
      int value = 0;
      in >> value;
      byte = static_cast<uint8_t>(value);
    }
  }
  for (int32_t id = 0; in >> id;) session.ids.push_back(id);
  return session;
}

}  // namespace sirocco
