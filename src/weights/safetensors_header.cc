// SPDX-License-Identifier: Apache-2.0
// A streaming handler rather than a document: duplicate names are seen (a document would keep one of them),
// depth is known, and a hostile header costs no more memory than the records it spells.
#include "weights/safetensors_header.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "base/printable.h"

namespace sirocco {
namespace {

constexpr size_t kMaxRank = 8;

class HeaderHandler : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit HeaderHandler(const std::string& path) : path_(path) {}

  std::vector<SafetensorsRecord> take_records() { return std::move(records_); }
  Error error() const { return Error{ErrorKind::bad_input, message_}; }

  bool start_object(size_t) override {
    switch (state_) {
      case State::start:
        state_ = State::names;
        return true;
      case State::tensor_value:
        state_ = State::fields;
        return true;
      case State::metadata_value:
        state_ = State::metadata;
        return true;
      default:
        return unexpected("an object");
    }
  }

  bool key(string_t& text) override {
    if (state_ == State::names) return open_entry(text);
    if (state_ == State::metadata) return true;
    return open_field(text);
  }

  bool end_object() override {
    if (state_ == State::metadata) {
      state_ = State::names;
      return true;
    }
    if (state_ == State::names) {
      state_ = State::done;
      return true;
    }
    const SafetensorsRecord& record = records_.back();
    if (!seen_dtype_) return missing("dtype");
    if (!seen_shape_) return missing("shape");
    if (record.data_offsets.size() != 2)
      return refuse(
          fmt::format("{}: data_offsets: {} numbers, expected 2", tensor(), record.data_offsets.size()));
    state_ = State::names;
    return true;
  }

  bool start_array(size_t) override {
    if (state_ == State::shape_value)
      state_ = State::shape;
    else if (state_ == State::offsets_value)
      state_ = State::offsets;
    else
      return unexpected("an array");
    return true;
  }

  bool end_array() override {
    state_ = State::fields;
    return true;
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (state_ == State::shape) {
      if (records_.back().shape.size() == kMaxRank)
        return refuse(fmt::format("{}: shape: expected at most {} dimensions", tensor(), kMaxRank));
      records_.back().shape.push_back(value);
      return true;
    }
    if (state_ == State::offsets) {
      if (records_.back().data_offsets.size() == 2)
        return refuse(fmt::format("{}: data_offsets: more than 2 numbers", tensor()));
      records_.back().data_offsets.push_back(value);
      return true;
    }
    return unexpected("a number");
  }

  bool string(string_t& text) override {
    if (state_ == State::metadata) return true;
    if (state_ != State::dtype_value) return unexpected("a string");
    records_.back().dtype = text;
    state_ = State::fields;
    return true;
  }

  bool number_integer(number_integer_t value) override { return unexpected(fmt::format("{}", value)); }
  bool number_float(number_float_t, const string_t& text) override { return unexpected(printable(text, 40)); }
  bool null() override { return unexpected("null"); }
  bool boolean(bool) override { return unexpected("a boolean"); }
  bool binary(binary_t&) override { return unexpected("bytes"); }

  bool parse_error(size_t, const std::string&, const nlohmann::json::exception& e) override {
    return refuse(fmt::format("header: {}", printable(e.what())));
  }

 private:
  enum class State {
    start,
    names,
    tensor_value,
    metadata_value,
    metadata,
    fields,
    dtype_value,
    shape_value,
    shape,
    offsets_value,
    offsets,
    done,
  };

  bool open_entry(const std::string& name) {
    if (name == "__metadata__") {
      if (std::exchange(seen_metadata_, true)) return refuse("header: __metadata__ occurs twice");
      state_ = State::metadata_value;
      return true;
    }
    if (!names_.insert(name).second)
      return refuse(fmt::format("tensor '{}': the name occurs twice", printable(name)));
    records_.push_back({.name = name, .dtype = {}, .shape = {}, .data_offsets = {}});
    seen_dtype_ = seen_shape_ = seen_offsets_ = false;
    state_ = State::tensor_value;
    return true;
  }

  bool open_field(const std::string& field) {
    bool* seen = nullptr;
    if (field == "dtype") {
      seen = &seen_dtype_;
      state_ = State::dtype_value;
    } else if (field == "shape") {
      seen = &seen_shape_;
      state_ = State::shape_value;
    } else if (field == "data_offsets") {
      seen = &seen_offsets_;
      state_ = State::offsets_value;
    } else {
      return refuse(
          fmt::format("{}: field '{}', expected dtype, shape or data_offsets", tensor(), printable(field)));
    }
    if (std::exchange(*seen, true))
      return refuse(fmt::format("{}: {} occurs twice", tensor(), printable(field)));
    return true;
  }

  const char* expected() const {
    switch (state_) {
      case State::start:
        return "an object";
      case State::tensor_value:
        return "an object with dtype, shape and data_offsets";
      case State::metadata_value:
        return "an object of strings";
      case State::metadata:
        return "strings in __metadata__";
      case State::dtype_value:
        return "dtype to be a string";
      case State::shape_value:
      case State::shape:
        return "shape to be an array of whole numbers below 2^64";
      case State::offsets_value:
      case State::offsets:
        return "data_offsets to be two whole numbers below 2^64";
      default:
        return "nothing";
    }
  }

  std::string tensor() const { return fmt::format("tensor '{}'", printable(records_.back().name)); }
  bool missing(const char* field) { return refuse(fmt::format("{}: {} is missing", tensor(), field)); }
  bool unexpected(std::string_view found) {
    const bool inside = state_ != State::start && state_ != State::names && state_ != State::metadata &&
                        state_ != State::metadata_value;
    return refuse(fmt::format("{}: found {}, expected {}", inside ? tensor() : "header", found, expected()));
  }
  bool refuse(std::string_view what) {
    if (message_.empty()) message_ = fmt::format("{}: {}", path_, what);
    return false;
  }

  const std::string& path_;
  State state_ = State::start;
  bool seen_metadata_ = false, seen_dtype_ = false, seen_shape_ = false, seen_offsets_ = false;
  std::unordered_set<std::string> names_;
  std::vector<SafetensorsRecord> records_;
  std::string message_;
};

}  // namespace

Result<std::vector<SafetensorsRecord>> parse_safetensors_header(std::string_view json,
                                                                const std::string& path) {
  HeaderHandler handler(path);
  if (!nlohmann::json::sax_parse(json.begin(), json.end(), &handler))
    return tl::unexpected<Error>(handler.error());
  return handler.take_records();
}

}  // namespace sirocco
