#include "nodes/image/caption.h"

#include <OpenImageIO/imagebuf.h>
#include <OpenImageIO/imagebufalgo.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "graph/error.h"

namespace weft::image {
namespace {

namespace fs = std::filesystem;

/// The first of these that the system has: what setup installs, then what most systems have.
constexpr std::array kFonts{"Inter-Regular.otf", "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf",
                            "Arial.ttf"};

std::optional<fs::path> find_font(const std::string& name) {
  const char* home = std::getenv("HOME");
  for (const fs::path& folder : {fs::path("/usr/share/fonts"), fs::path("/usr/local/share/fonts"),
                                 fs::path(home ? home : "") / ".local/share/fonts", fs::path("/Library/Fonts")}) {
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(folder, error))
      if (entry.path().filename() == name) return entry.path();
  }
  return std::nullopt;
}

const std::string& font() {
  static const std::string found = [] {
    for (const char* name : kFonts)
      if (const auto path = find_font(name)) return path->string();
    return std::string();
  }();
  if (found.empty()) throw NodeError("there is no font to write with", "install one, such as Debian's fonts-dejavu-core");
  return found;
}

}  // namespace

void draw_text(torch::Tensor& picture, const std::string& text, std::int64_t x, std::int64_t y, std::int64_t size,
               const torch::Tensor& colour, AlignX align) {
  using OIIO::ImageBufAlgo::TextAlignX;
  using OIIO::ImageBufAlgo::TextAlignY;
  if (text.empty()) return;
  TORCH_CHECK(picture.is_contiguous() && picture.dim() == 3, "draw_text needs a contiguous picture [H, W, 3]");
  const OIIO::ImageSpec spec(static_cast<int>(picture.size(1)), static_cast<int>(picture.size(0)), 3,
                             OIIO::TypeDesc::FLOAT);
  OIIO::ImageBuf canvas(spec, picture.data_ptr<float>());
  const std::array<float, 3> rgb{colour[0].item<float>(), colour[1].item<float>(), colour[2].item<float>()};
  const TextAlignX side = align == AlignX::kLeft     ? TextAlignX::Left
                          : align == AlignX::kCentre ? TextAlignX::Center
                                                     : TextAlignX::Right;
  // Letters stand on the baseline, whatever letters they are; a capital is about 0.73 of the size high.
  const auto baseline = static_cast<int>(y + size);
  if (!OIIO::ImageBufAlgo::render_text(canvas, static_cast<int>(x), baseline, text, static_cast<int>(size), font(), rgb,
                                       side, TextAlignY::Baseline))
    throw NodeError(fmt::format("cannot write with the font {}: {}", font(), canvas.geterror()));
}

std::int64_t text_width(const std::string& text, std::int64_t size) {
  if (text.empty()) return 0;
  return OIIO::ImageBufAlgo::text_size(text, static_cast<int>(size), font()).width();
}

}  // namespace weft::image
