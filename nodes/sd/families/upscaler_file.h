// A file that holds a network to make pictures larger: its names, of three generations, in terms of BasicSR's, and its
// configuration, read off its shapes. Opening reads the header only. Immutable: any thread.
#pragma once

#include <filesystem>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/networks/memory_need.h"
#include "nodes/sd/networks/upscaler.h"
#include "nodes/sd/tensors/tensor_map.h"

namespace weft::sd {

class UpscalerFile {
 public:
  /// Throws ModelError for a file that cannot be read, that is no upscaler, or is one of another kind.
  static UpscalerFile open(const std::filesystem::path& path);

  const UpscalerConfig& config() const { return config_; }
  /// Of its network in float32.
  NetworkSize network() const;
  /// A new network in float32, with its own memory.
  Upscaler upscaler(at::Device device) const;

 private:
  explicit UpscalerFile(const std::filesystem::path& path) : path_(path), file_(SafetensorsFile::open(path)) {}

  std::filesystem::path path_;
  SafetensorsFile file_;
  TensorMap tensors_;  ///< by BasicSR's names, in the mapped file
  UpscalerConfig config_;
};

}  // namespace weft::sd
