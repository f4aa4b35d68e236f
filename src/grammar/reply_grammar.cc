// SPDX-License-Identifier: Apache-2.0
#include "grammar/reply_grammar.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "grammar/harden_schema.h"
#include "grammar/mend_schema.h"
#include "grammar/schema_check.h"

namespace sirocco {
namespace {

using api::ApiError;
using api::ApiResult;
using api::FormKind;

constexpr size_t kMaxFormBytes = 512 << 10;  // of a schema, grammar or pattern
constexpr size_t kMostProperties = 1000;     // of one object: some two seconds of compiling
constexpr const char* kAnyObject = R"({"type": "object"})";

Json token(int32_t id) {
  return {{"type", "token"}, {"token", id}};
}
// Not XGrammar's any_text: that may only come last, and here markers, which are no text, follow.
Json any_text() {
  return {{"type", "grammar"}, {"grammar", R"(root ::= [\u0001-\U0010FFFF]*)"}};
}
Json constant(const std::string& text) {
  return {{"type", "const_string"}, {"value", text}};
}
Json sequence(Json elements) {
  return {{"type", "sequence"}, {"elements", std::move(elements)}};
}
Json one_of(Json elements) {
  if (elements.size() == 1) return std::move(elements[0]);
  return {{"type", "or"}, {"elements", std::move(elements)}};
}
Json optional(Json content) {
  return {{"type", "optional"}, {"content", std::move(content)}};
}

ApiResult<Json> schema_format(const std::string& text, const std::string& field, bool strict) {
  if (text.size() > kMaxFormBytes) {
    return api::fail_api(ApiError::bad_request(
        fmt::format("{}: {} bytes, the limit is {}", field, text.size(), kMaxFormBytes), field));
  }
  auto schema = parse_json(text, field);
  if (!schema) return api::fail_api(ApiError::bad_request(schema.error().message, field));
  schema = mend_schema(*std::move(schema));
  if (!schema->is_object() && !schema->is_boolean()) {
    return api::fail_api(ApiError::bad_request(field + ": expected a JSON schema", field));
  }
  if (const size_t properties = most_properties(*schema); properties > kMostProperties) {
    return api::fail_api(ApiError::bad_request(
        fmt::format("{}: an object with {} properties, the limit is {}", field, properties, kMostProperties), field));
  }
  const auto bad = inexpressible_keywords(*schema);
  if (strict && !bad.empty()) {
    return api::fail_api(ApiError::bad_request(
        fmt::format("{}: keywords that cannot be enforced: {}", field, fmt::join(bad, ", ")), field));
  }
  auto hard = harden_schema(*schema, strict ? UnsafePattern::refuse : UnsafePattern::leave_out);
  if (!hard)
    return api::fail_api(ApiError::bad_request(fmt::format("{}: {}", field, hard.error().message), field));
  return Json{{"type", "json_schema"}, {"json_schema", *std::move(hard)}};
}

ApiResult<Json> form_format(const api::Constraint& c) {
  if (c.form_text.size() > kMaxFormBytes) {
    return api::fail_api(ApiError::bad_request("the grammar or pattern is too long", c.form_field));
  }
  switch (c.form) {
    case FormKind::json_object:
      return schema_format(kAnyObject, c.form_field, true);
    case FormKind::json_schema:
      return schema_format(c.form_text, c.form_field, true);
    case FormKind::regex:
      if (repeats_too_deep(c.form_text))
        return api::fail_api(ApiError::bad_request(
            "regex: repetitions with two bounds may be nested twice, not more deeply", c.form_field));
      return Json{{"type", "regex"}, {"pattern", c.form_text}};
    case FormKind::ebnf:
    case FormKind::gbnf:
      return Json{{"type", "grammar"}, {"grammar", c.form_text}};
    case FormKind::choice: {
      Json list = Json::array();
      for (const std::string& alternative : c.alternatives) list.push_back(constant(alternative));
      return one_of(std::move(list));
    }
    case FormKind::any:
      break;
  }
  return any_text();
}

// The arguments of a tool. Of one that is not strict, what cannot be enforced is left to the model: one odd
// schema must not cost a client its other tools. The marks beside the schema are for
// write_schemas_as_grammars.
ApiResult<Json> arguments_format(const api::ToolSpec& tool) {
  auto format = schema_format(tool.parameters.empty() ? kAnyObject : tool.parameters,
                              fmt::format("tools.{}.parameters", tool.name), tool.strict);
  const bool loose = !format && !tool.strict;
  if (loose) format = schema_format(kAnyObject, "", false);
  if (!format) return format;
  (*format)["tool"] = tool.name;
  (*format)["strict"] = tool.strict;
  (*format)["loose"] = loose;
  return format;
}

ApiResult<Json> calls_format(const api::Constraint& c, const MarkerIds& markers) {
  Json calls = Json::array();
  for (const api::ToolSpec& tool : c.tools) {
    auto arguments = arguments_format(tool);
    if (!arguments) return arguments;
    calls.push_back(sequence(
        {token(markers.tool_calls), constant(tool.name), token(markers.arguments), *std::move(arguments)}));
  }
  Json call = one_of(std::move(calls));
  if (!c.parallel_calls) return call;
  return Json{{"type", "plus"}, {"content", std::move(call)}};
}

ApiResult<Json> body_format(const api::Constraint& c, const MarkerIds& markers) {
  const bool calls_known = markers.tool_calls >= 0 && markers.arguments >= 0;
  const bool may_call = calls_known && !c.tools.empty() && c.tool_choice != api::ToolChoice::none;
  auto form = form_format(c);
  if (!form || !may_call) return form;
  auto calls = calls_format(c, markers);
  if (!calls || c.tool_choice == api::ToolChoice::required) return calls;
  if (c.form == FormKind::any) return sequence({*std::move(form), optional(*std::move(calls))});
  return one_of({*std::move(form), *std::move(calls)});
}

}  // namespace

ApiResult<Json> structural_tag(const api::Constraint& c, const MarkerIds& markers) {
  auto body = body_format(c, markers);
  if (!body) return body;
  Json format = *std::move(body);
  if (c.chat && markers.think >= 0 && markers.end_think >= 0) {
    if (c.inside_thinking) {
      format = sequence({any_text(), token(markers.end_think), std::move(format)});
    } else if (c.thinking) {
      format = sequence({optional(sequence({token(markers.think), any_text(), token(markers.end_think)})),
                         std::move(format)});
    }
  }
  return Json{{"type", "structural_tag"}, {"format", std::move(format)}};
}

}  // namespace sirocco
