// A GLIGEN model's file: what is added to a U-Net of Stable Diffusion 1 or 2, by CompVis' names (as ComfyUI's users have it)
// or by diffusers'. Opening reads the header only. [any thread]
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "nodes/sd/files/safetensors.h"
#include "nodes/sd/networks/gligen.h"

namespace weft::sd {

class GligenFile {
 public:
  /// Throws ModelError for a file that cannot be read, that is none, or that lacks a tensor.
  static std::shared_ptr<const GligenFile> open(const std::filesystem::path& path);

  const GligenConfig& config() const { return config_; }
  /// The network there; the first call of a kind builds it, and it stays as long as the file is held.
  std::shared_ptr<const Gligen> on(at::Device device, at::ScalarType dtype) const;

  /// What an entry of a conditioning gets for one more box: the boxes of `before`, the patches that it has, and `box`, as one
  /// patch beside the others of `before`.
  static Patches with_box(const std::shared_ptr<const GligenFile>& file, const Patches& before, const GligenBox& box);

 private:
  GligenFile(const std::filesystem::path& path, SafetensorsFile file) : path_(path), file_(std::move(file)) {}
  void read();

  std::filesystem::path path_;
  SafetensorsFile file_;
  TensorMap tensors_;  ///< by diffusers' names, in the mapped file
  GligenConfig config_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const Gligen>> networks_;  ///< by device and type
};

}  // namespace weft::sd
