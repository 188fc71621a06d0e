#include "tests/pictures/picture_bytes.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

namespace weft::pictures {
namespace {

const std::filesystem::path kFolder = std::filesystem::path(WEFT_SOURCE_DIR) / "tests/pictures/fixtures";

std::string bytes_of(const std::filesystem::path& file) {
  std::stringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

}  // namespace

std::string fixture(const std::string& name) { return bytes_of(kFolder / name); }

const nlohmann::json& pillow() {
  static const nlohmann::json table = nlohmann::json::parse(fixture("pillow.json"));
  return table;
}

std::filesystem::path file_of(const std::string& bytes) {
  const auto file = std::filesystem::temp_directory_path() / fmt::format("weft-picture-{}", ::getpid());
  std::ofstream(file, std::ios::binary) << bytes;
  return file;
}

Read read(const std::filesystem::path& file, ReadOptions options) {
  PictureFile picture(file, options);
  Read read{.width = picture.width(),
      .height = picture.height(),
      .frames = picture.frames(),
      .has_alpha = picture.has_alpha()};
  const auto width = static_cast<std::size_t>(read.width), height = static_cast<std::size_t>(read.height);
  std::vector<int> written(width * height * static_cast<std::size_t>(read.frames));
  read.rgba.resize(written.size() * 4);
  picture.read([&](const Strip& strip) {
    for (std::size_t i = 0; i < strip.rgba.size() / 4; ++i) {
      const int x = strip.x + static_cast<int>(i) * strip.dx, y = strip.y + static_cast<int>(i) * strip.dy;
      ASSERT_TRUE(x >= 0 && y >= 0 && x < read.width && y < read.height && strip.frame < read.frames);
      const std::size_t at = (static_cast<std::size_t>(strip.frame) * height + static_cast<std::size_t>(y)) * width +
          static_cast<std::size_t>(x);
      ++written[at];
      for (std::size_t c = 0; c < 4; ++c)
        read.rgba[at * 4 + c] = static_cast<std::uint8_t>(strip.rgba[i * 4 + c] * 255.0F + 0.5F);
    }
  });
  EXPECT_TRUE(std::ranges::all_of(written, [](int times) { return times == 1; })) << "each pixel once";
  read.warnings = picture.warnings();
  return read;
}

std::string refusal(const std::filesystem::path& file, const ReadOptions& options) {
  try {
    read(file, options);
    return {};
  } catch (const PictureError& error) {
    EXPECT_FALSE(error.remedy().empty());
    return error.what();
  }
}

std::string big_endian(std::uint32_t number) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift);
  return bytes;
}

std::string little_endian(std::uint64_t number, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(number >> (8 * i));
  return text;
}

std::string chunk(const std::string& name, const std::string& body) {
  const std::string checked = name + body;
  const auto crc = ::crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
  return big_endian(static_cast<std::uint32_t>(body.size())) + checked + big_endian(static_cast<std::uint32_t>(crc));
}

std::string with_chunks(const std::string& png, const std::string& without, const std::string& more) {
  std::string made = png.substr(0, 8);
  bool added = false;
  for (std::size_t at = 8; at + 12 <= png.size();) {
    std::uint32_t length = 0;
    for (std::size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<std::uint8_t>(png[at + i]);
    const std::string name = png.substr(at + 4, 4);
    if (name == "IDAT" && !std::exchange(added, true)) made += more;
    if (name != without) made += png.substr(at, length + 12);
    at += length + 12;
  }
  return made;
}

}  // namespace weft::pictures
