// The picture codec by OpenImageIO: a library that picture_codec() opens.
#include <OpenImageIO/imagebuf.h>
#include <OpenImageIO/imagebufalgo.h>
#include <OpenImageIO/imageio.h>

#include <algorithm>
#include <stdexcept>

#include "editor/session/picture_codec.h"

namespace weft::editor {
namespace {

/// Not read by ImageBuf itself: its cache may know the size of a file from before it was written anew.
OIIO::ImageBuf pixels_of(const std::filesystem::path& file) {
  const auto input = OIIO::ImageInput::open(file.string());
  if (!input) throw std::runtime_error(OIIO::geterror());
  OIIO::ImageSpec spec = input->spec();
  spec.set_format(OIIO::TypeDesc::FLOAT);
  OIIO::ImageBuf picture(spec);
  if (!input->read_image(0, 0, 0, spec.nchannels, OIIO::TypeDesc::FLOAT, picture.localpixels()))
    throw std::runtime_error(input->geterror());
  return picture;
}

OIIO::ImageBuf upright(OIIO::ImageBuf picture) { return OIIO::ImageBufAlgo::reorient(picture); }

OIIO::ImageBuf shrunk(OIIO::ImageBuf picture, int longest) {
  const OIIO::ImageSpec& spec = picture.spec();
  const int now = std::max(spec.width, spec.height);
  if (longest <= 0 || now <= longest) return picture;
  const auto scaled = [&](int length) {
    return std::max(1, static_cast<int>(std::int64_t{length} * longest / now));
  };
  return OIIO::ImageBufAlgo::resize(picture, "", 0, OIIO::ROI(0, scaled(spec.width), 0, scaled(spec.height)),
                                    1);
}

/// Gray, gray with alpha, RGB or more, as RGBA.
OIIO::ImageBuf as_rgba(const OIIO::ImageBuf& picture) {
  const OIIO::ImageSpec& spec = picture.spec();
  const bool gray = spec.nchannels < 3;
  const int alpha = spec.alpha_channel;
  const int order[] = {0, gray ? 0 : 1, gray ? 0 : 2, alpha};
  const float values[] = {0, 0, 0, 1};
  return OIIO::ImageBufAlgo::channels(picture, 4, order, values);
}

class OpenImageIoCodec final : public PictureCodec {
 public:
  bool is_picture(const std::filesystem::path& file) const override {
    const bool opened = OIIO::ImageInput::open(file.string()) != nullptr;
    if (!opened) OIIO::geterror();  // else it is kept for the next who asks
    return opened;
  }

  std::map<std::string, std::string> texts(const std::filesystem::path& file) const override {
    std::map<std::string, std::string> texts;
    const auto input = OIIO::ImageInput::open(file.string());
    if (!input) return texts;
    for (const OIIO::ParamValue& attribute : input->spec().extra_attribs)
      if (attribute.type() == OIIO::TypeDesc::STRING)
        texts[attribute.name().string()] = attribute.get_string(0);
    return texts;
  }

  Pixels read(const std::filesystem::path& file, int longest) const override {
    const OIIO::ImageBuf picture = as_rgba(shrunk(upright(pixels_of(file)), longest));
    Pixels pixels{.width = picture.spec().width, .height = picture.spec().height, .rgba = {}};
    pixels.rgba.resize(static_cast<std::size_t>(pixels.width) * static_cast<std::size_t>(pixels.height) * 4);
    if (!picture.get_pixels(picture.roi(), OIIO::TypeDesc::UINT8, pixels.rgba.data()))
      throw std::runtime_error(picture.geterror());
    return pixels;
  }
};

}  // namespace
}  // namespace weft::editor

extern "C" __attribute__((visibility("default"))) const weft::editor::PictureCodec* weft_picture_codec() {
  static const weft::editor::OpenImageIoCodec codec;
  return &codec;
}
