// All other formats by OpenImageIO: JPEG, TIFF, BMP, EXR ...
#include <OpenImageIO/filesystem.h>
#include <OpenImageIO/imageio.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <string>

#include "pictures/file_layout.h"
#include "pictures/picture_file.h"
#include "pictures/pixel_buffer.h"

namespace weft::pictures {
namespace {

std::string reason(std::string text) {
  text.resize(std::min(text.find('\n'), text.size()));
  if (text.find("end of file") != std::string::npos || text.find("Premature end") != std::string::npos)
    return kEndsEarly;
  return text.empty() ? "it is damaged, or ends early" : text;
}

/// The file's first bytes, by which formats are known.
std::string beginning(const std::filesystem::path& file) {
  std::string bytes(4, '\0');
  std::ifstream(file, std::ios::binary).read(bytes.data(), 4);
  return bytes;
}

/// A text of that name says nothing (a PNG may hold any).
int orientation_of(const OIIO::ImageSpec& spec) {
  const OIIO::ParamValue* found = spec.find_attribute("Orientation");
  if (!found || found->type() == OIIO::TypeDesc::STRING) return 1;
  const int orientation = found->get_int();
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

/// Calls OpenImageIO, which throws what its containers throw where a damaged file makes it ask for too much.
template <class Call>
auto ask(const Call& call) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw PictureError(fmt::format("it is damaged ({})", error.what()), "use another copy");
  }
}

/// A TIFF whose palette OpenImageIO reads right: it divides 16-bit colours by 257, and most writers multiply them by 256.
/// Their low bytes, which are zero, are read as their high bytes.
class PaletteFile final : public OIIO::Filesystem::IOFile {
 public:
  PaletteFile(const std::filesystem::path& file, std::vector<TiffPage> pages)
      : IOFile(file.string(), Read), pages_(std::move(pages)) {}

  std::size_t read(void* to, std::size_t count) override {
    const auto at = static_cast<std::uint64_t>(tell());
    const std::size_t got = IOFile::read(to, count);
    mend(static_cast<std::uint8_t*>(to), at, got);
    return got;
  }
  std::size_t pread(void* to, std::size_t count, std::int64_t offset) override {
    const std::size_t got = IOFile::pread(to, count, offset);
    mend(static_cast<std::uint8_t*>(to), static_cast<std::uint64_t>(offset), got);
    return got;
  }

 private:
  void mend(std::uint8_t* bytes, std::uint64_t at, std::size_t count) {
    for (const TiffPage& page : pages_) {
      const std::uint64_t end = std::min(page.colour_map + page.high_bytes.size() * 2, at + count);
      for (std::uint64_t i = std::max(page.colour_map, at); i < end; ++i)
        bytes[i - at] = page.high_bytes[(i - page.colour_map) / 2];
    }
  }

  std::vector<TiffPage> pages_;
};

class OtherDecoder final : public Decoder {
 public:
  OtherDecoder(const std::filesystem::path& file, Damage& damage) : damage_(damage) {
    look_at_layout(file);  // before OpenImageIO, which has other words for a file that ends early
    OIIO::ImageSpec keep_colours;
    keep_colours.attribute("oiio:UnassociatedAlpha", 1);
    if (std::ranges::any_of(pages_, [](const TiffPage& page) { return !page.high_bytes.empty(); })) {
      palette_file_ = std::make_unique<PaletteFile>(file, pages_);
      // As an attribute: an argument of open() is forgotten when the format has been found.
      void* proxy = static_cast<OIIO::Filesystem::IOProxy*>(palette_file_.get());
      keep_colours.attribute("oiio:ioproxy", OIIO::TypeDesc::PTR, &proxy);
    }
    input_ = ask([&] { return OIIO::ImageInput::open(file.string(), &keep_colours); });
    if (!input_) throw PictureError(reason(OIIO::geterror()), "give a PNG, JPEG, WebP, GIF, TIFF, BMP or EXR file");
    if (!orientation_) orientation_ = orientation_of(input_->spec());
    if (one_picture_) find_largest();
    add_frames();
  }

  const std::vector<Size>& frames() const override { return sizes_; }
  bool has_alpha() const override { return alpha_; }
  int orientation() const override { return *orientation_; }

  void decode(int number, const RowSink& sink) override {
    const int frame = first_ + number;
    if (!seek(frame)) throw PictureError(reason(input_->geterror()), "the file is damaged: use another copy");
    const OIIO::ImageSpec spec = input_->spec();
    const int whole = whole_rows(frame, spec.height);
    const int step = spec.tile_width > 0 ? std::min(spec.tile_height, spec.height) : 16;
    int y = 0;
    while (y < spec.height) {
      const int end = std::min(y + step, spec.height);
      if (y >= whole || !read(spec, frame, y, end)) break;
      for (int row = y; row < end; ++row) sink(row, as_rgba(spec, frame, row - y));
      y = end;
    }
    if (y < spec.height && y < whole) damage_.report(reason(input_->geterror()));
    const std::vector<float> black = black_row(spec.width);
    for (; y < spec.height; ++y) sink(y, black);
  }

 private:
  void look_at_layout(const std::filesystem::path& file) {
    const std::string begin = beginning(file);
    if (begin.starts_with("\xff\xd8")) {  // JPEG
      const JpegLayout layout = jpeg_layout(file);
      orientation_ = layout.orientation;
      if (layout.ends_early) damage_.report(kEndsEarly);
    } else if (begin == std::string("II*\0", 4) || begin == std::string("MM\0*", 4) ||
        begin == std::string("II+\0", 4) || begin == std::string("MM\0+", 4)) {
      pages_ = tiff_pages(file, damage_);
      if (std::ranges::any_of(pages_, [](const TiffPage& page) { return !page.whole; })) damage_.report(kEndsEarly);
    } else if (begin.starts_with("BM")) {
      const BmpLayout layout = bmp_layout(file);
      bmp_bytes_ = layout.bytes;
      if (layout.ends_early) damage_.report(kEndsEarly);
    } else if (begin == "DDS " && dds_ends_early(file)) {
      damage_.report(kEndsEarly);
    } else if (begin == std::string("\0\0\1\0", 4)) {  // ICO
      one_picture_ = true;
      if (ico_ends_early(file)) damage_.report(kEndsEarly);
    }
  }

  bool seek(int page) {
    return ask([&] { return input_->seek_subimage(page, 0); });
  }

  /// Of the sizes of one picture.
  void find_largest() {
    std::int64_t most = 0;
    for (int i = 0; seek(i); ++i) {
      const std::int64_t area = std::int64_t{input_->spec().width} * input_->spec().height;
      if (area > most) first_ = i;
      most = std::max(most, area);
    }
    input_->geterror();  // that there is no further one is none
  }

  void add_frames() {
    const int count = std::max(static_cast<int>(pages_.size()), 1);
    for (int i = first_; i < first_ + count; ++i) {
      if (!seek(i)) {
        damage_.report(fmt::format("its page {} cannot be read", i));
        break;
      }
      const OIIO::ImageSpec& spec = input_->spec();
      check(spec);
      sizes_.push_back({spec.width, spec.height});
      alpha_ = alpha_ || (bmp_bytes_ ? (*bmp_bytes_)[3] >= 0 : alpha_of(spec) >= 0);
    }
    if (sizes_.empty()) throw PictureError("it holds no picture", "use another copy");
  }

  static void check(const OIIO::ImageSpec& spec) {
    if (spec.width < 1 || spec.height < 1 || spec.nchannels < 1)
      throw PictureError(
          fmt::format("its size is {} x {}", spec.width, spec.height), "the file is damaged: use another copy");
    if (spec.deep) throw PictureError("it holds deep data", "flatten it first");
    // A tile is decoded whole, however small the picture is.
    constexpr std::int64_t kMostOfATile = std::int64_t{1} << 24;
    const std::int64_t tile = std::int64_t{spec.tile_width} * spec.tile_height;
    if (tile > std::max(kMostOfATile, 4 * std::int64_t{spec.width} * spec.height))
      throw PictureError(
          fmt::format("its tiles are {} x {} pixels", spec.tile_width, spec.tile_height), "store it in smaller tiles");
  }

  static int alpha_of(const OIIO::ImageSpec& spec) {
    return spec.alpha_channel < spec.nchannels ? spec.alpha_channel : -1;
  }
  /// How many channels have to be read.
  static int channels_of(const OIIO::ImageSpec& spec) {
    return std::min(spec.nchannels, std::max(3, alpha_of(spec) + 1));
  }

  int whole_rows(int frame, int height) const {
    return static_cast<std::size_t>(frame) < pages_.size()
        ? std::min(pages_[static_cast<std::size_t>(frame)].whole_rows, height)
        : height;
  }

  /// Rows from `y` to before `end`, as float32 of all channels that are wanted. 8 and 16 bits are divided, as ComfyUI does.
  bool read(const OIIO::ImageSpec& spec, int frame, int y, int end) {
    const std::size_t count = static_cast<std::size_t>(end - y) * static_cast<std::size_t>(spec.width) *
        static_cast<std::size_t>(channels_of(spec));
    read_.assign(count, 0.0F);
    const bool bytes = spec.format == OIIO::TypeDesc::UINT8, words = spec.format == OIIO::TypeDesc::UINT16;
    if (!bytes && !words) return read_as(spec, frame, y, end, OIIO::TypeDesc::FLOAT, read_.data());
    integers_.assign(count, 0);
    auto* small = reinterpret_cast<std::uint8_t*>(integers_.data());
    if (!read_as(spec, frame, y, end, spec.format, integers_.data())) return false;
    for (std::size_t i = 0; i < count; ++i)
      read_[i] = bytes ? static_cast<float>(small[i]) / 255.0F : static_cast<float>(integers_[i]) / 65535.0F;
    return true;
  }

  bool read_as(const OIIO::ImageSpec& spec, int frame, int y, int end, OIIO::TypeDesc type, void* to) {
    const int top = spec.y + y, bottom = spec.y + end, channels = channels_of(spec);
    return ask([&] {
      return spec.tile_width > 0 ? input_->read_tiles(frame, 0, spec.x, spec.x + spec.width, top, bottom, spec.z,
                                       spec.z + 1, 0, channels, type, to)
                                 : input_->read_scanlines(frame, 0, top, bottom, spec.z, 0, channels, type, to);
    });
  }

  /// Grey, grey with alpha, RGB or more.
  std::span<const float> as_rgba(const OIIO::ImageSpec& spec, int frame, int row) {
    const auto channels = static_cast<std::size_t>(channels_of(spec));
    const auto width = static_cast<std::size_t>(spec.width);
    const bool grey = spec.nchannels < 3;
    const int alpha = alpha_of(spec);
    const bool premultiplied =
        static_cast<std::size_t>(frame) < pages_.size() && pages_[static_cast<std::size_t>(frame)].stores_premultiplied;
    rgba_.resize(width * 4);
    if (bmp_bytes_ && channels == 4) return in_the_order_of_the_masks(row);
    const float* from = read_.data() + static_cast<std::size_t>(row) * width * channels;
    for (std::size_t x = 0; x < width; ++x, from += channels) {
      float* to = &rgba_[x * 4];
      for (std::size_t c = 0; c < 3; ++c) to[c] = from[grey ? 0 : c];
      to[3] = alpha >= 0 ? from[alpha] : 1;
      if (premultiplied && to[3] > 0)
        for (std::size_t c = 0; c < 3; ++c) to[c] = std::min(to[c] / to[3], 1.0F);
    }
    return rgba_;
  }

  /// OpenImageIO takes every pixel of 32 bits of a BMP for BGRA.
  std::span<const float> in_the_order_of_the_masks(int row) {
    constexpr std::array<std::size_t, 4> kChannelOfByte{2, 1, 0, 3};
    const float* from = read_.data() + static_cast<std::size_t>(row) * rgba_.size();
    for (std::size_t i = 0; i < rgba_.size(); ++i) {
      const int byte = (*bmp_bytes_)[i % 4];
      rgba_[i] = byte < 0 ? 1.0F : from[i / 4 * 4 + kChannelOfByte[static_cast<std::size_t>(byte)]];
    }
    return rgba_;
  }

  Damage& damage_;
  std::unique_ptr<PaletteFile> palette_file_;
  std::unique_ptr<OIIO::ImageInput> input_;  // reads it: goes before it
  std::vector<TiffPage> pages_;  // if it is a TIFF
  std::optional<std::array<int, 4>> bmp_bytes_;  // if it is a BMP of 32 bits a pixel
  std::vector<Size> sizes_;
  bool one_picture_ = false;  // in several sizes
  int first_ = 0;  // what OpenImageIO calls the first frame
  bool alpha_ = false;
  std::optional<int> orientation_;
  std::vector<float> read_, rgba_;
  std::vector<std::uint16_t> integers_;
};

}  // namespace

std::unique_ptr<Decoder> open_other(const std::filesystem::path& file, Damage& damage) {
  return std::make_unique<OtherDecoder>(file, damage);
}

}  // namespace weft::pictures
