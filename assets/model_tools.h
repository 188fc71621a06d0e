// ModelTools: what programs without libtorch ask of model files: what they are, and the same in another layout. It lies in the
// library of Stable Diffusion (nodes/sd/reports), which brings libtorch along; host/model_tools.h opens it when somebody asks.
// [any thread]
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace weft {

/// A conversion of one model file or folder into another.
struct ModelConversion {
  std::filesystem::path in,
      out;  ///< `out` is one file where its name ends with ".safetensors", else a diffusers folder
  std::string dtype = "keep";  ///< keep, fp32, fp16, bf16, fp8_e4m3fn, fp8_e4m3fn_scaled
  bool replace = false;  ///< what is there already
  std::function<void(std::uint64_t done, std::uint64_t total)> progress = {};  ///< bytes
};

class ModelTools {
 public:
  virtual ~ModelTools() = default;
  /// What a file or a diffusers folder holds: {"kind", "family", "format", "bytes", "types", ...}. One that cannot be used says
  /// so in "problem". Nothing is thrown but for want of memory. `hash`: also computes "sha256", which else is there only where it
  /// is known; of 7 GB it takes 18 s.
  virtual nlohmann::json describe(const std::filesystem::path& model, bool hash) const = 0;
  /// Writes the whole of `out` or nothing. Throws std::runtime_error, a sentence, and what progress() throws.
  virtual void convert(const ModelConversion& conversion) const = 0;
};

}  // namespace weft
