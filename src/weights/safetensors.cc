// SPDX-License-Identifier: Apache-2.0
#include "weights/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "base/printable.h"
#include "weights/safetensors_header.h"

namespace sirocco {
namespace {

struct ElementType {
  std::string_view name;  // as the header spells it
  DType dtype;
  uint64_t bytes;
};

constexpr std::array kElementTypes = {
    ElementType{"BOOL", DType::boolean, 1},    ElementType{"U8", DType::u8, 1},
    ElementType{"I8", DType::i8, 1},           ElementType{"F8_E4M3", DType::f8_e4m3, 1},
    ElementType{"F8_E5M2", DType::f8_e5m2, 1}, ElementType{"I16", DType::i16, 2},
    ElementType{"F16", DType::f16, 2},         ElementType{"BF16", DType::bf16, 2},
    ElementType{"I32", DType::i32, 4},         ElementType{"F32", DType::f32, 4},
    ElementType{"I64", DType::i64, 8},         ElementType{"F64", DType::f64, 8},
};

const ElementType* find_element_type(std::string_view name) {
  for (const ElementType& type : kElementTypes)
    if (type.name == name) return &type;
  return nullptr;
}

// Little-endian whatever the machine.
uint64_t read_u64(std::span<const std::byte> bytes) {
  uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | std::to_integer<uint64_t>(bytes[static_cast<size_t>(i)]);
  return value;
}

// Bytes that `shape` elements take; nullopt when the number does not fit 63 bits.
std::optional<uint64_t> checked_bytes(const std::vector<uint64_t>& shape, uint64_t element_bytes) {
  if (std::find(shape.begin(), shape.end(), 0u) != shape.end()) {
    const bool fits = std::all_of(shape.begin(), shape.end(),
                                  [](uint64_t n) { return n <= std::numeric_limits<int64_t>::max(); });
    return fits ? std::optional<uint64_t>(0) : std::nullopt;
  }
  constexpr uint64_t kLimit = std::numeric_limits<int64_t>::max();
  uint64_t total = element_bytes;
  for (const uint64_t n : shape) {
    if (n > kLimit / total) return std::nullopt;
    total *= n;
  }
  return total;
}

Result<TensorEntry> check_record(const SafetensorsRecord& record, std::span<const std::byte> data,
                                 const std::string& path) {
  const auto refuse = [&](std::string_view what) {
    return bad_input(fmt::format("{}: tensor '{}': {}", path, printable(record.name), what));
  };
  const ElementType* type = find_element_type(record.dtype);
  if (type == nullptr)
    return refuse(fmt::format("dtype '{}' is none of those this program reads", printable(record.dtype, 40)));
  const uint64_t begin = record.data_offsets[0];
  const uint64_t end = record.data_offsets[1];
  if (begin > end) return refuse(fmt::format("data_offsets [{}, {}] run backwards", begin, end));
  if (end > data.size())
    return refuse(fmt::format("data_offsets end at {}, but the file holds {} data bytes", end, data.size()));
  std::vector<int64_t> shape(record.shape.begin(), record.shape.end());
  const auto expected = checked_bytes(record.shape, type->bytes);
  if (!expected) return refuse("shape: the number of bytes overflows 63 bits");
  if (*expected != end - begin)
    return refuse(fmt::format("{} of shape {} takes {} bytes, but data_offsets give it {}", record.dtype,
                              shape_text(shape), *expected, end - begin));
  return TensorEntry{.name = record.name,
                     .dtype = type->dtype,
                     .shape = std::move(shape),
                     .bytes = data.subspan(begin, end - begin),
                     .file_index = 0};
}

// The tensors, in order of their bytes, must tile the data part: the reference reader demands it, and what is
// neither header nor tensor has no business in the file.
Result<void> check_tiling(const std::vector<TensorEntry>& entries, std::span<const std::byte> data,
                          const std::string& path) {
  uint64_t position = 0;
  for (const TensorEntry& entry : entries) {
    const auto begin = static_cast<uint64_t>(entry.bytes.data() - data.data());
    if (begin != position)
      return bad_input(fmt::format(
          "{}: tensor '{}': data begins at {}, expected {} ({})", path, printable(entry.name), begin,
          position, begin < position ? "it overlaps another tensor" : "there is a gap before it"));
    position = begin + entry.bytes.size();
  }
  if (position != data.size())
    return bad_input(fmt::format("{}: the tensors end at data byte {}, but the file holds {}", path, position,
                                 data.size()));
  return {};
}

}  // namespace

Result<std::vector<TensorEntry>> read_safetensors(std::span<const std::byte> file, const std::string& path) {
  if (file.size() < 8)
    return bad_input(
        fmt::format("{}: {} bytes, expected at least 8 (the header's length)", path, file.size()));
  const uint64_t header_bytes = read_u64(file.first(8));
  if (header_bytes > kMaxSafetensorsHeaderBytes)
    return bad_input(fmt::format("{}: header length {}, expected at most {}", path, header_bytes,
                                 kMaxSafetensorsHeaderBytes));
  if (header_bytes > file.size() - 8)
    return bad_input(fmt::format("{}: header length {}, but only {} bytes follow (truncated file?)", path,
                                 header_bytes, file.size() - 8));
  const std::string_view header(reinterpret_cast<const char*>(file.data() + 8), header_bytes);
  const auto data = file.subspan(8 + header_bytes);

  auto records = parse_safetensors_header(header, path);
  if (!records) return forward_error(records);
  std::vector<TensorEntry> entries;
  entries.reserve(records->size());
  for (const SafetensorsRecord& record : *records) {
    auto entry = check_record(record, data, path);
    if (!entry) return forward_error(entry);
    entries.push_back(std::move(*entry));
  }
  std::stable_sort(entries.begin(), entries.end(), [](const TensorEntry& a, const TensorEntry& b) {
    if (a.bytes.data() != b.bytes.data()) return a.bytes.data() < b.bytes.data();
    return a.bytes.size() < b.bytes.size();
  });
  if (auto tiled = check_tiling(entries, data, path); !tiled) return forward_error(tiled);
  return entries;
}

}  // namespace sirocco
