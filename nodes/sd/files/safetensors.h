// Safetensors files: a JSON header (name, type, shape, offsets of each tensor), then the bytes.
//
// Opening refuses what contradicts itself, but no type: what torch has no type for is refused where it is
// read, so that a file may carry along what nobody needs. Two tensors of one name are refused (the format
// forbids them, and which one was meant is anybody's guess); of a metadata key that comes twice the last counts.
//
// A file is memory-mapped: opening reads the header only, and tensors are views of the mapping, which lives
// as long as any of them. What a file says is checked before anything is believed; each lie is a ModelError.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nodes/sd/files/mapped_file.h"

namespace weft::sd {

class SafetensorsFile {
 public:
  struct Entry {
    std::string type;            ///< as the format calls it: "F16"
    at::ScalarType dtype;        ///< Undefined where torch has no such type that it can compute with ("F4")
    std::vector<std::int64_t> shape;  ///< counts values, also where several are in a byte
    std::size_t begin, end;  ///< bytes, counted from the end of the header
  };

  /// Throws ModelError when the file cannot be read, is not safetensors, or contradicts itself. [any thread]
  static SafetensorsFile open(const std::filesystem::path& path);
  /// The same of bytes in memory, which it keeps; `origin` names them in errors.
  static SafetensorsFile from_bytes(std::string bytes, const std::string& origin);

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, Entry>& entries() const { return entries_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  bool has(const std::string& name) const { return entries_.contains(name); }

  /// A view of the file, in its own type. Writing to it changes memory, never the file. `name` must be there.
  /// Throws ModelError where torch does not have its type.
  at::Tensor tensor(const std::string& name) const;

  /// Lets the system take back the memory of what was read so far; reading again fetches it again. What was
  /// written to tensors of this file is lost. [any thread]
  void release_memory() const;

 private:
  static SafetensorsFile read(const std::filesystem::path& path, std::shared_ptr<MappedFile> mapping);

  std::filesystem::path path_;
  std::shared_ptr<MappedFile> mapping_;
  std::size_t data_offset_ = 0;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

/// What to say of a needed tensor whose type is none of a network's weights.
std::string unsupported_type(const std::string& name, const std::string& type);

/// A file's bytes. The same tensors give the same. Throws ModelError when a type has no safetensors name; `origin` names the
/// file in it.
std::string safetensors_bytes(const std::map<std::string, at::Tensor>& tensors,
    const std::map<std::string, std::string>& metadata, const std::string& origin);

/// Writes all or nothing: a temporary file beside `path`, renamed when complete. The same tensors give the
/// same bytes. Throws ModelError when a type has no safetensors name or the disk refuses.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, at::Tensor>& tensors,
    const std::map<std::string, std::string>& metadata = {});

/// A tensor of a file that is written one after the other, so that no more than one is in memory.
struct TensorToWrite {
  std::string name;
  at::ScalarType type;
  std::vector<std::int64_t> shape;
  std::function<at::Tensor()> read;  ///< gives it, with that type and that many values

  std::uint64_t bytes() const;
};

/// As write_safetensors, of tensors that are asked for one by one; before the first it looks whether the disk has room for
/// all. `progress` is told how many bytes are written, of how many. Throws what read() and progress() throw, too; nothing is
/// left then. An existing file is replaced.
void stream_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
    const std::map<std::string, std::string>& metadata = {},
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress = {});

/// "F16" for a type that files can have. Throws ModelError for others; `origin` names the file in it.
std::string safetensors_type(at::ScalarType type, const std::string& name, const std::string& origin);

}  // namespace weft::sd
