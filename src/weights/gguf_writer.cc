// SPDX-License-Identifier: Apache-2.0
#include "weights/gguf_writer.h"

#include <bit>
#include <limits>

#include "base/check.h"
#include "weights/gguf_types.h"

namespace sirocco {
namespace {

static_assert(std::endian::native == std::endian::little);

enum class ValueType : uint32_t {
  uint16 = 2,
  uint32 = 4,
  int32 = 5,
  float32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  uint64 = 10,
  int64 = 11,
};

class HeaderText {
 public:
  template <class T>
  void put(T value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  void put_string(const std::string& value) {
    put<uint64_t>(value.size());
    text_ += value;
  }
  void put_type(ValueType type) { put(static_cast<uint32_t>(type)); }

  // Readers elsewhere insist on 16 bits for these two keys of split files.
  void put_scalar(const std::string& key, const GgufValue::Scalar& scalar) {
    const auto* integer = std::get_if<uint64_t>(&scalar);
    if (integer != nullptr && (key == "split.no" || key == "split.count")) {
      put_type(ValueType::uint16), put(static_cast<uint16_t>(*integer));
      return;
    }
    std::visit([this](const auto& value) { put_typed(value); }, scalar);
  }
  void put_array(const GgufValue::Array& array) {
    put_type(ValueType::array);
    std::visit([this](const auto& values) { put_elements(values); }, array);
  }

  std::string take() {
    text_.resize((text_.size() + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment, '\0');
    return std::move(text_);
  }

 private:
  static bool fits(uint64_t value) { return value <= std::numeric_limits<uint32_t>::max(); }
  static bool fits(int64_t value) {
    return value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
  }
  static ValueType type_of(uint64_t, bool narrow) { return narrow ? ValueType::uint32 : ValueType::uint64; }
  static ValueType type_of(int64_t, bool narrow) { return narrow ? ValueType::int32 : ValueType::int64; }

  template <class Integer>
  void put_integer(Integer value, bool narrow) {
    if (narrow) {
      put(static_cast<uint32_t>(value));
    } else {
      put(value);
    }
  }
  void put_typed(uint64_t value) { put_type(type_of(value, fits(value))), put_integer(value, fits(value)); }
  void put_typed(int64_t value) { put_type(type_of(value, fits(value))), put_integer(value, fits(value)); }
  void put_typed(double value) { put_type(ValueType::float32), put(static_cast<float>(value)); }
  void put_typed(bool value) { put_type(ValueType::boolean), put<uint8_t>(value); }
  void put_typed(const std::string& value) { put_type(ValueType::string), put_string(value); }

  template <class Integer>
  void put_elements(const std::vector<Integer>& values) {
    bool narrow = true;
    for (const Integer value : values) narrow = narrow && fits(value);
    put_type(type_of(Integer{}, narrow));
    put<uint64_t>(values.size());
    for (const Integer value : values) put_integer(value, narrow);
  }
  void put_elements(const std::vector<double>& values) {
    put_type(ValueType::float32), put<uint64_t>(values.size());
    for (const double value : values) put(static_cast<float>(value));
  }
  void put_elements(const std::vector<bool>& values) {
    put_type(ValueType::boolean), put<uint64_t>(values.size());
    for (const bool value : values) put<uint8_t>(value);
  }
  void put_elements(const std::vector<std::string>& values) {
    put_type(ValueType::string), put<uint64_t>(values.size());
    for (const std::string& value : values) put_string(value);
  }

  std::string text_;
};

std::string header_of(const GgufMetadata& metadata, std::span<const TensorSpec> tensors) {
  HeaderText out;
  out.put<uint32_t>(0x46554747);  // "GGUF"
  out.put<uint32_t>(3);
  out.put<uint64_t>(tensors.size());
  out.put<uint64_t>(metadata.entries.size());
  for (const auto& [key, value] : metadata.entries) {
    out.put_string(key);
    if (const auto* scalar = std::get_if<GgufValue::Scalar>(&value.value)) out.put_scalar(key, *scalar);
    if (const auto* array = std::get_if<GgufValue::Array>(&value.value)) out.put_array(*array);
  }
  int64_t offset = 0;
  for (const TensorSpec& tensor : tensors) {
    const auto type = gguf_from_dtype(tensor.dtype);
    CHECK(type.has_value());
    CHECK(!tensor.shape.empty() && tensor.shape.size() <= 4);
    out.put_string(tensor.name);
    out.put<uint32_t>(static_cast<uint32_t>(tensor.shape.size()));
    for (size_t i = tensor.shape.size(); i-- > 0;) out.put<uint64_t>(static_cast<uint64_t>(tensor.shape[i]));
    out.put<uint32_t>(*type);
    out.put<uint64_t>(static_cast<uint64_t>(offset));
    offset = (offset + stored_bytes(tensor) + kGgufAlignment - 1) / kGgufAlignment * kGgufAlignment;
  }
  return out.take();
}

}  // namespace

Result<TensorFileWriter> create_gguf(const std::string& path, const GgufMetadata& metadata,
                                     std::span<const TensorSpec> tensors) {
  return TensorFileWriter::create(path, header_of(metadata, tensors), tensors, kGgufAlignment);
}

}  // namespace sirocco
