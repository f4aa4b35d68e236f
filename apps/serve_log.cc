// SPDX-License-Identifier: Apache-2.0
#include "serve_log.h"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>

namespace sirocco {
namespace {

std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// key=value, quoted where a reader would stumble.
std::string as_pairs(const Json& fields) {
  std::string out;
  for (const auto& [key, value] : fields.items()) {
    const bool bare = value.is_string() &&
                      value.get_ref<const std::string&>().find_first_of(" \"\n=") == std::string::npos &&
                      !value.get_ref<const std::string&>().empty();
    out += fmt::format(" {}={}", key, bare ? value.get<std::string>() : to_text(value));
  }
  return out;
}

spdlog::level::level_enum spd(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::info:
      break;
  }
  return spdlog::level::info;
}

}  // namespace

struct ServeLog::Parts {
  bool json;
  spdlog::logger logger;
};

ServeLog::ServeLog(bool json, bool verbose)
    : parts_(
          new Parts{json, spdlog::logger("serve", std::make_shared<spdlog::sinks::stderr_color_sink_mt>())}) {
  parts_->logger.set_level(verbose ? spdlog::level::debug : spdlog::level::info);
  parts_->logger.set_pattern(json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v})"
                                  : "%H:%M:%S.%e %^%-7l%$ %v");
}

ServeLog::~ServeLog() = default;

void ServeLog::write(LogLevel level, std::string_view event, const Json& fields) {
  if (!parts_->json) {
    parts_->logger.log(spd(level), "{}{}", event, as_pairs(fields));
    return;
  }
  Json line = {{"event", event}};
  line.update(fields);
  const std::string text = to_text(line);
  parts_->logger.log(spd(level), "{}", std::string_view(text).substr(1, text.size() - 2));
}

void ServeLog::write(LogLevel level, std::string_view message) {
  if (!parts_->json) {
    parts_->logger.log(spd(level), "{}", message);
    return;
  }
  write(level, "message", {{"text", message}});
}

void ServeLog::flush() {
  parts_->logger.flush();
}

}  // namespace sirocco
