#include "nodes/image/image_file.h"

#include <OpenImageIO/filesystem.h>
#include <OpenImageIO/imageio.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "nodes/sd/tensors/torch_errors.h"

namespace weft::image {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kRowsAtOnce = 64;

/// Takes the strips of a file apart into colours and mask, in their own memory: 16 bytes a pixel, and nothing beside.
LoadedPicture pixels_of(pictures::PictureFile& file, const std::function<void(std::int64_t, std::int64_t)>& progress) {
  const std::int64_t width = file.width(), height = file.height(), frames = file.frames();
  LoadedPicture loaded{.pixels = torch::empty({frames, height, width, 3}), .mask = {}, .warnings = {}};
  if (file.has_alpha()) loaded.mask = torch::empty({frames, height, width});
  float* colours = loaded.pixels.data_ptr<float>();
  float* mask = file.has_alpha() ? loaded.mask.data_ptr<float>() : nullptr;
  std::int64_t strips = 0;
  file.read([&](const pictures::Strip& strip) {
    if (strips++ % kRowsAtOnce == 0) progress(strip.frame, frames);
    std::int64_t at = (strip.frame * height + strip.y) * width + strip.x;
    for (std::size_t i = 0; i < strip.rgba.size(); i += 4, at += strip.dy * width + strip.dx) {
      for (std::int64_t c = 0; c < 3; ++c)
        colours[at * 3 + c] = std::clamp(strip.rgba[i + static_cast<std::size_t>(c)], 0.0F, 1.0F);
      if (mask) mask[at] = 1 - std::clamp(strip.rgba[i + 3], 0.0F, 1.0F);
    }
  });
  if (!mask) loaded.mask = torch::zeros({frames, height, width});
  loaded.warnings = file.warnings();
  return loaded;
}

}  // namespace

LoadedPicture load_picture(const fs::path& file, const pictures::ReadOptions& options,
    const std::function<void(std::int64_t, std::int64_t)>& progress) {
  std::error_code error;
  if (!fs::is_regular_file(file, error))
    throw NodeError(fmt::format("there is no picture {}", file.string()), "check the path");
  try {
    pictures::PictureFile picture(file, options);
    return sd::with_memory_errors([&] { return pixels_of(picture, progress); });
  } catch (const pictures::PictureError& damage) {
    throw NodeError(fmt::format("cannot read {}: {}", file.string(), damage.what()), damage.remedy());
  }
}

std::vector<std::uint8_t> to_bytes(const torch::Tensor& pixels) {
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(pixels.numel()));
  const std::int64_t row = pixels.size(1) * pixels.size(2);
  // A few rows at once: a whole picture would be there three times in float32 meanwhile.
  for (std::int64_t y = 0; y < pixels.size(0); y += kRowsAtOnce) {
    const torch::Tensor rows = pixels.narrow(0, y, std::min(kRowsAtOnce, pixels.size(0) - y));
    const torch::Tensor part = rows.to(torch::kCPU).mul(255).clamp_(0, 255).to(torch::kUInt8).contiguous();
    std::copy_n(part.const_data_ptr<std::uint8_t>(), part.numel(), bytes.data() + y * row);
  }
  return bytes;
}

std::vector<std::uint8_t> encode_png(const torch::Tensor& pixels, const std::map<std::string, std::string>& text) {
  std::vector<std::uint8_t> encoded;
  OIIO::Filesystem::IOVecOutput memory(encoded);
  const std::unique_ptr<OIIO::ImageOutput> png = OIIO::ImageOutput::create("png", &memory);
  if (!png) throw NodeError("this OpenImageIO cannot write PNG", "install Debian's libopenimageio");
  OIIO::ImageSpec spec(static_cast<int>(pixels.size(1)), static_cast<int>(pixels.size(0)), 3, OIIO::TypeDesc::UINT8);
  spec.attribute("png:compressionLevel", 4);
  for (const auto& [key, value] : text) spec.attribute(key, value);
  bool ok = png->open("memory.png", spec);
  for (std::int64_t y = 0; ok && y < pixels.size(0); y += kRowsAtOnce) {
    const std::int64_t rows = std::min(kRowsAtOnce, pixels.size(0) - y);
    const std::vector<std::uint8_t> bytes = to_bytes(pixels.narrow(0, y, rows));
    ok = png->write_scanlines(static_cast<int>(y), static_cast<int>(y + rows), 0, OIIO::TypeDesc::UINT8, bytes.data());
  }
  if (!ok || !png->close()) throw NodeError("cannot encode a PNG: " + png->geterror());
  return encoded;
}

std::map<std::string, std::string> read_png_text(const fs::path& file) {
  const auto input = OIIO::ImageInput::open(file.string());
  if (!input || input->format_name() != std::string_view("png"))
    throw NodeError(fmt::format("{} is no PNG file", file.string()), "give a picture that Weft has written");
  std::map<std::string, std::string> text;
  for (const OIIO::ParamValue& attribute : input->spec().extra_attribs)
    if (attribute.type() == OIIO::TypeDesc::STRING) text[attribute.name().string()] = attribute.get_string(0);
  return text;
}

}  // namespace weft::image
