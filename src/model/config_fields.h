// SPDX-License-Identifier: Apache-2.0
// ConfigFields: typed, bounded access to one JSON object of a configuration. The first thing wrong sticks and
// names file, field, expected and actual; later reads return a default, so that callers read
// every field in a row and ask once.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "sirocco/result.h"

namespace sirocco {

// Bounds that no model of this decade nears; they keep twice the count of all parameters within 63 bits. What grows
// with a context besides (cache, attention) does not fit at every bound and saturates (model/sizes.h).
inline constexpr int64_t kMaxLayers = 1024;
inline constexpr int64_t kMaxHidden = 1 << 18;
inline constexpr int64_t kMaxWidth = 1 << 20;
inline constexpr int64_t kMaxHeads = 4096;
inline constexpr int64_t kMaxHeadDim = 1 << 14;
inline constexpr int64_t kMaxExperts = 4096;
inline constexpr int64_t kMaxVocabulary = 1 << 24;
inline constexpr int64_t kMaxPositions = int64_t{1} << 31;  // positions are int32 in a Batch

class ConfigFields {
 public:
  // The root of a document; `where` is its file. A root that is no object is an error.
  ConfigFields(const Json& object, std::string where);

  // Absent and null are the same. Without fallback the field must be there.
  int64_t integer(const char* key, int64_t low, int64_t high);
  int64_t integer(const char* key, int64_t low, int64_t high, int64_t fallback);
  double number(const char* key, double low, double high);
  double number(const char* key, double low, double high, double fallback);
  bool boolean(const char* key, bool fallback);
  std::string text(const char* key, std::string_view fallback);

  bool has(const char* key) const { return find(key) != nullptr; }
  // The object under `key`, sharing this one's error; nullopt when absent or null (or no object: an error).
  std::optional<ConfigFields> object(const char* key);

  void refuse(std::string_view key, std::string_view what, ErrorKind kind = ErrorKind::bad_input);
  const std::optional<Error>& error() const { return *error_; }

 private:
  ConfigFields(const Json* object, std::string where, std::string prefix,
               std::shared_ptr<std::optional<Error>> error);
  const Json* find(const char* key) const;

  const Json* object_;  // null when the root is no object
  std::string where_;
  std::string prefix_;  // "moe." inside of moe
  std::shared_ptr<std::optional<Error>> error_;
};

}  // namespace sirocco
