// Pictures in files as tensors: what pictures reads, in; PNG with text in it out.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pictures/picture_file.h"

namespace weft::image {

struct LoadedPicture {
  torch::Tensor pixels;  ///< float32 [frames, height, width, 3], values in [0, 1], as in the file, turned upright
  torch::Tensor mask;    ///< float32 [frames, height, width]; 1 where it is transparent
  std::vector<std::string> warnings;
};

/// Throws NodeError naming the file: missing, no picture, damaged, too large. `progress(frame, frames)` is called now and
/// then; what it throws ends the reading.
LoadedPicture load_picture(const std::filesystem::path& file, const pictures::ReadOptions& options,
    const std::function<void(std::int64_t, std::int64_t)>& progress);

/// 8-bit RGB, truncated as ComfyUI does: floor(255 x). pixels [height, width, 3].
std::vector<std::uint8_t> to_bytes(const torch::Tensor& pixels);

/// A PNG file's bytes. `text` becomes tEXt chunks; keys are 1 to 79 characters of ASCII.
std::vector<std::uint8_t> encode_png(const torch::Tensor& pixels, const std::map<std::string, std::string>& text);

/// The tEXt chunks of a PNG. Throws NodeError if the file is no PNG.
std::map<std::string, std::string> read_png_text(const std::filesystem::path& file);

}  // namespace weft::image
