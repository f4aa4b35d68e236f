// SPDX-License-Identifier: Apache-2.0
// Requests as real clients sent them (tests/clients/record.py), replayed against the fake engine; the answers
// must stay what they were, up to ids and times. Where an answer changes on purpose, the test leaves the new
// file in its working directory: look at the difference, then copy it over.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <regex>
#include <set>

#include "api/test_server.h"

namespace sirocco {
namespace {

std::string without_chance(std::string text) {
  static const std::pair<std::regex, const char*> kRules[] = {
      {std::regex(R"re(\b(chatcmpl-|cmpl-|resp_|msg_|rs_|fc_|item_|req_)[A-Za-z0-9]{16,})re"), "$1*"},
      {std::regex(R"re("(id|call_id)":"[A-Za-z0-9]{9}")re"), "\"$1\":\"*\""},
      {std::regex(R"re("(created|created_at)":[0-9]+)re"), "\"$1\":0"},
      {std::regex(R"re("([a-z_]*(_ms|_per_second))":[-+.e0-9]+)re"), "\"$1\":0"},
  };
  for (const auto& [pattern, replacement] : kRules) text = std::regex_replace(text, pattern, replacement);
  return text;
}

// Pieces of a stream come as the reader's pace has it: neighbours that only differ in text are one.
bool is_piece(const std::string& key, const Json& value) {
  static const std::set<std::string> kPieces = {
      "content", "reasoning_content", "reasoning", "arguments", "delta", "text", "thinking", "partial_json"};
  return value.is_string() && kPieces.contains(key);
}

bool fold(Json& into, const Json& next, bool check_only) {
  if (into.type() != next.type()) return false;
  if (!into.is_structured()) return into == next;
  if (into.is_array()) {
    if (into.size() != next.size()) return false;
    for (size_t i = 0; i < into.size(); ++i) {
      if (!fold(into[i], next[i], check_only)) return false;
    }
    return true;
  }
  for (const auto& [key, value] : next.items()) {
    if (key == "sequence_number") continue;
    if (!into.contains(key)) return false;
    if (is_piece(key, value)) {
      if (!check_only) into[key] = into[key].get<std::string>() + value.get<std::string>();
    } else if (!fold(into[key], value, check_only)) {
      return false;
    }
  }
  // Later pieces of a call name neither id nor function.
  const bool call = into.contains("function") || into.contains("name");
  for (const auto& [key, value] : into.items()) {
    if (!next.contains(key) && !(call && (key == "id" || key == "type" || key == "name"))) return false;
  }
  return true;
}

// Choices of one answer stream as they come: their events are told apart, one choice after the other.
int choice_of(const Json& event) {
  if (!event.contains("choices")) return 0;
  return event["choices"].empty() ? std::numeric_limits<int>::max() : event["choices"][0].value("index", 0);
}

std::string folded(const HttpAnswer& answer) {
  if (!answer.headers.contains("content-type") || answer.headers.at("content-type") != "text/event-stream") {
    return answer.body;
  }
  std::vector<Json> events = answer.events(), kept;
  std::ranges::stable_sort(events, {}, choice_of);
  for (Json& event : events) {
    if (!kept.empty() && fold(kept.back(), event, true)) {
      fold(kept.back(), event, false);
    } else {
      kept.push_back(std::move(event));
    }
  }
  std::string text;
  for (Json& event : kept) {
    event.erase("sequence_number");
    text += event.dump() + "\n";
  }
  return text + answer.body.substr(answer.body.size() - 14);
}

TEST(Exchanges, AnswersRecordedClientsAsBefore) {
  const std::string name = "exchanges.jsonl";
  std::ifstream recorded(std::string(SIROCCO_SOURCE_DIR) + "/tests/golden/serve/" + name);
  ASSERT_TRUE(recorded.is_open());
  TestServer server;
  std::string fresh;
  bool same = true;
  int count = 0;
  for (std::string line; std::getline(recorded, line); ++count) {
    Json exchange = Json::parse(line);
    const std::string client = "User-Agent: " + exchange["client"].get<std::string>() + "\r\n";
    const HttpAnswer answer =
        fetch(server.port(), exchange["method"], exchange["path"], exchange["body"], client);
    const std::string body = without_chance(folded(answer));
    EXPECT_EQ(exchange["status"], answer.status) << line;
    EXPECT_EQ(exchange["answer"], body) << exchange["client"];
    same = same && exchange["status"] == answer.status && exchange["answer"] == body;
    exchange["status"] = answer.status;
    exchange["answer"] = body;
    fresh += exchange.dump() + "\n";
  }
  EXPECT_GE(count, 10);
  if (!same) std::ofstream(name) << fresh;
}

}  // namespace
}  // namespace sirocco
