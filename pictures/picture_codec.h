// PictureCodec: what programs without libtorch need of picture files: pixels to show, and the texts that they carry. It lies in
// a library of its own (pictures/codec), because OpenImageIO brings 250 libraries along, which would take longer to load than
// all the rest of the editor; host/picture_codec.h opens it when the first picture is read. [any thread]
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace weft::pictures {

struct Pixels {
  int width = 0;
  int height = 0;
  std::vector<std::uint8_t> rgba;  ///< 8-bit, rows top to bottom, width * height * 4
};

class PictureCodec {
 public:
  virtual ~PictureCodec() = default;
  virtual bool is_picture(const std::filesystem::path& file) const = 0;
  /// The texts that a picture carries, by their keys. Empty if it is no picture.
  virtual std::map<std::string, std::string> texts(const std::filesystem::path& file) const = 0;
  /// Throws std::runtime_error, as read() would, if what stands before the pixels says that it cannot be read: too large ...
  virtual void check(const std::filesystem::path& file) const = 0;
  /// Upright, at most `longest` pixels wide and high (0: as it is). Throws std::runtime_error: what is wrong.
  virtual Pixels read(const std::filesystem::path& file, int longest) const = 0;
};

}  // namespace weft::pictures
