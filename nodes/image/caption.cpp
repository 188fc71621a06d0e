#include "nodes/image/caption.h"

#include <OpenImageIO/imagebuf.h>
#include <OpenImageIO/imagebufalgo.h>
#include <fmt/format.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <span>
#include <sstream>
#include <string_view>

#include "base/error.h"

namespace weft::image {
namespace {

namespace fs = std::filesystem;

/// The first of these that the system has: what setup installs, then what most systems have.
constexpr std::array kFonts{
    "Inter-Regular.otf", "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial.ttf"};
constexpr std::array kEastAsianFonts{
    "NotoSansCJK-Regular.ttc", "wqy-microhei.ttc", "VL-Gothic-Regular.ttf", "DroidSansFallbackFull.ttf"};

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

/// Empty if the system has none of them.
std::string first_of(std::span<const char* const> names) {
  for (const char* name : names)
    if (const auto path = find_font(name)) return path->string();
  return {};
}

/// Whether the text has a character from the blocks of Chinese, Japanese or Korean on (U+2E80): three bytes of UTF-8 from
/// E2 BA on, or four.
bool is_east_asian(std::string_view text) {
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]), next = static_cast<unsigned char>(text[i + 1]);
    if ((byte == 0xE2 && next >= 0xBA) || (byte >= 0xE3 && byte <= 0xED) || byte == 0xF0) return true;
  }
  return false;
}

const std::string& font_for(std::string_view text) {
  static const std::string usual = first_of(kFonts), east_asian = first_of(kEastAsianFonts);
  const std::string& found = is_east_asian(text) && !east_asian.empty() ? east_asian : usual;
  if (found.empty())
    throw NodeError("there is no font to write with", "install one, such as Debian's fonts-dejavu-core");
  return found;
}

bool inside_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

/// How many bytes of the text fit into `width`; whole characters, at least one.
std::size_t fitting(const std::string& text, std::int64_t width, std::int64_t size, const std::string& behind = {}) {
  std::size_t fits = 0, past = text.size() + 1;  // of lengths: the first does, the second does not
  while (past - fits > 1) {
    const std::size_t middle = fits + (past - fits) / 2;
    (text_width(text.substr(0, middle) + behind, size) <= width ? fits : past) = middle;
  }
  while (fits > 0 && fits < text.size() && inside_character(text[fits])) --fits;
  if (fits > 0 || text.empty()) return fits;
  fits = 1;
  while (fits < text.size() && inside_character(text[fits])) ++fits;
  return fits;
}

}  // namespace

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> wrapped(const std::string& text, std::int64_t width, std::int64_t size, std::size_t most) {
  constexpr const char* kEllipsis = "\u2026";
  std::vector<std::string> lines;
  std::string rest = text;
  while (!rest.empty()) {
    std::size_t end = fitting(rest, width, size);
    if (end < rest.size() && lines.size() + 1 == most) {
      lines.push_back(rest.substr(0, fitting(rest, width, size, kEllipsis)) + kEllipsis);
      break;
    }
    if (const std::size_t space = rest.rfind(' ', end); end < rest.size() && space != rest.npos && space > 0)
      end = space;
    lines.push_back(rest.substr(0, end));
    const std::size_t next = rest.find_first_not_of(' ', end);
    rest = next == rest.npos ? std::string() : rest.substr(next);
  }
  return lines;
}

void draw_text(torch::Tensor& picture, const std::string& text, std::int64_t x, std::int64_t y, std::int64_t size,
    const torch::Tensor& colour, AlignX align) {
  using OIIO::ImageBufAlgo::TextAlignX;
  using OIIO::ImageBufAlgo::TextAlignY;
  if (text.empty()) return;
  TORCH_CHECK(picture.is_contiguous() && picture.dim() == 3, "draw_text needs a contiguous picture [H, W, 3]");
  const OIIO::ImageSpec spec(
      static_cast<int>(picture.size(1)), static_cast<int>(picture.size(0)), 3, OIIO::TypeDesc::FLOAT);
  OIIO::ImageBuf canvas(spec, picture.data_ptr<float>());
  const std::array<float, 3> rgb{colour[0].item<float>(), colour[1].item<float>(), colour[2].item<float>()};
  const TextAlignX side = align == AlignX::Left ? TextAlignX::Left
      : align == AlignX::Centre                 ? TextAlignX::Center
                                                : TextAlignX::Right;
  // Letters stand on the baseline, whatever letters they are; a capital is about 0.73 of the size high.
  const auto baseline = static_cast<int>(y + size);
  if (!OIIO::ImageBufAlgo::render_text(canvas, static_cast<int>(x), baseline, text, static_cast<int>(size),
          font_for(text), rgb, side, TextAlignY::Baseline))
    throw NodeError(fmt::format("cannot write with the font {}: {}", font_for(text), canvas.geterror()));
}

std::int64_t text_width(const std::string& text, std::int64_t size) {
  if (text.empty()) return 0;
  return OIIO::ImageBufAlgo::text_size(text, static_cast<int>(size), font_for(text)).width();
}

}  // namespace weft::image
