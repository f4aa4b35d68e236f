// SPDX-License-Identifier: Apache-2.0
#include "request_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <vector>

#include "grammar/grammar.h"

namespace sirocco {

RequestReader::RequestReader(const Engine& engine, const RequestFlags& flags)
    : flags_(flags), reader_(engine, [&engine] { return make_constraint_compiler(engine); }) {}

Result<GenerateRequest> RequestReader::read(std::string_view json, const std::string& where) {
  std::vector<std::string> ignored;
  auto request = reader_.read(with_request_fields(flags_, json), ignored);
  if (!request) return request;
  if (request->choices != 1)
    return bad_input(fmt::format("n: {}, expected 1: `run` gives one answer to a request", request->choices));
  if (request->logprobs >= 0) ignored.push_back("logprobs");
  if (request->prompt_logprobs >= 0) ignored.push_back("prompt_logprobs");
  if (!ignored.empty()) fmt::print(stderr, "{}: ignored: {}\n", where, fmt::join(ignored, ", "));
  return request;
}

}  // namespace sirocco
