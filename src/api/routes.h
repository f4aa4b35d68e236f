// SPDX-License-Identifier: Apache-2.0
// The table of routes: every path that the server answers, once. openapi.json describes the same table
// (tests/api/openapi_test.cc holds them together).
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "api/call.h"

namespace sirocco::api {

struct Route {
  std::string_view method;
  std::string_view path;  // "/v1/responses/{id}"
  void (*handle)(const CallPtr& call);
  bool open = false;          // needs no key
  bool needs_engine = false;  // 503 while loading; a new one is refused while draining
  bool quiet = false;         // probes: logged only when they fail
  Dialect dialect = Dialect::openai;
  bool takes_rest = false;  // the {…} at its end stands for all that is left of a path, slashes included
};

std::span<const Route> routes();
Dialect dialect_of(std::string_view path);  // in which the path answers, whatever the method

class Router {
 public:
  // Checks method, key and state, then hands the call to its route.
  static void dispatch(const CallPtr& call);
};

}  // namespace sirocco::api
