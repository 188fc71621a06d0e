// Safetensors files: a JSON header (name, type, shape, offsets of each tensor), then the bytes.
//
// A file is memory-mapped: opening reads the header only, and tensors are views of the mapping, which lives
// as long as any of them. What a file says is checked before anything is believed; each lie is a ModelError.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weft::sd {

class SafetensorsFile {
 public:
  struct Entry {
    at::ScalarType dtype;
    std::vector<int64_t> shape;
    size_t begin, end;  ///< bytes, counted from the end of the header
  };

  /// Throws ModelError when the file cannot be read, is not safetensors, or contradicts itself. Any thread.
  static SafetensorsFile open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  const std::map<std::string, Entry>& entries() const { return entries_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  bool has(const std::string& name) const { return entries_.contains(name); }

  /// A view of the file, in its own type. Writing to it changes memory, never the file. `name` must be there.
  at::Tensor tensor(const std::string& name) const;

  /// Lets the system take back the memory of what was read so far; reading again fetches it again. What was
  /// written to tensors of this file is lost. Any thread.
  void release_memory() const;

 private:
  struct Mapping;

  std::filesystem::path path_;
  std::shared_ptr<Mapping> mapping_;
  size_t data_offset_ = 0;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::string> metadata_;
};

/// Writes all or nothing: a temporary file beside `path`, renamed when complete. The same tensors give the
/// same bytes. Throws ModelError when a type has no safetensors name or the disk refuses.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, at::Tensor>& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace weft::sd
