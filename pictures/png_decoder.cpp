// PNG and APNG by libpng. It is shown what matters to pixels and nothing else: no text, no gAMA, no profile.
#include <fmt/format.h>
#include <png.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <bit>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "pictures/bytes.h"
#include "pictures/picture_file.h"
#include "pictures/pixel_buffer.h"
#include "pictures/png_chunks.h"

namespace weft::pictures {
namespace {

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

/// A frame as a PNG file of its own: header, each piece of its data as an IDAT, IEND. libpng is told to ignore the CRCs
/// of this stream; those of the file are compared here.
class FrameStream {
 public:
  FrameStream(std::FILE* file, std::vector<std::uint8_t> header, const std::vector<PngSegment>& segments)
      : file_(file), ready_(std::move(header)), segments_(segments) {
    ready_.reserve(kPiece + 12);  // nothing is thrown through libpng
  }

  /// False at the end.
  bool read(std::uint8_t* to, std::size_t count) {
    while (count > 0) {
      if (used_ == ready_.size() && !refill()) return false;
      const std::size_t part = std::min(count, ready_.size() - used_);
      std::memcpy(to, ready_.data() + used_, part);
      used_ += part, to += part, count -= part;
    }
    return true;
  }
  bool damaged() const { return damaged_; }
  std::string& error() { return error_; }

 private:
  static constexpr std::uint32_t kPiece = 1 << 16;

  bool refill() {
    used_ = 0;
    while (segment_ < segments_.size() && done_ == segments_[segment_].length) finish_segment();
    if (segment_ == segments_.size()) {
      if (std::exchange(ended_, true)) return false;
      chunk("IEND", 0);
      return true;
    }
    const PngSegment& segment = segments_[segment_];
    if (done_ == 0) {
      ::fseeko(file_, static_cast<off_t>(segment.offset), SEEK_SET);
      crc_ = segment.checked;
    }
    const std::uint32_t piece = std::min(kPiece, segment.length - done_);
    chunk("IDAT", piece);
    if (std::fread(ready_.data() + 8, 1, piece, file_) != piece) return false;
    crc_ = static_cast<std::uint32_t>(::crc32(crc_, ready_.data() + 8, piece));
    done_ += piece;
    return true;
  }

  void chunk(const char* name, std::uint32_t length) {
    ready_.assign(length + 12, 0);
    for (std::size_t i = 0; i < 4; ++i) ready_[i] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
    std::memcpy(ready_.data() + 4, name, 4);
  }

  void finish_segment() {
    const PngSegment& segment = segments_[segment_++];
    done_ = 0;
    std::array<std::uint8_t, 4> crc{};
    if (segment.length == 0 || !segment.whole) return;
    damaged_ = damaged_ || std::fread(crc.data(), 1, 4, file_) != 4 || big_endian(crc) != crc_;
  }

  std::FILE* file_;
  std::vector<std::uint8_t> ready_;  // what libpng gets next
  std::size_t used_ = 0;
  const std::vector<PngSegment>& segments_;
  std::size_t segment_ = 0;
  std::uint32_t done_ = 0, crc_ = 0;  // of this segment
  bool ended_ = false, damaged_ = false;
  std::string error_;
};

/// libpng's reader. Its errors jump: each call that may fail has a function of its own with nothing to destroy in it.
class Reader {
 public:
  explicit Reader(FrameStream& stream) : stream_(stream) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &stream, on_error, [](png_structp, png_const_charp) {});
    info_ = png_ ? png_create_info_struct(png_) : nullptr;
    if (!info_) throw std::bad_alloc();
    png_set_read_fn(png_, &stream, on_read);
    png_set_crc_action(png_, PNG_CRC_QUIET_USE, PNG_CRC_QUIET_USE);
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // ours are looked at before
  }
  ~Reader() { png_destroy_read_struct(&png_, &info_, nullptr); }
  Reader(const Reader&) = delete;

  /// False: error().
  bool begin(bool eight_bits) {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_read_info(png_, info_);
    png_set_expand(png_);  // palettes, few bits and transparent colours
    png_set_gray_to_rgb(png_);
    png_set_add_alpha(png_, 0xffff, PNG_FILLER_AFTER);
    if (eight_bits) png_set_strip_16(png_);  // as Pillow does
    if (std::endian::native == std::endian::little) png_set_swap(png_);
    passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }
  bool read(std::uint8_t* row) {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_read_row(png_, row, nullptr);
    return true;
  }
  /// To the end of the data, so that all of it is compared with its CRC.
  void finish() {
    if (setjmp(png_jmpbuf(png_))) return;
    png_read_end(png_, nullptr);
  }

  std::size_t row_bytes() const { return png_get_rowbytes(png_, info_); }
  bool sixteen_bits() const { return png_get_bit_depth(png_, info_) == 16; }
  int passes() const { return passes_; }
  const std::string& error() const { return stream_.error(); }

 private:
  static void on_read(png_structp png, png_bytep to, std::size_t count) {
    if (!static_cast<FrameStream*>(png_get_io_ptr(png))->read(to, count)) png_error(png, kEndsEarly);
  }
  [[noreturn]] static void on_error(png_structp png, png_const_charp text) {
    static_cast<FrameStream*>(png_get_error_ptr(png))->error() = text;
    png_longjmp(png, 1);
  }

  FrameStream& stream_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  int passes_ = 1;
};

class PngDecoder final : public Decoder {
 public:
  PngDecoder(const std::filesystem::path& file, Damage& damage)
      : damage_(damage), chunks_(read_png_chunks(file, damage)), file_(std::fopen(file.c_str(), "rb"), &std::fclose) {
    if (!file_) throw PictureError("it cannot be opened", "check its permissions");
    sizes_.assign(chunks_.frames.size(), chunks_.size);
  }

  const std::vector<Size>& frames() const override { return sizes_; }
  bool has_alpha() const override { return chunks_.alpha; }
  int orientation() const override { return chunks_.orientation; }

  void decode(int frame, const RowSink& row) override {
    if (sizes_.size() > 1)
      animated(static_cast<std::size_t>(frame), row);
    else if (chunks_.interlaced)
      interlaced(row);
    else
      row_by_row(row);
    if (chunks_.ends_early) damage_.warn("the file ends early, after its pixels");
  }

 private:
  using Row = std::span<const std::uint8_t>;

  /// The rows of a frame's own part, as far as they are there: each once, or each in each pass. Returns how many rows
  /// are whole.
  int rows(const PngFrame& frame, bool eight_bits, const std::function<std::uint8_t*(int y)>& place,
      const std::function<void(int y, bool sixteen)>& done) {
    FrameStream stream(file_.get(), chunks_.header_for(frame.size), frame.data);
    Reader reader(stream);
    if (!reader.begin(eight_bits))
      throw PictureError(
          chunks_.ends_early ? "the file ends early, before its pixels" : "libpng says: " + reader.error(),
          "the file is damaged: use another copy");
    for (int pass = 0; pass < reader.passes(); ++pass)
      for (int y = 0; y < frame.size.height; ++y) {
        if (!reader.read(place(y))) {
          damage_.report(chunks_.ends_early && !stream.damaged() ? std::string(kEndsEarly)
                                                                 : "its data are damaged: " + reader.error());
          return pass == 0 ? y : frame.size.height;
        }
        if (pass + 1 == reader.passes()) done(y, reader.sixteen_bits());
      }
    reader.finish();
    if (stream.damaged()) damage_.report("its data are damaged: a checksum is wrong");
    return frame.size.height;
  }

  static void to_floats_of(Row bytes, bool sixteen, std::vector<float>& floats) {
    if (!sixteen) return to_floats(bytes, floats);
    floats.resize(bytes.size() / 2);
    for (std::size_t i = 0; i < floats.size(); ++i) {
      std::uint16_t value = 0;
      std::memcpy(&value, bytes.data() + 2 * i, 2);
      floats[i] = static_cast<float>(value) / 65535.0F;
    }
  }

  void row_by_row(const RowSink& sink) {
    const PngFrame& frame = chunks_.frames.front();
    const std::size_t samples = static_cast<std::size_t>(frame.size.width) * 4;
    std::vector<std::uint8_t> bytes(samples * 2);
    std::vector<float> floats;
    const auto done = [&](int y, bool sixteen) {
      to_floats_of(Row(bytes).first(sixteen ? samples * 2 : samples), sixteen, floats);
      sink(y, floats);
    };
    const int whole = rows(frame, false, [&](int) { return bytes.data(); }, done);
    black_from(whole, sink);
  }

  void black_from(int row, const RowSink& sink) const {
    const std::vector<float> black = black_row(chunks_.size.width);
    for (int y = row; y < chunks_.size.height; ++y) sink(y, black);
  }

  /// libpng needs the whole picture for that.
  void interlaced(const RowSink& sink) {
    const PngFrame& frame = chunks_.frames.front();
    const bool sixteen = chunks_.header[24] == 16;  // bits a sample
    const std::size_t row = static_cast<std::size_t>(frame.size.width) * (sixteen ? 8 : 4);
    PixelBuffer buffer(row * static_cast<std::size_t>(frame.size.height));
    const auto place = [&](int y) { return buffer.data() + row * static_cast<std::size_t>(y); };
    const int whole = rows(frame, false, place, [](int, bool) {});
    std::vector<float> floats;
    for (int y = 0; y < whole; ++y) {
      to_floats_of(Row(place(y), row), sixteen, floats);
      sink(y, floats);
      buffer.forget_before(row * static_cast<std::size_t>(y + 1));
    }
    black_from(whole, sink);
  }

  void animated(std::size_t wanted, const RowSink& sink) {
    for (; next_ <= wanted; ++next_) {
      if (next_ > 0) dispose(chunks_.frames[next_ - 1]);
      draw(chunks_.frames[next_]);
    }
    hand_out(*canvas_, chunks_.size, chunks_.size.height, /*last=*/wanted + 1 == sizes_.size(), sink);
  }

  std::span<std::uint8_t> part(PixelBuffer& buffer, const PngFrame& frame, int row) const {
    const std::size_t first = static_cast<std::size_t>(frame.y + row) * static_cast<std::size_t>(chunks_.size.width);
    return buffer.bytes().subspan(
        (first + static_cast<std::size_t>(frame.x)) * 4, static_cast<std::size_t>(frame.size.width) * 4);
  }

  void draw(const PngFrame& frame) {
    const std::size_t bytes =
        static_cast<std::size_t>(chunks_.size.width) * static_cast<std::size_t>(chunks_.size.height) * 4;
    if (!canvas_) canvas_ = std::make_unique<PixelBuffer>(bytes);
    const std::size_t length = static_cast<std::size_t>(frame.size.width) * 4;
    before_.clear();
    for (int y = 0; y < frame.size.height && frame.dispose == PngFrame::Dispose::Previous; ++y) {
      const auto row = part(*canvas_, frame, y);
      before_.insert(before_.end(), row.begin(), row.end());
    }
    std::vector<std::uint8_t> whole(chunks_.interlaced ? length * static_cast<std::size_t>(frame.size.height) : length);
    const auto place = [&](int y) {
      return whole.data() + (chunks_.interlaced ? length * static_cast<std::size_t>(y) : 0);
    };
    rows(frame, true, place, [&](int y, bool) {
      const auto to = part(*canvas_, frame, y);
      if (frame.over)
        lay_over({place(y), length}, to);
      else
        std::memcpy(to.data(), place(y), length);
    });
  }

  static void lay_over(Row above, std::span<std::uint8_t> below) {
    for (std::size_t i = 0; i < above.size(); i += 4) {
      const unsigned a = above[i + 3], under = below[i + 3] * (255 - a) / 255, sum = a + under;
      if (sum == 0) continue;
      for (std::size_t c = 0; c < 3; ++c)
        below[i + c] = static_cast<std::uint8_t>((above[i + c] * a + below[i + c] * under + sum / 2) / sum);
      below[i + 3] = static_cast<std::uint8_t>(sum);
    }
  }

  void dispose(const PngFrame& frame) {
    if (frame.dispose == PngFrame::Dispose::None) return;
    for (int y = 0; y < frame.size.height; ++y) {
      const auto to = part(*canvas_, frame, y);
      if (frame.dispose == PngFrame::Dispose::Background)
        std::ranges::fill(to, std::uint8_t{0});
      else
        std::copy_n(before_.data() + to.size() * static_cast<std::size_t>(y), to.size(), to.data());
    }
  }

  Damage& damage_;
  PngChunks chunks_;
  File file_;
  std::vector<Size> sizes_;
  std::size_t next_ = 0;  // frame of an animation
  std::unique_ptr<PixelBuffer> canvas_;
  std::vector<std::uint8_t> before_;  // what the frame that was drawn last will give way to
};

}  // namespace

std::unique_ptr<Decoder> open_png(const std::filesystem::path& file, Damage& damage) {
  return std::make_unique<PngDecoder>(file, damage);
}

}  // namespace weft::pictures
