#include "pictures/file_layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string_view>

#include "pictures/bytes.h"
#include "pictures/exif.h"
#include "pictures/picture_file.h"

namespace weft::pictures {
namespace {

/// Bytes at any place of a file; none where it has ended.
class Bytes {
 public:
  explicit Bytes(const std::filesystem::path& file)
      : size_(std::filesystem::file_size(file)), stream_(file, std::ios::binary) {}
  std::uint64_t size() const { return size_; }
  std::optional<std::vector<std::uint8_t>> at(std::uint64_t offset, std::uint64_t count) {
    if (offset > size_ || count > size_ - offset) return std::nullopt;
    std::vector<std::uint8_t> bytes(count);
    stream_.seekg(static_cast<std::streamoff>(offset));
    stream_.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(count));
    if (!stream_) return std::nullopt;
    return bytes;
  }

 private:
  std::uint64_t size_;
  std::ifstream stream_;
};

class Tiff {
 public:
  explicit Tiff(const std::filesystem::path& file) : bytes_(file) {}

  std::vector<TiffPage> pages(Damage& damage) {
    std::vector<TiffPage> pages;
    std::set<std::uint64_t> seen;
    for (std::optional<std::uint64_t> at = first(); !at || *at != 0; at = next_) {
      if (!at || !seen.insert(*at).second || !read_directory(*at)) {
        if (pages.empty()) throw PictureError("the file ends early, before its pixels", "use a copy that is whole");
        damage.report(at && seen.size() == pages.size() ? "its pages go round in a circle" : kEndsEarly);
        break;
      }
      check();
      pages.push_back(page());
    }
    return pages;
  }

 private:
  using Numbers = std::vector<std::uint64_t>;

  std::optional<std::uint64_t> first() {
    const auto head = bytes_.at(0, 8);
    if (!head) return std::nullopt;
    big_endian_ = (*head)[0] == 'M';
    big_ = number(*head, 2, 2) == 43;  // offsets of 64 bits
    return big_ ? number_at(8, 8) : std::optional(number(*head, 4, 4));
  }

  std::uint64_t number(std::span<const std::uint8_t> bytes, std::size_t at, std::size_t count) const {
    return big_endian_ ? big_endian(bytes.subspan(at, count)) : little_endian(bytes.subspan(at, count));
  }
  std::optional<std::uint64_t> number_at(std::uint64_t offset, std::size_t count) {
    const auto bytes = bytes_.at(offset, count);
    return bytes ? std::optional(number(*bytes, 0, count)) : std::nullopt;
  }

  bool read_directory(std::uint64_t at) {
    tags_.clear();
    const std::size_t word = big_ ? 8 : 4, entry = big_ ? 20 : 12, counter = big_ ? 8 : 2;
    const auto count = number_at(at, counter);
    if (!count || *count > bytes_.size() / entry) return false;
    const auto entries = bytes_.at(at + counter, *count * entry + word);
    if (!entries) return false;
    for (std::size_t i = 0; i < *count; ++i) {
      const auto each = std::span(*entries).subspan(i * entry, entry);
      const std::uint64_t tag = number(each, 0, 2);
      if (!wanted(tag)) continue;
      const std::size_t width = width_of(number(each, 2, 2));
      const std::uint64_t values = number(each, 4, word);
      if (width == 0) continue;
      if (values > bytes_.size() / width) return false;
      std::optional<std::vector<std::uint8_t>> held =
          std::vector<std::uint8_t>(each.begin() + static_cast<std::ptrdiff_t>(4 + word), each.end());
      if (values * width > word) held = bytes_.at(number(each, 4 + word, word), values * width);
      if (!held) return false;
      if (tag == kColourMap && width != 2) continue;
      if (tag == kColourMap)
        colour_map_ = values * width > word ? number(each, 4 + word, word) : at + counter + i * entry + 4 + word;
      for (std::size_t k = 0; k < values; ++k) tags_[tag].push_back(number(*held, k * width, width));
    }
    next_ = number(*entries, *count * entry, word);
    return true;
  }

  static std::size_t width_of(std::uint64_t type) {
    switch (type) {
      case 1:             // BYTE
      case 7:
        return 1;   // UNDEFINED
      case 3:
        return 2;   // SHORT
      case 4:
        return 4;   // LONG
      case 16:
        return 8;  // LONG8
      default:
        return 0;
    }
  }

  enum Tag : std::uint64_t {
    kWidth = 256,
    kHeight = 257,
    kBits = 258,
    kCompression = 259,
    kPhotometric = 262,
    kStrips = 273,
    kSamples = 277,
    kRowsPerStrip = 278,
    kStripBytes = 279,
    kPlanes = 284,
    kTileWidth = 322,
    kTileHeight = 323,
    kTiles = 324,
    kTileBytes = 325,
    kColourMap = 320,
    kExtraSamples = 338,
    kJpegTables = 347,
  };
  static bool wanted(std::uint64_t tag) {
    constexpr std::array<std::uint64_t, 17> kAll{kWidth, kHeight, kBits, kCompression, kPhotometric, kStrips, kSamples,
        kRowsPerStrip, kStripBytes, kPlanes, kTileWidth, kTileHeight, kTiles, kTileBytes, kColourMap, kExtraSamples,
        kJpegTables};
    return std::ranges::find(kAll, tag) != kAll.end();
  }
  std::uint64_t first_of(std::uint64_t tag, std::uint64_t otherwise) const {
    const auto found = tags_.find(tag);
    return found == tags_.end() || found->second.empty() ? otherwise : found->second.front();
  }

  void check() const {
    constexpr std::uint64_t kInks = 5, kCmyk = 4;
    if (!tags_.contains(kBits))
      throw PictureError("it does not say how many bits its samples have", "save it again with another program");
    if (first_of(kPhotometric, 0) == kInks && first_of(kSamples, 1) > kCmyk)
      throw PictureError(
          fmt::format("it has {} inks, or CMYK with alpha", first_of(kSamples, 1)), "save it as RGB with alpha");
  }

  /// How far the strips or tiles of this page are in the file.
  TiffPage page() const {
    const std::uint64_t height = first_of(kHeight, 0), width = first_of(kWidth, 0);
    const bool tiled = tags_.contains(kTiles);
    const std::uint64_t rows = std::clamp<std::uint64_t>(
        first_of(tiled ? kTileHeight : kRowsPerStrip, height), 1, std::max<std::uint64_t>(height, 1));
    const std::uint64_t tile_width = std::max<std::uint64_t>(first_of(kTileWidth, width), 1);
    const std::uint64_t across = tiled ? std::max<std::uint64_t>((width + tile_width - 1) / tile_width, 1) : 1;
    const std::uint64_t parts_a_plane = across * ((height + rows - 1) / rows);
    TiffPage page{.whole_rows = static_cast<int>(std::min<std::uint64_t>(height, 0x7fffffff)),
        .whole = true,
        .stores_premultiplied = first_of(kExtraSamples, 0) == 1};
    const auto map = tags_.find(kColourMap);
    if (map != tags_.end() &&
        std::ranges::all_of(map->second, [](std::uint64_t colour) { return colour % 256 == 0 && colour <= 0xff00; })) {
      page.colour_map = colour_map_;
      for (const std::uint64_t colour : map->second) page.high_bytes.push_back(static_cast<std::uint8_t>(colour >> 8));
    }
    const auto parts = tags_.find(tiled ? kTiles : kStrips), lengths = tags_.find(tiled ? kTileBytes : kStripBytes);
    const std::uint64_t expected = tiled ? 0 : least_bytes(width);
    for (std::size_t i = 0; parts != tags_.end() && i < parts->second.size() && parts_a_plane > 0; ++i) {
      const std::uint64_t offset = parts->second[i], row = i % parts_a_plane / across * rows;
      const std::uint64_t length = lengths != tags_.end() && i < lengths->second.size() ? lengths->second[i] : 1;
      const bool short_strip =
          lengths != tags_.end() && length < expected * std::min(rows, height - std::min(row, height));
      if (!short_strip && offset <= bytes_.size() && length <= bytes_.size() - offset) continue;
      page.whole = false;
      page.whole_rows = static_cast<int>(std::min<std::uint64_t>(static_cast<std::uint64_t>(page.whole_rows), row));
    }
    return page;
  }

  /// Of a row, where it can be told.
  std::uint64_t least_bytes(std::uint64_t width) const {
    constexpr std::uint64_t kUncompressed = 1, kApart = 2, kMost = 1 << 20;
    if (first_of(kCompression, kUncompressed) != kUncompressed) return 0;
    const std::uint64_t samples = first_of(kPlanes, 1) == kApart ? 1 : first_of(kSamples, 1), bits = first_of(kBits, 1);
    if (width > 0xffffffff || samples > kMost || bits > 64) return 0;
    return (width * samples * bits + 7) / 8;
  }

  Bytes bytes_;
  bool big_endian_ = false, big_ = false;
  std::map<std::uint64_t, Numbers> tags_;  // of the page that was read last
  std::uint64_t next_ = 0, colour_map_ = 0;
};

}  // namespace

JpegLayout jpeg_layout(const std::filesystem::path& file) {
  constexpr int kStart = 0xd8, kEnd = 0xd9, kExif = 0xe1, kFirstRestart = 0xd0, kLastRestart = 0xd7;
  std::ifstream stream(file, std::ios::binary);
  std::filebuf& bytes = *stream.rdbuf();
  JpegLayout layout{.ends_early = true};
  for (int byte = bytes.sbumpc(); byte != EOF; byte = bytes.sbumpc()) {
    if (byte != 0xff) continue;  // data of a scan
    int marker = 0xff;
    while (marker == 0xff) marker = bytes.sbumpc();
    if (marker == kEnd) return {.ends_early = false, .orientation = layout.orientation};
    // What follows is data: an 0xff of them, or a restart.
    if (marker <= 1 || marker == kStart || (marker >= kFirstRestart && marker <= kLastRestart)) continue;
    const int high = bytes.sbumpc(), low = bytes.sbumpc();
    if (low == EOF) return layout;
    const int length = std::max(high * 256 + low - 2, 0);
    std::vector<std::uint8_t> body(static_cast<std::size_t>(length));
    if (bytes.sgetn(reinterpret_cast<char*>(body.data()), length) != length) return layout;
    constexpr std::string_view kName("Exif\0\0", 6);
    if (marker == kExif && std::string_view(reinterpret_cast<const char*>(body.data()), body.size()).starts_with(kName))
      layout.orientation = exif_orientation(body);
  }
  return layout;
}

std::vector<TiffPage> tiff_pages(const std::filesystem::path& file, Damage& damage) { return Tiff(file).pages(damage); }

BmpLayout bmp_layout(const std::filesystem::path& file) {
  Bytes bytes(file);
  const auto head = bytes.at(0, 34);
  if (!head) return {.ends_early = true, .bytes = {}};
  const auto number = [&](std::size_t at, std::size_t count) {
    return little_endian(std::span(*head).subspan(at, count));
  };
  constexpr std::uint64_t kOldHeader = 12, kUncompressed = 0, kMasks = 3, kMasksWithAlpha = 6;
  const std::uint64_t header = number(14, 4), compression = number(30, 4);
  const bool masks = compression == kMasks || compression == kMasksWithAlpha;
  if (header == kOldHeader || (compression != kUncompressed && !masks)) return {};
  const std::uint64_t width = number(18, 4),
                      rows =
                          static_cast<std::uint64_t>(std::abs(std::int64_t{static_cast<std::int32_t>(number(22, 4))}));
  const std::uint64_t bits = number(28, 2), row = (width * bits + 31) / 32 * 4;
  BmpLayout layout{
      .ends_early = bytes.size() < number(10, 4) || (row > 0 && (bytes.size() - number(10, 4)) / row < rows),
      .bytes = {}};
  if (bits != 32) return layout;
  layout.bytes = {2, 1, 0, -1};
  if (!masks) return layout;
  constexpr std::uint64_t kWithAlpha =
      56;  // bytes of a header that has four masks; the first three may follow a shorter one
  const std::size_t count = header >= kWithAlpha || compression == kMasksWithAlpha ? 4 : 3;
  const auto found = bytes.at(54, count * 4);
  for (std::size_t i = 0; found && i < count; ++i) {
    const std::uint64_t mask = little_endian(std::span(*found).subspan(i * 4, 4));
    const int byte = std::countr_zero(mask | std::uint64_t{1} << 32) / 8;
    if (mask == 0 && i == 3) continue;
    if (mask != std::uint64_t{0xff} << (8 * byte))
      throw PictureError("its colours have other than 8 bits each", "save it with 24 or 32 bits a pixel");
    (*layout.bytes)[i] = byte;
  }
  return layout;
}

bool dds_ends_early(const std::filesystem::path& file) {
  constexpr std::uint64_t kHeader = 128, kMoreHeader = 20, kFourLetters = 4, kCubeOrVolume = 0x200200;
  Bytes bytes(file);
  const auto head = bytes.at(0, kHeader);
  if (!head) return true;
  const auto number = [&](std::size_t at) { return little_endian(std::span(*head).subspan(at, 4)); };
  if ((number(112) & kCubeOrVolume) != 0) throw PictureError("it holds a cube or a volume", "give a flat picture");
  const std::uint64_t height = number(12), width = number(16);
  if ((number(80) & kFourLetters) == 0) {
    const std::uint64_t row = (width * std::min<std::uint64_t>(number(88), 128) + 7) / 8;
    return row > 0 && (bytes.size() - kHeader) / row < height;
  }
  const std::string_view name(reinterpret_cast<const char*>(head->data()) + 84, 4);
  const auto format = name == "DX10" ? bytes.at(kHeader, 4) : std::nullopt;
  const std::uint64_t start = kHeader + (name == "DX10" ? kMoreHeader : 0);
  if (bytes.size() < start) return true;
  // Squares of 4 x 4 pixels; BC1 and BC4 take half the room of the others.
  const std::uint64_t bc = format ? little_endian(*format) : 0;
  const bool half = name == "DXT1" || name == "ATI1" || name == "BC4U" || name == "BC4S" || (bc >= 70 && bc <= 72) ||
      (bc >= 79 && bc <= 81);
  const std::uint64_t row = (width + 3) / 4 * (half ? 8 : 16);
  return row > 0 && (bytes.size() - start) / row < (height + 3) / 4;
}

bool ico_ends_early(const std::filesystem::path& file) {
  constexpr std::size_t kHead = 6, kEntry = 16;
  Bytes bytes(file);
  const auto head = bytes.at(0, kHead);
  const std::size_t count = head ? little_endian(std::span(*head).subspan(4, 2)) : 0;
  const auto entries = bytes.at(kHead, count * kEntry);
  if (!entries) return true;
  for (std::size_t i = 0; i < count; ++i) {
    const auto entry = std::span(*entries).subspan(i * kEntry, kEntry);
    if (little_endian(entry.subspan(8, 4)) + little_endian(entry.subspan(12, 4)) > bytes.size()) return true;
  }
  return count == 0;
}

}  // namespace weft::pictures
