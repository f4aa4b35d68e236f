// SPDX-License-Identifier: Apache-2.0
#include "chat_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "answer_printer.h"
#include "conversation.h"
#include "exit_codes.h"
#include "interrupt.h"
#include "line_editor.h"
#include "model_flags.h"
#include "model_loading.h"
#include "refuse.h"
#include "request_flags.h"
#include "request_reader.h"

namespace sirocco {
namespace {

constexpr const char* kHelp =
    "/help            this list\n"
    "/reset           forget what was said\n"
    "/system [TEXT]   set the system prompt, or remove it\n"
    "/effort LEVEL    none, or high to think before answering\n"
    "/image FILE      show a picture with the next message\n"
    "/save FILE       write the conversation\n"
    "/load FILE       read one\n"
    "/exit            leave (Ctrl-D too)\n"
    "Ctrl-C stops an answer. A line that ends in \\ goes on in the next one; a paste is one message.\n";

class Chat {
 public:
  Chat(Engine& engine, const RequestFlags& flags, const std::string& session_path,
       std::vector<std::string> pictures)
      : engine_(engine), flags_(flags), session_path_(session_path), pictures_(std::move(pictures)) {
    talk_.system = flags.system;
    talk_.effort = flags.reasoning_effort;
    if (!session_path.empty()) resume();
  }

  int run() {
    const InterruptGuard guard;
    if (editor_.on_terminal())
      fmt::print("{}, context {} tokens. /help lists commands.\n", engine_.info().model_name,
                 engine_.info().context_tokens);
    for (std::string line;;) {
      const LineEditor::Status status = editor_.read(line);
      if (status == LineEditor::Status::end) break;
      if (status == LineEditor::Status::interrupted) {
        InterruptGuard::take();  // one that comes behind a whole line is meant for its answer
        fmt::print("\n(/exit or Ctrl-D leaves)\n");
        continue;
      }
      if (line.empty()) continue;
      if (line == "/exit" || line == "/quit") break;
      if (line.front() == '/')
        command(line);
      else
        turn(line);
    }
    if (editor_.on_terminal()) fmt::print("\n");
    if (!session_path_.empty()) keep();
    return failed_ ? kExitError : kExitDone;
  }

 private:
  void turn(const std::string& text) {
    talk_.ask(text, pictures_);
    RequestFlags flags = flags_;
    flags.reasoning_effort = talk_.effort;
    const nlohmann::ordered_json json = talk_.request();
    auto request = RequestReader(engine_, flags)
                       .read(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace), "message");
    Session said = request ? session_of(*request) : Session();
    auto stream = request ? engine_.submit(std::move(*request)) : Result<Stream>(forward_error(request));
    if (!stream) {
      complain(stream.error().message);
      talk_.answer({});
      return;  // pictures_ stay for another try, or for /reset
    }
    pictures_.clear();
    const PrintedAnswer printed = print_answer(*stream, {});
    said_ = std::move(said);
    said_.ids.insert(said_.ids.end(), printed.answer.tokens.begin(), printed.answer.tokens.end());
    talk_.answer(printed.answer);
    const Finish& finish = printed.answer.finish;
    if (finish.reason == FinishReason::error) complain(finish.error);
    const bool dim = ::isatty(STDERR_FILENO) == 1;
    fmt::print(stderr, "{}{}{}{}\n", dim ? "\x1b[2m" : "", printed.interrupted ? "stopped; " : "",
               footer(finish), dim ? "\x1b[0m" : "");
  }

  // A session is the conversation as JSON and, beside it, the cache pages that it made.
  std::string pages_path() const { return session_path_ + ".pages"; }
  void resume() {
    if (::access(session_path_.c_str(), F_OK) != 0) return;  // a new one
    if (const auto loaded = talk_.load(session_path_); !loaded) return complain(loaded.error().message);
    const auto session = engine_.restore_session(pages_path());
    if (session)
      say(fmt::format("{} turns, {} tokens in the cache", talk_.turns(), session->ids.size()));
    else
      say(fmt::format("{} turns; to be computed again: {}", talk_.turns(), session.error().message));
  }
  void keep() {
    if (const auto saved = talk_.save(session_path_); !saved) complain(saved.error().message);
    if (said_.ids.empty()) return;
    if (const auto saved = engine_.save_session(said_, pages_path()); !saved)
      complain(saved.error().message);
  }

  void command(const std::string& line) {
    const size_t name_end = std::min(line.find(' '), line.size());
    const std::string name = line.substr(0, name_end);
    const std::string argument = line.substr(std::min(line.find_first_not_of(' ', name_end), line.size()));
    if (name == "/help") return fmt::print("{}", kHelp);
    if (name == "/reset") return talk_.forget(), pictures_.clear(), say("forgotten");
    if (name == "/image") return show(argument);
    if (name == "/system")
      return talk_.system = argument, say(argument.empty() ? "no system prompt" : "system prompt set");
    if (name == "/effort") return set_effort(argument);
    if (name == "/save" || name == "/load") return file(name, argument);
    complain(name + " is no command; /help lists them");
  }
  void show(const std::string& path) {
    if (path.empty()) return complain("/image: expected a file name");
    const auto picture = engine_.picture(path);
    if (!picture) return complain(picture.error().message);
    pictures_.push_back(path);
    say(fmt::format("{} picture tokens with the next message", picture->ids.size()));
  }
  void set_effort(const std::string& level) {
    if (level != "none" && level != "high") return complain("/effort: expected none or high");
    talk_.effort = level;
    say("effort " + level);
  }
  void file(const std::string& name, const std::string& path) {
    if (path.empty()) return complain(name + ": expected a file name");
    const auto done = name == "/save" ? talk_.save(path) : talk_.load(path);
    if (!done) return complain(done.error().message);
    say(fmt::format("{} turns {} {}", talk_.turns(), name == "/save" ? "written to" : "read from", path));
  }
  void say(const std::string& text) { fmt::print("{}\n", text); }
  void complain(const std::string& text) {
    refuse({ErrorKind::bad_input, text});
    failed_ = !editor_.on_terminal();  // a script wants to know
  }

  Engine& engine_;
  const RequestFlags& flags_;
  const std::string& session_path_;
  Session said_;  // prompt and answer of the last turn
  Conversation talk_;
  std::vector<std::string> pictures_;  // paths, for the next message
  LineEditor editor_;
  bool failed_ = false;
};

}  // namespace

void add_chat_command(CLI::App& app, int& exit_code) {
  struct Options {
    EngineOptions engine;
    RequestFlags request;
    std::string session;
    std::vector<std::string> pictures;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("chat", "talk to a model");
  add_engine_flags(*command, options->engine);
  add_request_flags(*command, options->request);
  command->add_option("--session", options->session, "file to go on from and to keep the conversation in");
  command
      ->add_option("--image", options->pictures,
                   "a picture for the first message; may be given more than once")
      ->allow_extra_args(false);
  command->footer(std::string("Within the chat:\n") + kHelp + "\n" + kExitCodesHelp);
  command->callback([options, &exit_code] {
    auto engine = load_engine(options->engine);
    if (!engine) {
      exit_code = refuse(engine.error());
      return;
    }
    exit_code = Chat(**engine, options->request, options->session, options->pictures).run();
  });
}

}  // namespace sirocco
