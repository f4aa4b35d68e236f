// SPDX-License-Identifier: Apache-2.0
// Reads head, key/value entries and tensor infos in file order, then places the tensors: positions can be
// checked only when the header's end and the alignment are known.
#include "weights/gguf_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

#include "weights/gguf_cursor.h"
#include "weights/gguf_types.h"

namespace sirocco {
namespace {

// clang-format off
enum ValueType : uint32_t {
  kUint8, kInt8, kUint16, kInt16, kUint32, kInt32, kFloat32, kBool, kText, kArray, kUint64, kInt64, kFloat64,
};
// clang-format on

constexpr uint64_t kMaxNameBytes = 65535;
constexpr uint64_t kMaxElements = uint64_t{1} << 56;  // a row or block size times it still fits 63 bits
constexpr uint64_t kMinEntryBytes = 8 + 1 + 4 + 1;    // key, one letter, type, the smallest value
constexpr uint64_t kMinTensorBytes = 8 + 1 + 4 + 8 + 4 + 8;  // name, one letter, one dimension, type, offset

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& path)
      : bytes_(bytes), path_(path), cursor_(bytes, path) {}

  Result<GgufFile> read() {
    for (const auto step : {&Reader::read_head, &Reader::read_entries, &Reader::read_tensors,
                            &Reader::check_entries, &Reader::place_tensors, &Reader::check_tensors})
      if (auto done = (this->*step)(); !done) return forward_error(done);
    return std::move(file_);
  }

 private:
  template <class... Args>
  tl::unexpected<Error> bad(fmt::format_string<Args...> format, Args&&... args) const {
    return bad_input(fmt::format("{}: {}", path_, fmt::format(format, std::forward<Args>(args)...)));
  }

  Result<void> read_head();
  Result<void> read_entries();
  Result<void> read_tensors();
  Result<void> check_entries();
  Result<void> place_tensors();
  Result<void> check_tensors();

  Result<std::string> read_name(std::string_view what);
  Result<GgufValue> read_value(uint32_t type, const std::string& key);
  Result<GgufValue> read_array(const std::string& key);
  template <class Stored, class OnDisk>
  Result<GgufValue> read_scalar(const std::string& key);
  template <class Stored, class OnDisk>
  Result<GgufValue> read_numbers(const std::string& key, uint64_t count);
  Result<bool> read_bool(const std::string& key);
  Result<GgufValue> read_bools(const std::string& key, uint64_t count);
  Result<GgufValue> read_texts(const std::string& key, uint64_t count);
  Result<void> read_shape(GgufTensor& tensor);
  Result<void> read_type(GgufTensor& tensor);

  std::span<const std::byte> bytes_;
  const std::string& path_;
  GgufCursor cursor_;
  uint64_t entry_count_ = 0, tensor_count_ = 0;
  std::vector<uint64_t> offsets_;  // of tensors_, from the data section's start
  GgufFile file_;
};

Result<void> Reader::read_head() {
  constexpr std::string_view kMagic = "GGUF";
  if (bytes_.size() < 4 || std::memcmp(bytes_.data(), kMagic.data(), 4) != 0)
    return bad("not a GGUF file: expected the letters GGUF at its start");
  (void)cursor_.take<uint32_t>("magic");
  const auto version = cursor_.take<uint32_t>("version");
  if (!version) return tl::unexpected(version.error());
  if (*version != 0 && (*version & 0xffffu) == 0)
    return fail(ErrorKind::unsupported,
                fmt::format("{}: a big-endian GGUF file; only little-endian ones are read", path_));
  if (*version != 2 && *version != 3)
    return fail(ErrorKind::unsupported, fmt::format("{}: GGUF version {}, expected 2 or 3", path_, *version));
  file_.version = static_cast<int>(*version);
  const auto tensors = cursor_.take<uint64_t>("tensor count");
  if (!tensors) return tl::unexpected(tensors.error());
  const auto entries = cursor_.take<uint64_t>("metadata count");
  if (!entries) return tl::unexpected(entries.error());
  if (*tensors > cursor_.remaining() / kMinTensorBytes)
    return bad("tensor count {} is more than {} header bytes can hold", *tensors, cursor_.remaining());
  if (*entries > cursor_.remaining() / kMinEntryBytes)
    return bad("metadata count {} is more than {} header bytes can hold", *entries, cursor_.remaining());
  tensor_count_ = *tensors;
  entry_count_ = *entries;
  return {};
}

// Keys and names go into messages and maps: one line of plain text, not empty.
Result<std::string> Reader::read_name(std::string_view what) {
  const auto text = cursor_.take_text(what);
  if (!text) return tl::unexpected(text.error());
  if (text->empty() || text->size() > kMaxNameBytes)
    return bad("{}: {} bytes long, expected 1 to {}", what, text->size(), kMaxNameBytes);
  if (!std::all_of(text->begin(), text->end(), [](char c) { return c >= 0x20 && c <= 0x7e; }))
    return bad("{}: contains bytes that are not printable ASCII", what);
  return std::string(*text);
}

Result<void> Reader::read_entries() {
  file_.metadata.entries.reserve(static_cast<size_t>(entry_count_));
  for (uint64_t i = 0; i < entry_count_; ++i) {
    auto key = read_name(fmt::format("metadata key {}", i));
    if (!key) return forward_error(key);
    const auto type = cursor_.take<uint32_t>(*key);
    if (!type) return tl::unexpected(type.error());
    auto value = *type == kArray ? read_array(*key) : read_value(*type, *key);
    if (!value) return forward_error(value);
    file_.metadata.entries.emplace_back(std::move(*key), std::move(*value));
  }
  return {};
}

template <class Stored, class OnDisk>
Result<GgufValue> Reader::read_scalar(const std::string& key) {
  const auto value = cursor_.take<OnDisk>(key);
  if (!value) return tl::unexpected(value.error());
  return GgufValue{GgufValue::Scalar(static_cast<Stored>(*value))};
}

Result<bool> Reader::read_bool(const std::string& key) {
  const auto value = cursor_.take<uint8_t>(key);
  if (!value) return tl::unexpected(value.error());
  if (*value > 1) return bad("{}: boolean is {}, expected 0 or 1", key, *value);
  return *value == 1;
}

Result<GgufValue> Reader::read_value(uint32_t type, const std::string& key) {
  switch (type) {
    case kUint8:
      return read_scalar<uint64_t, uint8_t>(key);
    case kUint16:
      return read_scalar<uint64_t, uint16_t>(key);
    case kUint32:
      return read_scalar<uint64_t, uint32_t>(key);
    case kUint64:
      return read_scalar<uint64_t, uint64_t>(key);
    case kInt8:
      return read_scalar<int64_t, int8_t>(key);
    case kInt16:
      return read_scalar<int64_t, int16_t>(key);
    case kInt32:
      return read_scalar<int64_t, int32_t>(key);
    case kInt64:
      return read_scalar<int64_t, int64_t>(key);
    case kFloat32:
      return read_scalar<double, float>(key);
    case kFloat64:
      return read_scalar<double, double>(key);
    case kBool:
      return read_bool(key).map([](bool value) { return GgufValue{GgufValue::Scalar(value)}; });
    case kText:
      return cursor_.take_text(key).map(
          [](std::string_view text) { return GgufValue{GgufValue::Scalar(std::string(text))}; });
    default:
      return bad("{}: value type {}, expected 0 to 12", key, type);
  }
}

template <class Stored, class OnDisk>
Result<GgufValue> Reader::read_numbers(const std::string& key, uint64_t count) {
  if (count > cursor_.remaining() / sizeof(OnDisk))
    return bad("{}: array of {} numbers of {} bytes, but only {} header bytes are left", key, count,
               sizeof(OnDisk), cursor_.remaining());
  std::vector<Stored> values;
  values.reserve(static_cast<size_t>(count));
  for (uint64_t i = 0; i < count; ++i) values.push_back(static_cast<Stored>(*cursor_.take<OnDisk>(key)));
  return GgufValue{GgufValue::Array(std::move(values))};
}

Result<GgufValue> Reader::read_bools(const std::string& key, uint64_t count) {
  if (count > cursor_.remaining()) return cursor_.short_file(key, count);
  std::vector<bool> values;
  values.reserve(static_cast<size_t>(count));
  for (uint64_t i = 0; i < count; ++i) {
    const auto value = read_bool(key);
    if (!value) return tl::unexpected(value.error());
    values.push_back(*value);
  }
  return GgufValue{GgufValue::Array(std::move(values))};
}

Result<GgufValue> Reader::read_texts(const std::string& key, uint64_t count) {
  if (count > cursor_.remaining() / sizeof(uint64_t))
    return bad("{}: array of {} strings, but only {} header bytes are left", key, count, cursor_.remaining());
  std::vector<std::string> values;
  values.reserve(static_cast<size_t>(count));
  for (uint64_t i = 0; i < count; ++i) {
    const auto text = cursor_.take_text(key);
    if (!text) return tl::unexpected(text.error());
    values.emplace_back(*text);
  }
  return GgufValue{GgufValue::Array(std::move(values))};
}

Result<GgufValue> Reader::read_array(const std::string& key) {
  const auto type = cursor_.take<uint32_t>(key);
  if (!type) return tl::unexpected(type.error());
  const auto count = cursor_.take<uint64_t>(key);
  if (!count) return tl::unexpected(count.error());
  switch (*type) {
    case kUint8:
      return read_numbers<uint64_t, uint8_t>(key, *count);
    case kUint16:
      return read_numbers<uint64_t, uint16_t>(key, *count);
    case kUint32:
      return read_numbers<uint64_t, uint32_t>(key, *count);
    case kUint64:
      return read_numbers<uint64_t, uint64_t>(key, *count);
    case kInt8:
      return read_numbers<int64_t, int8_t>(key, *count);
    case kInt16:
      return read_numbers<int64_t, int16_t>(key, *count);
    case kInt32:
      return read_numbers<int64_t, int32_t>(key, *count);
    case kInt64:
      return read_numbers<int64_t, int64_t>(key, *count);
    case kFloat32:
      return read_numbers<double, float>(key, *count);
    case kFloat64:
      return read_numbers<double, double>(key, *count);
    case kBool:
      return read_bools(key, *count);
    case kText:
      return read_texts(key, *count);
    case kArray:
      return bad("{}: an array of arrays, which no known key holds", key);
    default:
      return bad("{}: array of value type {}, expected 0 to 12", key, *type);
  }
}

Result<void> Reader::read_tensors() {
  file_.tensors.reserve(static_cast<size_t>(tensor_count_));
  offsets_.reserve(static_cast<size_t>(tensor_count_));
  for (uint64_t i = 0; i < tensor_count_; ++i) {
    auto name = read_name(fmt::format("name of tensor {}", i));
    if (!name) return forward_error(name);
    GgufTensor tensor;
    tensor.name = std::move(*name);
    if (auto shape = read_shape(tensor); !shape) return shape;
    if (auto type = read_type(tensor); !type) return type;
    const auto offset = cursor_.take<uint64_t>(tensor.name);
    if (!offset) return tl::unexpected(offset.error());
    offsets_.push_back(*offset);
    file_.tensors.push_back(std::move(tensor));
  }
  return {};
}

Result<void> Reader::read_shape(GgufTensor& tensor) {
  const auto dimensions = cursor_.take<uint32_t>(tensor.name);
  if (!dimensions) return tl::unexpected(dimensions.error());
  if (*dimensions < 1 || *dimensions > 4)
    return bad("tensor {}: {} dimensions, expected 1 to 4", tensor.name, *dimensions);
  uint64_t elements = 1;
  for (uint32_t d = 0; d < *dimensions; ++d) {
    const auto extent = cursor_.take<uint64_t>(tensor.name);
    if (!extent) return tl::unexpected(extent.error());
    if (*extent < 1 || *extent > kMaxElements / elements)
      return bad("tensor {}: dimension {} is {}, expected 1 to {}", tensor.name, d, *extent,
                 kMaxElements / elements);
    elements *= *extent;
    tensor.shape.insert(tensor.shape.begin(), static_cast<int64_t>(*extent));
  }
  return {};
}

Result<void> Reader::read_type(GgufTensor& tensor) {
  const auto type_id = cursor_.take<uint32_t>(tensor.name);
  if (!type_id) return tl::unexpected(type_id.error());
  const auto dtype = dtype_from_gguf(*type_id);
  if (!dtype) {
    const std::string_view name = foreign_gguf_type(*type_id);
    return fail(ErrorKind::unsupported, fmt::format("{}: tensor {}: type {} ({}) is not supported", path_,
                                                    tensor.name, *type_id, name.empty() ? "unknown" : name));
  }
  tensor.dtype = *dtype;
  const DTypeTraits& type_traits = traits(*dtype);
  if (tensor.shape.back() % type_traits.block_elements != 0)
    return bad("tensor {}: rows of {} elements, expected a multiple of {} for type {}", tensor.name,
               tensor.shape.back(), type_traits.block_elements, type_traits.name);
  int64_t elements = 1;
  for (const int64_t extent : tensor.shape) elements *= extent;
  const int64_t blocks = elements / type_traits.block_elements;
  if (blocks > static_cast<int64_t>(bytes_.size()) / type_traits.block_bytes)
    return bad("tensor {}: {} elements of {} need more than the file's {} bytes", tensor.name, elements,
               type_traits.name, bytes_.size());
  tensor.size_bytes = blocks * type_traits.block_bytes;
  return {};
}

Result<void> Reader::check_entries() {
  std::vector<std::string_view> keys;
  keys.reserve(file_.metadata.entries.size());
  for (const auto& entry : file_.metadata.entries) keys.push_back(entry.first);
  std::sort(keys.begin(), keys.end());
  if (const auto twin = std::adjacent_find(keys.begin(), keys.end()); twin != keys.end())
    return bad("metadata key {} appears twice", *twin);

  constexpr std::string_view kAlignment = "general.alignment";
  if (file_.metadata.find(kAlignment) == nullptr) return {};
  const auto alignment = file_.metadata.integer(kAlignment);
  if (!alignment || *alignment < 1 || *alignment > (1 << 30) || (*alignment & (*alignment - 1)) != 0)
    return bad("{}: expected a power of two up to 2^30", kAlignment);
  file_.alignment = *alignment;
  return {};
}

Result<void> Reader::place_tensors() {
  const auto alignment = static_cast<uint64_t>(file_.alignment);
  const uint64_t data_begin = (cursor_.position() + alignment - 1) / alignment * alignment;
  for (size_t i = 0; i < file_.tensors.size(); ++i) {
    GgufTensor& tensor = file_.tensors[i];
    const uint64_t offset = offsets_[i], file_bytes = bytes_.size();
    if (offset % alignment != 0)
      return bad("tensor {}: offset {}, expected a multiple of {}", tensor.name, offset, alignment);
    if (data_begin > file_bytes || offset > file_bytes - data_begin ||
        static_cast<uint64_t>(tensor.size_bytes) > file_bytes - data_begin - offset)
      return bad("tensor {}: {} bytes at offset {} of the data at {} end after the file's {} bytes",
                 tensor.name, tensor.size_bytes, offset, data_begin, file_bytes);
    tensor.begin = static_cast<int64_t>(data_begin + offset);
  }
  return {};
}

Result<void> Reader::check_tensors() {
  std::vector<const GgufTensor*> order;
  order.reserve(file_.tensors.size());
  for (const GgufTensor& tensor : file_.tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i]->name == order[i - 1]->name) return bad("tensor {} appears twice", order[i]->name);
  std::sort(order.begin(), order.end(), [](const auto* a, const auto* b) { return a->begin < b->begin; });
  for (size_t i = 1; i < order.size(); ++i)
    if (order[i - 1]->begin + order[i - 1]->size_bytes > order[i]->begin)
      return bad("tensors {} and {} overlap", order[i - 1]->name, order[i]->name);
  return {};
}

}  // namespace

Result<GgufFile> read_gguf(std::span<const std::byte> bytes, const std::string& path) {
  return Reader(bytes, path).read();
}

}  // namespace sirocco
