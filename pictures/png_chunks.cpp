#include "pictures/png_chunks.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "pictures/bytes.h"
#include "pictures/exif.h"
#include "pictures/picture_file.h"

namespace weft::pictures {
namespace {

constexpr std::size_t kSignature = 8, kSizeInHeader = 16;  // the width stands there, the height 4 bytes on
constexpr std::uint32_t kLargestSide = 0x7fffffff;

[[noreturn]] void refuse(const std::string& why) { throw PictureError(why, "the file is damaged: use another copy"); }

std::uint32_t crc_of(std::uint32_t before, std::span<const std::uint8_t> bytes) {
  return static_cast<std::uint32_t>(::crc32(before, bytes.data(), static_cast<uInt>(bytes.size())));
}

class Walk {
 public:
  Walk(const std::filesystem::path& file, Damage& damage) : stream_(file, std::ios::binary), damage_(damage) {
    length_ = std::filesystem::file_size(file);
  }

  PngChunks chunks() {
    std::vector<std::uint8_t> signature(kSignature);
    if (!read(signature) || std::string(signature.begin(), signature.end()) != "\x89PNG\r\n\x1a\n")
      refuse("it does not begin as a PNG");
    found_.header = signature;
    while (next()) {
    }
    check();
    return std::move(found_);
  }

 private:
  std::uint64_t left() const { return length_ - at_; }

  bool read(std::span<std::uint8_t> bytes) {
    if (left() < bytes.size()) return false;
    stream_.seekg(static_cast<std::streamoff>(at_));
    stream_.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    at_ += bytes.size();
    return static_cast<bool>(stream_);
  }

  /// One chunk; false at the end.
  bool next() {
    std::vector<std::uint8_t> head(8);
    if (!read(head)) return ended();
    const auto length = static_cast<std::uint32_t>(big_endian(std::span(head).first(4)));
    const std::string name(head.begin() + 4, head.end());
    if (name == "IEND") return false;
    if (found_.size == Size{} && name != "IHDR") refuse("its first chunk is no IHDR");
    const std::uint64_t body = at_;
    if (name == "IDAT" || name == "fdAT")
      add_data(name, head, length);
    else if (name == "IHDR" || name == "PLTE" || name == "tRNS" || name == "acTL" || name == "fcTL" || name == "eXIf")
      if (!small_chunk(name, head, length)) return ended();
    if (length_ - body < std::uint64_t{length} + 4) return ended();
    at_ = body + length + 4;
    return true;
  }

  bool ended() {
    found_.ends_early = true;
    return false;
  }

  void add_data(const std::string& name, std::span<const std::uint8_t> head, std::uint32_t length) {
    PngSegment segment{.length = length, .checked = crc_of(0, head.subspan(4))};
    if (name == "fdAT") {
      std::vector<std::uint8_t> number(4);
      if (length < 4 || frames_begun_ == 0) refuse("it has the data of a frame without a frame");
      if (!read(number)) return;
      expect_number(big_endian(number));
      segment.checked = crc_of(segment.checked, number);
      segment.length -= 4;
    } else if (found_.frames.empty()) {
      // A picture without frames, or before them: it is no part of what the animation begins with.
      found_.frames.push_back({.size = found_.size, .dispose = PngFrame::Dispose::Background, .data = {}});
    }
    segment.offset = at_;
    segment.whole = left() >= std::uint64_t{segment.length} + 4;
    segment.length = static_cast<std::uint32_t>(std::min<std::uint64_t>(segment.length, left()));
    found_.frames.back().data.push_back(segment);
  }

  bool small_chunk(const std::string& name, std::span<const std::uint8_t> head, std::uint32_t length) {
    constexpr std::uint32_t kLargest = 1 << 20;  // far above what any of them needs
    if (length > kLargest) {
      if (name != "eXIf") refuse(fmt::format("its chunk {} is too long", name));
      return true;
    }
    std::vector<std::uint8_t> body(length), crc(4);
    if (!read(body) || !read(crc)) return false;
    if (crc_of(crc_of(0, head.subspan(4)), body) != big_endian(crc))
      damage_.report(fmt::format("its chunk {} is damaged", name));
    if (name == "IHDR") header(body);
    if (name == "acTL" && body.size() == 8 && found_.frames.empty()) announced_ = big_endian(std::span(body).first(4));
    if (name == "fcTL" && announced_) frame(body);
    if (name == "eXIf") found_.orientation = exif_orientation(body);
    if (name == "tRNS") found_.alpha = true;
    if (name == "IHDR" || name == "PLTE" || name == "tRNS")
      for (const auto& part : {std::vector<std::uint8_t>(head.begin(), head.end()), body, crc})
        found_.header.insert(found_.header.end(), part.begin(), part.end());
    return true;
  }

  void header(std::span<const std::uint8_t> body) {
    if (body.size() != 13 || found_.size != Size{}) refuse("its chunk IHDR is damaged");
    const std::uint64_t width = big_endian(body.first(4)), height = big_endian(body.subspan(4, 4));
    if (width == 0 || height == 0 || width > kLargestSide || height > kLargestSide)
      refuse(fmt::format("its size is {} x {}", width, height));
    found_.size = {static_cast<int>(width), static_cast<int>(height)};
    found_.alpha = (body[9] & 4) != 0;  // of the colour type
    found_.interlaced = body[12] != 0;
  }

  void frame(std::span<const std::uint8_t> body) {
    if (body.size() != 26) refuse("its chunk fcTL has a wrong length");
    const auto number = [&](std::size_t at) { return big_endian(body.subspan(at, 4)); };
    expect_number(number(0));
    const std::uint64_t width = number(4), height = number(8), x = number(12), y = number(16);
    const auto w = static_cast<std::uint64_t>(found_.size.width), h = static_cast<std::uint64_t>(found_.size.height);
    if (width == 0 || height == 0 || x + width > w || y + height > h || body[24] > 2 || body[25] > 1)
      refuse(fmt::format("its frame {} does not fit into the picture", frames_begun_));
    found_.frames.push_back({.x = static_cast<int>(x),
        .y = static_cast<int>(y),
        .size = {static_cast<int>(width), static_cast<int>(height)},
        .dispose = static_cast<PngFrame::Dispose>(body[24]),
        .over = body[25] == 1,
        .data = {}});
    ++frames_begun_;
  }

  void expect_number(std::uint64_t number) {
    if (number != next_number_++) damage_.report("the order of its frames is damaged");
  }

  void check() {
    if (found_.size == Size{}) refuse(found_.ends_early ? kEndsEarly : "it holds no picture");
    if (announced_ && (*announced_ == 0 || *announced_ != frames_begun_))
      damage_.report(found_.ends_early
              ? std::string(kEndsEarly)
              : fmt::format("it says that it has {} frames, and has {}", *announced_, frames_begun_));
    if (found_.ends_early) std::erase_if(found_.frames, [](const PngFrame& frame) { return frame.data.empty(); });
    if (found_.frames.empty())
      refuse(found_.ends_early ? "the file ends early, before its pixels" : "it holds no pixels");
    for (const PngFrame& frame : found_.frames)
      if (frame.data.empty()) refuse("one of its frames holds no pixels");
  }

  std::ifstream stream_;
  Damage& damage_;
  std::uint64_t length_ = 0, at_ = 0;
  PngChunks found_;
  std::optional<std::uint64_t> announced_;  // frames, if it is an animation
  std::uint64_t frames_begun_ = 0, next_number_ = 0;
};

}  // namespace

std::vector<std::uint8_t> PngChunks::header_for(Size frame) const {
  std::vector<std::uint8_t> made = header;
  const auto put = [&](std::size_t at, int number) {
    for (std::size_t i = 0; i < 4; ++i) made[at + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
  };
  put(kSizeInHeader, frame.width);
  put(kSizeInHeader + 4, frame.height);
  return made;
}

PngChunks read_png_chunks(const std::filesystem::path& file, Damage& damage) { return Walk(file, damage).chunks(); }

}  // namespace weft::pictures
