// GGUF files (ggml's, versions 2 and 3): metadata, the name, shape, type and place of each tensor, then the tensors. Read as
// ComfyUI-GGUF writes U-Nets (the shape of a tensor that was made fit for packing stands in the metadata, as
// "comfy.gguf.orig_shape.NAME") and stable-diffusion.cpp whole checkpoints.
//
// As with safetensors, a file is memory-mapped, opening reads what stands before the tensors, and what a file says is checked
// before anything is believed: each lie is a ModelError. A packed tensor is unpacked when somebody asks for it.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nodes/sd/files/gguf_blocks.h"
#include "nodes/sd/files/mapped_file.h"

namespace weft::sd {

/// A tensor whose values are packed in blocks, as a file holds it.
struct PackedTensor {
  at::Tensor blocks;  ///< uint8, all bytes one after the other: a view of the file
  const GgufType* type = nullptr;
  std::vector<std::int64_t> shape;
  std::string name, file;  ///< for errors

  /// float32, of its own memory. Throws ModelError for a type that nobody unpacks.
  at::Tensor unpacked() const;
};

class GgufFile {
 public:
  struct Entry {
    const GgufType* type;
    std::vector<std::int64_t> shape;  ///< as torch counts axes, before it was made fit for packing
    std::size_t begin, end;  ///< bytes, counted from the beginning of the file

    bool is_packed() const { return type->values > 1; }
    /// That of a tensor as it is read: float32 of a packed one.
    at::ScalarType dtype() const;
  };

  /// Whether its bytes begin as a GGUF file's do; false where there is no such file.
  static bool is_one(const std::filesystem::path& path);
  /// Throws ModelError when the file cannot be read, is no GGUF, or contradicts itself. [any thread]
  static GgufFile open(const std::filesystem::path& path);
  /// The same of bytes in memory, which it keeps; `origin` names them in errors.
  static GgufFile from_bytes(std::string bytes, const std::string& origin);

  const std::map<std::string, Entry>& entries() const { return entries_; }
  /// Texts, numbers and truth values, as text; lists are left out.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

  /// A view of the file; of a packed tensor its values, unpacked. `name` must be there.
  at::Tensor tensor(const std::string& name) const;
  PackedTensor packed(const std::string& name) const;
  void release_memory() const { mapping_->release_memory(); }

 private:
  friend class GgufReader;
  std::string origin_;
  std::shared_ptr<MappedFile> mapping_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace weft::sd
