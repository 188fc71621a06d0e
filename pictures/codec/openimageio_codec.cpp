// The picture codec: pixels by pictures, as image.load reads them, and texts by OpenImageIO. host/picture_codec.h opens it.
#include <OpenImageIO/imagebuf.h>
#include <OpenImageIO/imagebufalgo.h>
#include <OpenImageIO/imageio.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "pictures/picture_codec.h"
#include "pictures/picture_file.h"

namespace weft::pictures {
namespace {

/// A picture as it stands in the file, in 8 bits, whose memory an ImageBuf looks at.
struct Whole {
  explicit Whole(PictureFile& file) : pixels{.width = file.width(), .height = file.height(), .rgba = {}} {
    pixels.rgba.resize(static_cast<std::size_t>(pixels.width) * static_cast<std::size_t>(pixels.height) * 4);
    file.read([&](const Strip& strip) {
      std::int64_t at = std::int64_t{strip.y} * pixels.width + strip.x;
      for (std::size_t i = 0; i < strip.rgba.size(); i += 4, at += std::int64_t{strip.dy} * pixels.width + strip.dx)
        for (std::size_t c = 0; c < 4; ++c)
          pixels.rgba[static_cast<std::size_t>(at) * 4 + c] =
              static_cast<std::uint8_t>(std::clamp(strip.rgba[i + c], 0.0F, 1.0F) * 255.0F + 0.5F);
    });
  }

  Pixels shrunk(int longest) && {
    const int now = std::max(pixels.width, pixels.height);
    if (longest <= 0 || now <= longest) return std::move(pixels);
    const auto scaled = [&](int length) { return std::max(1, static_cast<int>(std::int64_t{length} * longest / now)); };
    Pixels small{.width = scaled(pixels.width), .height = scaled(pixels.height), .rgba = {}};
    small.rgba.resize(static_cast<std::size_t>(small.width) * static_cast<std::size_t>(small.height) * 4);
    const OIIO::ImageBuf from(
        OIIO::ImageSpec(pixels.width, pixels.height, 4, OIIO::TypeDesc::UINT8), pixels.rgba.data());
    OIIO::ImageBuf to(OIIO::ImageSpec(small.width, small.height, 4, OIIO::TypeDesc::UINT8), small.rgba.data());
    if (!OIIO::ImageBufAlgo::resize(to, from, "", 0, {}, 1)) throw std::runtime_error(to.geterror());
    return small;
  }

  Pixels pixels;
};

/// Null if it cannot be. Only by the reader of its format: of what that one does not take, some other might read gigabytes.
std::unique_ptr<OIIO::ImageInput> opened(const std::filesystem::path& file) {
  const std::optional<std::string> format = format_of(file);
  if (!format) return nullptr;
  auto input = format->empty() ? OIIO::ImageInput::open(file.string()) : OIIO::ImageInput::create(*format);
  OIIO::ImageSpec spec;
  if (input && !format->empty() && !input->open(file.string(), spec)) input = nullptr;
  if (!input) OIIO::geterror();  // else it is kept for the next who asks
  return input;
}

class OpenImageIoCodec final : public PictureCodec {
 public:
  bool is_picture(const std::filesystem::path& file) const override {
    const std::optional<std::string> format = format_of(file);
    return format && (!format->empty() || opened(file));
  }

  std::map<std::string, std::string> texts(const std::filesystem::path& file) const override {
    std::map<std::string, std::string> texts;
    const auto input = opened(file);
    if (!input) return texts;
    for (const OIIO::ParamValue& attribute : input->spec().extra_attribs)
      if (attribute.type() == OIIO::TypeDesc::STRING) texts[attribute.name().string()] = attribute.get_string(0);
    return texts;
  }

  void check(const std::filesystem::path& file) const override { const PictureFile picture(file); }

  Pixels read(const std::filesystem::path& file, int longest) const override {
    PictureFile picture(file);
    return Whole(picture).shrunk(longest);
  }
};

}  // namespace
}  // namespace weft::pictures

extern "C" __attribute__((visibility("default"))) const weft::pictures::PictureCodec* weft_picture_codec() {
  static const weft::pictures::OpenImageIoCodec codec;
  return &codec;
}
