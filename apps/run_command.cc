// SPDX-License-Identifier: Apache-2.0
#include "run_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "answer_printer.h"
#include "exit_codes.h"
#include "input.h"
#include "interrupt.h"
#include "model_flags.h"
#include "model_loading.h"
#include "picture_files.h"
#include "refuse.h"
#include "request_flags.h"
#include "request_lines.h"
#include "request_reader.h"

namespace sirocco {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kJsonHelp =
    "The object of --json, and each line of --jsonl: text, reasoning, tool_calls (id, function: name, arguments),\n"
    "tokens (ids), finish_reason, usage and timings as the server's, logits_hash (equal hashes: the last logits\n"
    "were equal to the bit), and error where there is one; a line that was refused has error alone.\n\n";

struct RunOptions {
  EngineOptions engine;
  RequestFlags request;
  std::string prompt;
  std::vector<std::string> pictures;  // paths
  std::string request_file;
  std::string jsonl_file;
  bool raw = false;
  bool json = false;
};

// What the flags add is the reader's to add.
std::string chat_json(const RunOptions& options) {
  Json request;
  request["messages"] = Json::array();
  if (!options.request.system.empty())
    request["messages"].push_back({{"role", "system"}, {"content", options.request.system}});
  request["messages"].push_back(
      {{"role", "user"}, {"content", content_with_pictures(options.pictures, options.prompt)}});
  return request.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<GenerateRequest> raw_request(const Engine& engine, const RunOptions& options) {
  GenerateRequest request;
  request.prompt = engine.tokenize(options.prompt,
                                   {.add_begin = !options.prompt.starts_with("<s>"), .parse_special = true});
  request.format = ReplyFormat::text;
  Json fields = Json::object();
  set_request_fields(options.request, fields);
  if (auto ok = engine.read_fields(fields.dump(), request); !ok) return forward_error(ok);
  return request;
}

Result<GenerateRequest> make_request(const Engine& engine, const RunOptions& options) {
  if (options.raw) return raw_request(engine, options);
  RequestReader reader(engine, options.request);
  if (options.request_file.empty()) return reader.read(chat_json(options), "prompt");
  auto text = read_input(options.request_file);
  if (!text) return forward_error(text);
  const std::string name = options.request_file == "-" ? "standard input" : options.request_file;
  auto request = reader.read(*text, name);
  if (!request) return fail(request.error().kind, name + ": " + request.error().message);
  return request;
}

int answer_one(Engine& engine, const RunOptions& options) {
  auto request = make_request(engine, options);
  if (!request) return refuse(request.error());
  auto stream = engine.submit(std::move(*request));
  if (!stream) return refuse(stream.error());
  const InterruptGuard guard;
  const PrintedAnswer printed = print_answer(*stream, {.text = !options.json});
  const Finish& finish = printed.answer.finish;
  if (options.json)
    fmt::print("{}\n", answer_json(printed.answer).dump(-1, ' ', false, Json::error_handler_t::replace));
  fmt::print(stderr, "{}\n", footer(finish));
  if (printed.interrupted) return kExitInterrupted;
  return finish.reason == FinishReason::error ? refuse({ErrorKind::bad_input, finish.error}) : kExitDone;
}

int run(RunOptions& options) {
  const bool needs_prompt = options.request_file.empty() && options.jsonl_file.empty();
  if (needs_prompt && (options.prompt.empty() || options.prompt == "-")) {
    if (::isatty(STDIN_FILENO) == 1) fmt::print(stderr, "Type the prompt; Ctrl-D ends it.\n");
    options.prompt = standard_input();
    while (options.prompt.ends_with('\n')) options.prompt.pop_back();
    if (options.prompt.empty()) return refuse({ErrorKind::bad_input, "the prompt is empty"});
  }
  if (!options.jsonl_file.empty() && options.jsonl_file != "-" &&
      ::access(options.jsonl_file.c_str(), R_OK) != 0)
    return refuse({ErrorKind::not_found, options.jsonl_file + ": cannot be opened"});
  auto engine = load_engine(options.engine);
  if (!engine) return refuse(engine.error());
  if (options.jsonl_file.empty()) return answer_one(**engine, options);
  return answer_lines(**engine, options.jsonl_file, options.request);
}

}  // namespace

void add_run_command(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* command = app.add_subcommand("run", "answer a prompt, a request or a file of requests");
  add_engine_flags(*command, options->engine);
  auto* prompt = command->add_option("PROMPT", options->prompt, "the user's message; left out or -: standard input");
  auto* image = command
                    ->add_option("--image", options->pictures,
                                 "a picture for the message, in front of its text; may be given more than once")
                    ->allow_extra_args(false);
  add_request_flags(*command, options->request);
  auto* raw = command->add_flag("--raw", options->raw,
                                "no chat layout, and temperature 1 by default; control tokens in the prompt such "
                                "as [INST] are real");
  raw->excludes(image);
  add_json_flag(*command, options->json);
  auto* request = command->add_option("--request", options->request_file,
                                      "a file with an OpenAI chat request, read as the server does; -: standard input");
  auto* jsonl = command->add_option("--jsonl", options->jsonl_file,
                                    "a file of such requests, one a line, or -: standard input; a result line each, "
                                    "in order");
  request->excludes(jsonl);
  for (auto* file : {request, jsonl})
    file->excludes(prompt)->excludes(raw)->excludes(image)->excludes(command->get_option("--system"));
  command->footer(std::string(kJsonHelp) + kExitCodesHelp);
  command->callback([options, &exit_code] { exit_code = run(*options); });
}

}  // namespace sirocco
