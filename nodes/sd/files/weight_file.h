// A file of weights in whichever format: safetensors or GGUF, told by its first bytes. What reads models asks it, and need not
// know which it is. [any thread]
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <variant>

#include "nodes/sd/files/gguf.h"
#include "nodes/sd/files/safetensors.h"

namespace weft::sd {

class WeightFile {
 public:
  struct Entry {
    std::string type;  ///< as the format calls it: "F16", "Q4_K"
    at::ScalarType dtype;  ///< of tensor(); Undefined where torch has no such type that it can compute with
    std::vector<std::int64_t> shape;
    std::size_t bytes;  ///< in the file
    bool packed;  ///< in blocks, which tensor() unpacks
  };

  /// Throws ModelError when the file cannot be read, is of neither format, or contradicts itself.
  static WeightFile open(const std::filesystem::path& path);

  const std::map<std::string, Entry>& entries() const { return entries_; }
  const std::map<std::string, std::string>& metadata() const;
  bool is_gguf() const { return std::holds_alternative<GgufFile>(file_); }

  /// A view of the file; a tensor of its own memory where it is packed. `name` must be there. Throws ModelError where torch
  /// does not have its type.
  at::Tensor tensor(const std::string& name) const;
  /// Nothing where it is not packed.
  std::optional<PackedTensor> packed(const std::string& name) const;

  /// As SafetensorsFile's.
  void release_memory() const;

 private:
  explicit WeightFile(SafetensorsFile file);
  explicit WeightFile(GgufFile file);

  std::variant<SafetensorsFile, GgufFile> file_;
  std::map<std::string, Entry> entries_;
};

}  // namespace weft::sd
