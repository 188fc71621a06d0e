// An IP-Adapter's file (ip-adapter, Plus, full face, FaceID), opened for the U-Net that it shall tell a picture. Opening reads
// the header only. [any thread]
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/networks/ip_adapter.h"

namespace weft::sd {

class IPAdapterFile {
 public:
  /// Throws ModelError for a file that cannot be read, that is no IP-Adapter, is one of a kind that is not known, or was made
  /// for another kind of U-Net.
  static std::shared_ptr<const IPAdapterFile> open(const std::filesystem::path& path, const UNetConfig& unet);

  const IPAdapterConfig& config() const { return config_; }
  /// The network there; the first call of a kind builds it, and it stays as long as the file is held.
  std::shared_ptr<const IPAdapter> on(at::Device device, at::ScalarType dtype) const;

 private:
  IPAdapterFile(const std::filesystem::path& path, SafetensorsFile file) : path_(path), file_(std::move(file)) {}
  void read(const UNetConfig& unet);

  std::filesystem::path path_;
  SafetensorsFile file_;
  TensorMap tensors_;
  IPAdapterConfig config_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const IPAdapter>> networks_;  ///< by device and type
};

}  // namespace weft::sd
