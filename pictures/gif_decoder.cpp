// GIF by giflib. Frames are laid upon each other as Pillow does, which keeps the palette's colour of what is transparent.
#include <fmt/format.h>
#include <gif_lib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <optional>
#include <span>

#include "pictures/picture_file.h"
#include "pictures/pixel_buffer.h"

namespace weft::pictures {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw PictureError(why, "the file is damaged: use another copy"); }

/// What stands before the pixels of a frame.
struct Frame {
  int left = 0, top = 0;
  Size size;
  bool interlaced = false;
  int disposal = DISPOSAL_UNSPECIFIED;
  int transparent = NO_TRANSPARENT_COLOR;
  std::array<GifColorType, 256> colours{};
};

/// Walks through a file; the pixels of a frame are read or skipped between two calls of next().
class GifWalk {
 public:
  explicit GifWalk(const std::filesystem::path& file) : file_(file, std::ios::binary) {
    int error = 0;
    gif_ = DGifOpen(
        this,
        [](GifFileType* gif, GifByteType* to, int count) {
          return static_cast<GifWalk*>(gif->UserData)->read(to, count);
        },
        &error);
    if (!gif_)
      refuse(error && !file_.eof() ? "giflib says: " + std::string(text_of(error))
                                   : "the file ends early, before its pixels");
  }
  ~GifWalk() {
    int ignored = 0;
    DGifCloseFile(gif_, &ignored);
  }
  GifWalk(const GifWalk&) = delete;

  Size screen() const { return {gif_->SWidth, gif_->SHeight}; }
  int background() const { return gif_->SBackGroundColor; }

  /// The next frame; none at the end, where failure() says whether it is one.
  std::optional<Frame> next() {
    GraphicsControlBlock control{.DisposalMode = DISPOSAL_UNSPECIFIED,
        .UserInputFlag = false,
        .DelayTime = 0,
        .TransparentColor = NO_TRANSPARENT_COLOR};
    in_pixels_ = false;
    for (GifRecordType record{};;) {
      if (DGifGetRecordType(gif_, &record) == GIF_ERROR)
        return failed(failed_at_end() ? Failure::NoEnd : Failure::Damaged);
      if (record == TERMINATE_RECORD_TYPE) return std::nullopt;
      if (record == IMAGE_DESC_RECORD_TYPE) return image(control);
      if (record == EXTENSION_RECORD_TYPE && !extension(control)) return failed(Failure::Damaged);
    }
  }
  bool skip_pixels() {
    in_pixels_ = true;
    int size = 0;
    GifByteType* block = nullptr;
    if (DGifGetCode(gif_, &size, &block) == GIF_ERROR) return false;
    while (block)
      if (DGifGetCodeNext(gif_, &block) == GIF_ERROR) return false;
    return true;
  }
  bool read_line(std::span<GifPixelType> line) {
    in_pixels_ = true;
    return DGifGetLine(gif_, line.data(), static_cast<int>(line.size())) != GIF_ERROR;
  }
  enum class Failure : std::uint8_t {
    None,
    NoEnd,
    Damaged
  };  ///< NoEnd: whole frames, but no end of the file after them
  Failure failure() const { return failure_; }
  std::string error() const {
    return failed_at_end() || ended_ ? kEndsEarly : "its data are damaged: " + std::string(text_of(gif_->Error));
  }

 private:
  /// The file may end before the byte, 0, that ends the pixels: then it is given once. Where pixels are missing giflib still
  /// fails, because it needs more than that.
  int read(GifByteType* to, int count) {
    file_.read(reinterpret_cast<char*>(to), count);
    if (file_.gcount() > 0 || count != 1 || !in_pixels_ || ended_) return static_cast<int>(file_.gcount());
    *to = 0;
    ended_ = true;
    return 1;
  }

  static const char* text_of(int error) {
    const char* text = GifErrorString(error);
    return text ? text : "it is damaged";
  }
  bool failed_at_end() const { return gif_->Error == D_GIF_ERR_READ_FAILED || gif_->Error == D_GIF_ERR_EOF_TOO_SOON; }
  std::nullopt_t failed(Failure failure) {
    failure_ = failure;
    return std::nullopt;
  }

  std::optional<Frame> image(const GraphicsControlBlock& control) {
    if (DGifGetImageDesc(gif_) == GIF_ERROR) return failed(Failure::Damaged);
    const GifImageDesc& image = gif_->Image;
    Frame frame{.left = image.Left,
        .top = image.Top,
        .size = {image.Width, image.Height},
        .interlaced = image.Interlace,
        .disposal = control.DisposalMode,
        .transparent = control.TransparentColor};
    if (const ColorMapObject* map = image.ColorMap ? image.ColorMap : gif_->SColorMap)
      std::copy_n(map->Colors, std::clamp(map->ColorCount, 0, 256), frame.colours.begin());
    return frame;
  }

  bool extension(GraphicsControlBlock& control) {
    int code = 0;
    GifByteType* block = nullptr;
    if (DGifGetExtension(gif_, &code, &block) == GIF_ERROR) return false;
    if (block && code == GRAPHICS_EXT_FUNC_CODE) DGifExtensionToGCB(block[0], block + 1, &control);
    while (block)
      if (DGifGetExtensionNext(gif_, &block) == GIF_ERROR) return false;
    return true;
  }

  std::ifstream file_;
  bool in_pixels_ = false, ended_ = false;
  GifFileType* gif_ = nullptr;
  Failure failure_ = Failure::None;
};

/// The row of the picture that comes as number `line` of an interlaced frame.
int interlaced_row(int line, int height) {
  constexpr std::array<std::pair<int, int>, 4> kPasses{{{0, 8}, {4, 8}, {2, 4}, {1, 2}}};
  for (const auto& [first, step] : kPasses) {
    const int rows = (height - first + step - 1) / step;
    if (line < rows) return first + line * step;
    line -= rows;
  }
  return height - 1;
}

class GifDecoder final : public Decoder {
 public:
  GifDecoder(std::filesystem::path file, Damage& damage) : damage_(damage), file_(std::move(file)) {
    look_through();
    walk_ = std::make_unique<GifWalk>(file_);
  }

  const std::vector<Size>& frames() const override { return sizes_; }
  bool has_alpha() const override { return alpha_; }

  void decode(int wanted, const RowSink& sink) override {
    for (; next_ <= wanted; ++next_) {
      if (next_ > 0) dispose();
      const std::optional<Frame> frame = walk_->next();
      if (!frame) refuse("one of its frames cannot be read");
      draw(*frame);
    }
    hand_out(*canvas_, size_, size_.height, /*last=*/wanted + 1 == static_cast<int>(sizes_.size()), sink);
  }

 private:
  void look_through() {
    GifWalk walk(file_);
    size_ = walk.screen();
    std::size_t count = 0;
    while (const std::optional<Frame> frame = walk.next()) {
      if (count == 0)  // as Pillow does for a first frame that is larger than the screen
        size_ = {std::max(size_.width, frame->left + frame->size.width),
            std::max(size_.height, frame->top + frame->size.height)};
      alpha_ = alpha_ || frame->transparent != NO_TRANSPARENT_COLOR;
      ++count;
      if (!walk.skip_pixels()) {
        damage_.report(walk.error());
        break;
      }
    }
    if (walk.failure() == GifWalk::Failure::Damaged) damage_.report(walk.error());
    if (count == 0)
      refuse(
          walk.failure() == GifWalk::Failure::None ? "it holds no picture" : "the file ends early, before its pixels");
    if (walk.failure() == GifWalk::Failure::NoEnd) damage_.warn("the file ends early, after its pixels");
    if (size_.width < 1 || size_.height < 1) refuse("its size is 0");
    sizes_.assign(count, size_);
  }

  void draw(const Frame& frame) {
    if (!canvas_) {
      canvas_ = std::make_unique<PixelBuffer>(
          static_cast<std::size_t>(size_.width) * static_cast<std::size_t>(size_.height) * 4);
      first_transparent_ = frame.transparent;
      fill({.size = size_}, colour_of(frame, frame.transparent == NO_TRANSPARENT_COLOR ? 0 : frame.transparent));
    }
    drawn_ = frame;
    before_.clear();
    if (frame.disposal == DISPOSE_PREVIOUS)
      for_rows(frame, [&](std::span<std::uint8_t> row) { before_.insert(before_.end(), row.begin(), row.end()); });
    std::vector<GifPixelType> line(static_cast<std::size_t>(frame.size.width));
    for (int i = 0; i < frame.size.height && !line.empty(); ++i) {
      if (!walk_->read_line(line)) {
        damage_.report(walk_->error());
        return;
      }
      draw_row(frame, frame.interlaced ? interlaced_row(i, frame.size.height) : i, line);
    }
  }

  void draw_row(const Frame& frame, int row, std::span<const GifPixelType> line) {
    const int y = frame.top + row;
    if (y >= size_.height) return;
    for (int i = 0; i < frame.size.width && frame.left + i < size_.width; ++i) {
      const int index = line[static_cast<std::size_t>(i)];
      if (index == frame.transparent && next_ > 0) continue;
      std::memcpy(pixel(frame.left + i, y), colour_of(frame, index).data(), 4);
    }
  }

  static std::array<std::uint8_t, 4> colour_of(const Frame& frame, int index) {
    const GifColorType& c = frame.colours[static_cast<std::size_t>(index) % 256];
    return {c.Red, c.Green, c.Blue, index == frame.transparent ? std::uint8_t{0} : std::uint8_t{255}};
  }

  std::uint8_t* pixel(int x, int y) {
    return canvas_->data() +
        (static_cast<std::size_t>(y) * static_cast<std::size_t>(size_.width) + static_cast<std::size_t>(x)) * 4;
  }

  /// The rows of the canvas that a frame covers.
  void for_rows(const Frame& frame, const std::function<void(std::span<std::uint8_t>)>& use) {
    const int width = std::min(frame.size.width, size_.width - frame.left);
    for (int y = frame.top; width > 0 && y < std::min(frame.top + frame.size.height, size_.height); ++y)
      use({pixel(frame.left, y), static_cast<std::size_t>(width) * 4});
  }

  void fill(const Frame& where, std::array<std::uint8_t, 4> colour) {
    for_rows(where, [&](std::span<std::uint8_t> row) {
      for (std::size_t i = 0; i < row.size(); i += 4) std::memcpy(&row[i], colour.data(), 4);
    });
  }

  void dispose() {
    if (drawn_.disposal == DISPOSE_BACKGROUND) {
      if (drawn_.transparent == NO_TRANSPARENT_COLOR) drawn_.transparent = first_transparent_;
      fill(drawn_,
          colour_of(drawn_, drawn_.transparent == NO_TRANSPARENT_COLOR ? walk_->background() : drawn_.transparent));
    } else if (drawn_.disposal == DISPOSE_PREVIOUS) {
      std::size_t at = 0;
      for_rows(drawn_, [&](std::span<std::uint8_t> row) {
        std::copy_n(before_.data() + at, row.size(), row.data());
        at += row.size();
      });
    }
  }

  Damage& damage_;
  std::filesystem::path file_;
  Size size_;
  std::vector<Size> sizes_;
  bool alpha_ = false;
  std::unique_ptr<GifWalk> walk_;
  int next_ = 0;
  Frame drawn_;  // last
  int first_transparent_ = NO_TRANSPARENT_COLOR;
  std::unique_ptr<PixelBuffer> canvas_;
  std::vector<std::uint8_t> before_;  // what it will give way to
};

}  // namespace

std::unique_ptr<Decoder> open_gif(const std::filesystem::path& file, Damage& damage) {
  return std::make_unique<GifDecoder>(file, damage);
}

}  // namespace weft::pictures
