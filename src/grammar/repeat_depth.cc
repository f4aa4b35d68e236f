// SPDX-License-Identifier: Apache-2.0
#include "grammar/repeat_depth.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <unordered_map>
#include <vector>

namespace sirocco {
namespace {

constexpr int kDeepest = 2;
constexpr double kMostRounds = 1000;

struct Use {  // of a rule in the body of another
  std::string_view rule;
  double rounds = 1;  // n of {m, n}, where n > m
};

struct Rule {
  std::vector<Use> uses;
  // Of the deepest nesting at and below it: how many repetitions, and how often they go round together.
  int depth = 0;
  double rounds = 1;
  enum { unseen, open, done } state = unseen;
};

using Rules = std::unordered_map<std::string_view, Rule>;

bool names(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

// "{1, 5}" -> 5; "{3, 3}", "{2, -1}" and what is no repetition -> 1.
double rounds_of(std::string_view text) {
  if (!text.starts_with('{')) return 1;
  const size_t comma = text.find(','), end = text.find('}');
  if (comma == std::string_view::npos || end == std::string_view::npos || comma > end) return 1;
  int least = 0, most = 0;
  std::from_chars(text.data() + 1, text.data() + comma, least);
  const size_t number = std::min(text.find_first_not_of(' ', comma + 1), end);
  std::from_chars(text.data() + number, text.data() + end, most);
  return most > least ? most : 1;
}

// The rules that a body names, outside of literals and classes.
std::vector<Use> uses_of(std::string_view body) {
  std::vector<Use> uses;
  char closing = 0;  // of the literal or class that the scan is inside
  for (size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (closing != 0) {
      if (c == '\\')
        ++i;
      else if (c == closing)
        closing = 0;
    } else if (c == '"' || c == '[') {
      closing = c == '"' ? '"' : ']';
    } else if (names(c)) {
      size_t end = i;
      while (end < body.size() && names(body[end])) ++end;
      uses.push_back({body.substr(i, end - i), rounds_of(body.substr(end))});
      i = end - 1;
    } else if (c == '{') {
      i = std::min(body.find('}', i), body.size());
    }
  }
  return uses;
}

Rules rules_of(std::string_view grammar) {
  constexpr std::string_view kIs = " ::= ";
  Rules rules;
  while (!grammar.empty()) {
    const size_t end = std::min(grammar.find('\n'), grammar.size());
    const std::string_view line = grammar.substr(0, end);
    grammar.remove_prefix(std::min(end + 1, grammar.size()));
    if (const size_t is = line.find(kIs); is != std::string_view::npos)
      rules[line.substr(0, is)].uses = uses_of(line.substr(is + kIs.size()));
  }
  return rules;
}

void take_depth(Rule& rule, const Rules& rules) {
  for (const Use& use : rule.uses) {
    const auto inner = rules.find(use.rule);
    const int depth = (inner == rules.end() ? 0 : inner->second.depth) + (use.rounds > 1 ? 1 : 0);
    const double rounds = (inner == rules.end() ? 1 : inner->second.rounds) * use.rounds;
    rule.depth = std::max(rule.depth, depth);
    rule.rounds = std::max(rule.rounds, std::min(rounds, 1e100));
  }
}

}  // namespace

bool repeats_multiply(std::string_view grammar) {
  Rules rules = rules_of(grammar);
  for (auto& [name, first] : rules) {
    std::vector<Rule*> path{&first};  // depth first, without recursion: a chain may have thousands of rules
    while (!path.empty()) {
      Rule& rule = *path.back();
      if (rule.state == Rule::unseen) {
        rule.state = Rule::open;
        for (const Use& use : rule.uses)
          if (const auto inner = rules.find(use.rule); inner != rules.end() && inner->second.state == Rule::unseen)
            path.push_back(&inner->second);
        continue;
      }
      path.pop_back();
      if (rule.state == Rule::done) continue;
      rule.state = Rule::done;
      take_depth(rule, rules);
      if (rule.depth > kDeepest && rule.rounds > kMostRounds) return true;
    }
  }
  return false;
}

}  // namespace sirocco
