// A file that holds a T2I-Adapter: TencentARC's names and diffusers', and its configuration, read off its shapes. Opening
// reads the header only. Immutable: any thread.
#pragma once

#include <filesystem>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/networks/memory_need.h"
#include "nodes/sd/networks/t2i_adapter.h"
#include "nodes/sd/tensors/tensor_map.h"

namespace weft::sd {

class T2IAdapterFile {
 public:
  /// `path`: a .safetensors file, or a folder of diffusers. Throws ModelError for one that cannot be read.
  static bool recognises(const std::filesystem::path& path);
  /// Throws ModelError also for one that is no T2I-Adapter, or incomplete.
  static T2IAdapterFile open(const std::filesystem::path& path);

  const T2IAdapterConfig& config() const { return config_; }
  const std::filesystem::path& path() const { return path_; }
  NetworkSize network(at::ScalarType dtype) const;
  /// A new network, with its own memory.
  T2IAdapter adapter(at::Device device, at::ScalarType dtype) const;

 private:
  T2IAdapterFile(std::filesystem::path path, SafetensorsFile file) : path_(std::move(path)), file_(std::move(file)) {}

  std::filesystem::path path_;
  SafetensorsFile file_;
  TensorMap tensors_;  ///< by diffusers' names, in the mapped file
  T2IAdapterConfig config_;
};

}  // namespace weft::sd
