#include "editor/window/png_file.h"

#include <png.h>

#include <algorithm>
#include <stdexcept>

#include "editor/session/text.h"

namespace weft::editor {

void write_png(const Picture& picture, const std::filesystem::path& file) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(picture.width);
  image.height = static_cast<png_uint_32>(picture.height);
  image.format = PNG_FORMAT_RGB;
  if (!png_image_write_to_file(&image, file.c_str(), 0, picture.rgb.data(), 0, nullptr))
    throw std::runtime_error(tr_format("'{}' could not be written: {}", file.string(), image.message));
}

Picture cut_out(const Picture& picture, ImVec2 min, ImVec2 max) {
  const int left = std::clamp(static_cast<int>(min.x), 0, picture.width),
            top = std::clamp(static_cast<int>(min.y), 0, picture.height);
  const int right = std::clamp(static_cast<int>(max.x), left, picture.width),
            bottom = std::clamp(static_cast<int>(max.y), top, picture.height);
  Picture cut{right - left, bottom - top, {}};
  for (int y = top; y < bottom; ++y) {
    const auto row = picture.rgb.begin() + (static_cast<std::ptrdiff_t>(y) * picture.width + left) * 3;
    cut.rgb.insert(cut.rgb.end(), row, row + cut.width * 3);
  }
  return cut;
}

}  // namespace weft::editor
