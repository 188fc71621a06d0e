#include "editor/session/picture_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

#include "editor/session/text.h"
#include "host/picture_codec.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& file, const std::string& why, const std::string& remedy) {
  throw GraphError(Problem{.what = tr_format("cannot read '{}': {}", file.string(), why), .remedy = remedy});
}

void check_readable(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) fail(file, tr("there is no such file"), tr("check the path"));
  if (!fs::is_regular_file(file, error)) fail(file, tr("it is no file"), tr("give the name of a file"));
  if (!std::ifstream(file)) fail(file, tr("it cannot be opened"), tr("check its permissions"));
}

}  // namespace

bool is_picture_name(const fs::path& file) {
  constexpr std::array<std::string_view, 8> kEndings = {
      ".png", ".jpg", ".jpeg", ".webp", ".gif", ".tif", ".tiff", ".exr"};
  std::string ending = file.extension().string();
  std::ranges::transform(ending, ending.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::ranges::find(kEndings, ending) != kEndings.end();
}

Pixels read_pixels(const fs::path& file, int longest) {
  check_readable(file);
  const pictures::PictureCodec& codec = host::picture_codec();
  try {
    return codec.read(file, longest);
  } catch (const std::runtime_error& error) {
    fail(file, error.what(), tr("give a PNG, JPEG, WebP, TIFF or EXR file that is whole"));
  }
}

void check_picture(const fs::path& file) {
  check_readable(file);
  try {
    host::picture_codec().check(file);
  } catch (const std::runtime_error& error) {
    fail(file, error.what(), tr("give a PNG, JPEG, WebP, TIFF or EXR file that is whole, or make it smaller"));
  }
}

Problem why_not_opened(const fs::path& file) {
  return {.what = tr_format("'{}' holds no workflow", file.string()),
      .remedy = tr("open a workflow file, or a picture that Weft or ComfyUI has written")};
}

}  // namespace weft::editor
