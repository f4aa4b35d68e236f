// SPDX-License-Identifier: Apache-2.0
#include "api/chat_reader.h"

#include <utility>

#include "api/chat.h"
#include "api/parts.h"

namespace sirocco::api {
namespace {

ApiResult<PreparedRequest> prepare(const Engine& engine, bool have_grammars, std::string_view json) {
  auto body = parse_body(json);
  if (!body) return fail_api(body.error());
  Fields fields(*body);
  read_stream_flags(fields);  // how an answer travels, and which name it bears, means nothing here
  fields.ignore({"model"});
  auto prepared = prepare_chat(engine, have_grammars, *body, json, fields);
  if (prepared && fields.error()) return fail_api(*fields.error());
  return prepared;
}

tl::unexpected<Error> plain(const ApiError& error) {
  return bad_input(error.message);
}

}  // namespace

ChatReader::ChatReader(const Engine& engine, MakeCompiler make_compiler)
    : engine_(engine), make_compiler_(std::move(make_compiler)) {}

Result<GenerateRequest> ChatReader::read(std::string_view json, std::vector<std::string>& ignored) {
  auto prepared = prepare(engine_, true, json);
  // Only now is it known whether a compiler is needed, which takes a look at the whole vocabulary to make.
  if (prepared && prepared->constraint && !compiler()) prepared = prepare(engine_, false, json);
  if (!prepared) return plain(prepared.error());
  if (prepared->constraint) {
    auto compiled = compile(*prepared->constraint);
    if (!compiled) return forward_error(compiled);
    prepared->request.mask = std::move(compiled->mask);
    ignored.insert(ignored.end(), compiled->ignored.begin(), compiled->ignored.end());
  }
  ignored.insert(ignored.end(), prepared->ignored.begin(), prepared->ignored.end());
  return std::move(prepared->request);
}

ConstraintCompiler* ChatReader::compiler() {
  if (make_compiler_) compiler_ = std::exchange(make_compiler_, {})();
  return compiler_.get();
}

Result<Compiled> ChatReader::compile(const Constraint& constraint) {
  auto begun = compiler()->begin(constraint);
  if (!begun) return plain(begun.error());
  if (begun->ready) return *std::move(begun->ready);
  auto made = begun->run();
  if (!made) return plain(made.error());
  return *std::move(made);
}

}  // namespace sirocco::api
