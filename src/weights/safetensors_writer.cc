// SPDX-License-Identifier: Apache-2.0
#include "weights/safetensors_writer.h"

#include "base/check.h"
#include "base/file.h"
#include "base/json.h"

namespace sirocco {
namespace {

constexpr size_t kHeaderAlignment = 8;

std::string_view stored_name(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return "F64";
    case DType::f32:
      return "F32";
    case DType::f16:
      return "F16";
    case DType::bf16:
      return "BF16";
    case DType::f8_e4m3:
      return "F8_E4M3";
    case DType::f8_e5m2:
      return "F8_E5M2";
    case DType::i8:
      return "I8";
    case DType::u8:
      return "U8";
    case DType::i16:
      return "I16";
    case DType::i32:
      return "I32";
    case DType::i64:
      return "I64";
    case DType::boolean:
      return "BOOL";
    default:
      return "";
  }
}

std::string header_of(std::span<const TensorSpec> tensors) {
  Json header = Json::object();
  header["__metadata__"]["format"] = "pt";
  int64_t begin = 0;
  for (const TensorSpec& tensor : tensors) {
    const std::string_view dtype = stored_name(tensor.dtype);
    CHECK(!dtype.empty());
    const int64_t end = begin + stored_bytes(tensor);
    Json entry;
    entry["dtype"] = dtype;
    entry["shape"] = tensor.shape;
    entry["data_offsets"] = {begin, end};
    header.push_back({tensor.name, std::move(entry)});
    begin = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment, ' ');
  std::string out(8, '\0');
  for (int i = 0; i < 8; ++i) out[i] = static_cast<char>(text.size() >> (8 * i));
  return out + text;
}

}  // namespace

Result<TensorFileWriter> create_safetensors(const std::string& path, std::span<const TensorSpec> tensors) {
  return TensorFileWriter::create(path, header_of(tensors), tensors, 1);
}

Result<void> write_safetensors_index(const std::string& path, int64_t total_size_bytes,
                                     const std::map<std::string, std::string>& file_of_tensor) {
  Json index;
  index["metadata"]["total_size"] = total_size_bytes;
  index["weight_map"] = file_of_tensor;
  const std::string text = index.dump(2) + "\n";
  return write_file_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace sirocco
