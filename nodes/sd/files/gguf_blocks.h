// The types of tensors in GGUF files (ggml's), and how their values are unpacked. Quantised types come in blocks of 32 or
// 256 values, each with scales of its own. Constant data and pure functions: any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace weft::sd {

struct GgufType {
  std::uint32_t id;  ///< in the file
  std::string_view name;  ///< "Q4_K"
  std::size_t values, bytes;  ///< of a block
  /// Unpacks a block of `bytes` into `values` float32. Null: of a type that is not packed, or that nobody unpacks here.
  void (*unpack)(const std::uint8_t* block, float* to) = nullptr;
};

/// Null for a type that is not known.
const GgufType* gguf_type(std::uint32_t id);

}  // namespace weft::sd
