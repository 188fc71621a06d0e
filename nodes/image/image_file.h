// Pictures in files, through OpenImageIO: PNG, JPEG, WebP, TIFF, EXR ... in; PNG with text in it out.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace weft::image {

struct LoadedPicture {
  torch::Tensor pixels;  ///< float32 [1, height, width, 3], values in [0, 1], turned upright as EXIF says
  torch::Tensor alpha;   ///< float32 [1, height, width]; undefined if the file has none
};

/// Throws NodeError naming the file: missing, no picture, damaged.
LoadedPicture load_picture(const std::filesystem::path& file);

/// 8-bit RGB, truncated as ComfyUI does: floor(255 x). pixels [height, width, 3].
std::vector<std::uint8_t> to_bytes(const torch::Tensor& pixels);

/// A PNG file's bytes. `text` becomes tEXt chunks; keys are 1 to 79 characters of ASCII.
std::vector<std::uint8_t> encode_png(const torch::Tensor& pixels, const std::map<std::string, std::string>& text);

/// The tEXt chunks of a PNG. Throws NodeError if the file is no PNG.
std::map<std::string, std::string> read_png_text(const std::filesystem::path& file);

/// Writes `bytes` as the next free `folder/prefix_00001_.png` and returns its path. The name appears only when the file
/// is whole; two writers never take the same one. A prefix may name a subfolder, but nothing outside `folder`. Throws
/// NodeError: folder not writable, disk full.
std::filesystem::path write_next(const std::filesystem::path& folder, const std::string& prefix,
                                 const std::vector<std::uint8_t>& bytes);

}  // namespace weft::image
