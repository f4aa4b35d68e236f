// SPDX-License-Identifier: Apache-2.0
#include "answer_printer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "interrupt.h"

namespace sirocco {
namespace {

class Printer {
 public:
  void print(const Delta& delta) {
    if (!delta.reasoning.empty()) {
      if (!thinking_ && dim_) fmt::print(stderr, "\x1b[2m");
      thinking_ = true;
      fmt::print(stderr, "{}", delta.reasoning);
      std::fflush(stderr);
    }
    if (delta.content.empty() && delta.tool_calls.empty()) return;
    end_thinking();
    fmt::print("{}", delta.content);
    if (!delta.content.empty()) at_line_start_ = delta.content.back() == '\n';
    for (const ToolCallDelta& call : delta.tool_calls) {
      if (!call.name.empty()) {
        start_line();
        fmt::print("[tool call] {} ", call.name);
      }
      fmt::print("{}", call.arguments);
      at_line_start_ = false;
    }
    std::fflush(stdout);
  }
  void end() {
    end_thinking();
    start_line();
    std::fflush(stdout);
  }

 private:
  void end_thinking() {
    if (!thinking_) return;
    thinking_ = false;
    fmt::print(stderr, "{}\n\n", dim_ ? "\x1b[0m" : "");
    std::fflush(stderr);
  }
  void start_line() {
    if (!at_line_start_) fmt::print("\n");
    at_line_start_ = true;
  }

  bool dim_ = ::isatty(STDERR_FILENO) == 1;
  bool thinking_ = false;
  bool at_line_start_ = true;
};

}  // namespace

PrintedAnswer print_answer(Stream& stream, const PrintOptions& options) {
  PrintedAnswer printed;
  Printer printer;
  while (!stream.ended()) {
    if (InterruptGuard::take()) {
      printed.interrupted = true;
      stream.cancel();
    }
    const auto event = stream.next_within(std::chrono::milliseconds(50));
    if (!event) continue;
    if (const auto* delta = std::get_if<Delta>(&event->what)) {
      printed.answer.add(*delta);
      if (options.text) printer.print(*delta);
    } else if (const auto* finish = std::get_if<Finish>(&event->what)) {
      printed.answer.finish = *finish;
    }
  }
  if (options.text) printer.end();
  return printed;
}

}  // namespace sirocco
