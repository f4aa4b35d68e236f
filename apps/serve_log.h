// SPDX-License-Identifier: Apache-2.0
// The server's log: one line an event on standard error, as text or as JSON.
#pragma once

#include <memory>
#include <string_view>

#include "base/json.h"
#include "sirocco/options.h"

namespace sirocco {

class ServeLog {
 public:
  ServeLog(bool json, bool verbose);
  ~ServeLog();
  void write(LogLevel level, std::string_view event, const Json& fields);
  void write(LogLevel level, std::string_view message);
  void flush();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sirocco
