// SPDX-License-Identifier: Apache-2.0
#include "request_lines.h"

#include <fmt/format.h>

#include <cstdio>
#include <deque>
#include <optional>

#include "answer_printer.h"
#include "exit_codes.h"
#include "input.h"
#include "interrupt.h"
#include "refuse.h"
#include "request_reader.h"
#include "stopwatch.h"

namespace sirocco {
namespace {

using Json = nlohmann::ordered_json;

struct Pending {
  std::optional<Stream> stream;
  std::string error;  // when there is none
};

class Lines {
 public:
  Lines(Engine& engine, const RequestFlags& flags) : engine_(engine), reader_(engine, flags) {}

  // Keeps as many requests going as the engine takes; a full queue waits for the oldest answer.
  bool submit(const std::string& line, size_t number) {
    auto request = reader_.read(line, fmt::format("line {}", number));
    if (!request) {
      pending_.push_back({std::nullopt, request.error().message});
      return true;
    }
    for (;;) {
      auto stream = engine_.submit(*request);
      if (stream) {
        pending_.push_back({std::move(*stream), {}});
        return true;
      }
      if (stream.error().kind != ErrorKind::resource || pending_.empty()) {
        pending_.push_back({std::nullopt, stream.error().message});
        return true;
      }
      if (!print_oldest()) return false;
    }
  }
  bool print_all() {
    while (!pending_.empty())
      if (!print_oldest()) return false;
    return true;
  }
  bool failed() const { return failed_; }
  const Finish& total() const { return total_; }

 private:
  bool print_oldest() {
    Pending oldest = std::move(pending_.front());
    pending_.pop_front();
    Json json;
    if (oldest.stream) {
      const PrintedAnswer printed = print_answer(*oldest.stream, {.text = false});
      if (printed.interrupted) return false;
      json = answer_json(printed.answer);
      failed_ |= printed.answer.finish.reason == FinishReason::error;
      add(printed.answer.finish);
    } else {
      json = {{"error", oldest.error}};
      failed_ = true;
    }
    fmt::print("{}\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
    std::fflush(stdout);
    return true;
  }
  void add(const Finish& finish) {
    total_.usage.cached_tokens += finish.usage.cached_tokens;
    total_.timings.prompt_tokens += finish.timings.prompt_tokens;
    total_.timings.predicted_tokens += finish.timings.predicted_tokens;
    total_.logits_hash = finish.logits_hash;
  }

  Engine& engine_;
  RequestReader reader_;
  std::deque<Pending> pending_;
  bool failed_ = false;
  Finish total_;
};

}  // namespace

int answer_lines(Engine& engine, const std::string& path, const RequestFlags& flags) {
  const InterruptGuard guard;
  const auto begin = Clock::now();
  Lines lines(engine, flags);
  bool interrupted = false;
  const auto read = for_each_line(path, [&](const std::string& line, size_t number) {
    interrupted = !lines.submit(line, number);
    return !interrupted;
  });
  if (!read) return refuse(read.error());
  if (interrupted || !lines.print_all()) return kExitInterrupted;
  const double elapsed_s = seconds_since(begin);
  const Timings& t = lines.total().timings;
  fmt::print(
      stderr,
      "{} prompt tokens ({} cached), {} answer tokens in {:.2f} s: {:.1f} tok/s together, logits {:016x}\n",
      t.prompt_tokens, lines.total().usage.cached_tokens, t.predicted_tokens, elapsed_s,
      elapsed_s > 0.0 ? static_cast<double>(t.predicted_tokens) / elapsed_s : 0.0,
      lines.total().logits_hash);
  return lines.failed() ? kExitError : kExitDone;
}

}  // namespace sirocco
