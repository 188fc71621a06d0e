// WebP, still and animated, by libwebp.
#include <fmt/format.h>
#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <fstream>
#include <span>
#include <string_view>

#include "pictures/bytes.h"
#include "pictures/exif.h"
#include "pictures/picture_file.h"
#include "pictures/pixel_buffer.h"

namespace weft::pictures {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw PictureError(why, "the file is damaged: use another copy"); }

std::vector<std::uint8_t> bytes_of(const std::filesystem::path& file) {
  std::vector<std::uint8_t> bytes(std::filesystem::file_size(file));
  std::ifstream stream(file, std::ios::binary);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(stream.gcount(), 0)));
  return bytes;
}

constexpr std::size_t kHead = 12, kChunkHead = 8;  // "RIFF", a length and "WEBP"; a name and a length

std::uint64_t length_of(std::span<const std::uint8_t> head) { return little_endian(head.subspan(4, 4)); }

struct DeleteWebP {
  void operator()(WebPDemuxer* each) const { WebPDemuxDelete(each); }
  void operator()(WebPAnimDecoder* each) const { WebPAnimDecoderDelete(each); }
  void operator()(WebPIDecoder* each) const { WebPIDelete(each); }
};
using Demuxer = std::unique_ptr<WebPDemuxer, DeleteWebP>;

class WebPDecoder final : public Decoder {
 public:
  WebPDecoder(const std::filesystem::path& file, Damage& damage) : damage_(damage), bytes_(bytes_of(file)) {
    if (bytes_.size() < kHead + kChunkHead) refuse("the file ends early, before its pixels");
    const std::uint64_t stated = length_of(bytes_) + kChunkHead;
    const bool cut = stated > bytes_.size();
    if (cut) {
      damage_.report(kEndsEarly);
      keep_whole_chunks();
    }
    const WebPData data{bytes_.data(), bytes_.size()};
    WebPDemuxState state = WEBP_DEMUX_PARSE_ERROR;
    const Demuxer demuxer(partial_ ? WebPDemuxPartial(&data, &state) : WebPDemux(&data));
    if (!demuxer) refuse(cut ? "the file ends early, before its pixels" : "its parts do not fit together");
    size_ = {static_cast<int>(WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_WIDTH)),
        static_cast<int>(WebPDemuxGetI(demuxer.get(), WEBP_FF_CANVAS_HEIGHT))};
    const std::uint32_t flags = WebPDemuxGetI(demuxer.get(), WEBP_FF_FORMAT_FLAGS);
    animated_ = (flags & ANIMATION_FLAG) != 0;
    const auto count = WebPDemuxGetI(demuxer.get(), WEBP_FF_FRAME_COUNT);
    if (count == 0 || size_.width < 1 || size_.height < 1) refuse("it holds no picture");
    sizes_.assign(animated_ ? count : 1, size_);
    read_exif(*demuxer);
    if (!animated_) find_still(*demuxer);
    alpha_ = animated_ ? (flags & ALPHA_FLAG) != 0 : still_alpha_;
  }

  const std::vector<Size>& frames() const override { return sizes_; }
  bool has_alpha() const override { return alpha_; }
  int orientation() const override { return orientation_; }

  void decode(int frame, const RowSink& row) override {
    if (animated_)
      decode_animation(frame, row);
    else
      decode_still(row);
  }

 private:
  /// Makes a whole file of the chunks that are whole. A still picture is decoded as far as it goes.
  void keep_whole_chunks() {
    std::uint64_t end = kHead;
    bool frames = false;
    while (end + kChunkHead <= bytes_.size()) {
      const auto head = std::span(bytes_).subspan(end);
      const std::string_view name(reinterpret_cast<const char*>(head.data()), 4);
      const std::uint64_t padded = (length_of(head) + 1) & ~std::uint64_t{1};
      if (end + kChunkHead + padded > bytes_.size()) {
        partial_ = !frames && (name == "VP8 " || name == "VP8L");
        break;
      }
      frames = frames || name == "ANMF";
      end += kChunkHead + padded;
    }
    if (partial_) return;
    bytes_.resize(end);
    for (std::size_t i = 0; i < 4; ++i) bytes_[4 + i] = static_cast<std::uint8_t>((end - kChunkHead) >> (8 * i));
  }

  void read_exif(const WebPDemuxer& demuxer) {
    WebPChunkIterator chunk;
    if (WebPDemuxGetChunk(&demuxer, "EXIF", 1, &chunk))
      orientation_ = exif_orientation({chunk.chunk.bytes, chunk.chunk.size});
    WebPDemuxReleaseChunkIterator(&chunk);
  }

  void find_still(const WebPDemuxer& demuxer) {
    WebPIterator frame;
    if (!WebPDemuxGetFrame(&demuxer, 1, &frame)) refuse("the file ends early, before its pixels");
    still_ = {frame.fragment.bytes, frame.fragment.size};
    WebPDemuxReleaseIterator(&frame);
    WebPBitstreamFeatures features;
    if (WebPGetFeatures(still_.data(), still_.size(), &features) != VP8_STATUS_OK || features.has_animation)
      refuse("its data are damaged");
    if (Size{features.width, features.height} != size_) refuse("it says two sizes");
    still_alpha_ = features.has_alpha != 0;
  }

  void decode_still(const RowSink& sink) {
    const std::size_t stride = static_cast<std::size_t>(size_.width) * 4;
    PixelBuffer rgba(stride * static_cast<std::size_t>(size_.height));
    const int whole = decode_into(rgba, static_cast<int>(stride));
    still_ = {};
    std::vector<std::uint8_t>().swap(bytes_);  // decoded once only
    hand_out(rgba, size_, whole, /*last=*/true, sink);
  }

  /// Returns how many rows there are.
  int decode_into(PixelBuffer& rgba, int stride) {
    WebPDecoderConfig config;
    WebPInitDecoderConfig(&config);
    config.output.colorspace = MODE_RGBA;
    config.output.is_external_memory = 1;
    config.output.u.RGBA = {rgba.data(), stride, rgba.size()};
    if (!partial_) {
      const VP8StatusCode status = WebPDecode(still_.data(), still_.size(), &config);
      if (status == VP8_STATUS_OK) return size_.height;
      if (status == VP8_STATUS_OUT_OF_MEMORY) throw std::bad_alloc();
      damage_.report("its data are damaged");
    }
    const std::unique_ptr<WebPIDecoder, DeleteWebP> decoder(WebPIDecode(nullptr, 0, &config));
    if (!decoder) throw std::bad_alloc();
    int rows = 0;
    WebPIAppend(decoder.get(), still_.data(), still_.size());
    if (!WebPIDecGetRGB(decoder.get(), &rows, nullptr, nullptr, nullptr)) return 0;
    return std::clamp(rows, 0, size_.height);
  }

  void decode_animation(int wanted, const RowSink& sink) {
    if (!animation_) begin_animation();
    std::uint8_t* rgba = nullptr;
    int time = 0;
    for (; next_ <= wanted; ++next_)
      if (!WebPAnimDecoderGetNext(animation_.get(), &rgba, &time)) {
        damage_.report(fmt::format("its frame {} is damaged", next_));
        rgba = nullptr;
        break;
      }
    const std::size_t length = static_cast<std::size_t>(size_.width) * 4;
    std::vector<float> floats;
    for (int y = 0; y < size_.height; ++y) {
      if (rgba)
        to_floats({rgba + static_cast<std::size_t>(y) * length, length}, floats);
      else
        floats = black_row(size_.width);
      sink(y, floats);
    }
  }

  void begin_animation() {
    WebPAnimDecoderOptions options;
    WebPAnimDecoderOptionsInit(&options);
    options.color_mode = MODE_RGBA;
    const WebPData data{bytes_.data(), bytes_.size()};
    animation_.reset(WebPAnimDecoderNew(&data, &options));
    if (!animation_) refuse("its frames do not fit together");
  }

  Damage& damage_;
  std::vector<std::uint8_t> bytes_;
  Size size_;
  std::vector<Size> sizes_;
  int orientation_ = 1;
  bool animated_ = false, alpha_ = false, still_alpha_ = false, partial_ = false;
  std::span<const std::uint8_t> still_;
  std::unique_ptr<WebPAnimDecoder, DeleteWebP> animation_;
  int next_ = 0;
};

}  // namespace

std::unique_ptr<Decoder> open_webp(const std::filesystem::path& file, Damage& damage) {
  return std::make_unique<WebPDecoder>(file, damage);
}

}  // namespace weft::pictures
