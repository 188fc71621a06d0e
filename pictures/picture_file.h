// Picture files as pixels: one reader for image.load and for the editor. What it promises:
//
// - Colours are those of the file. Alpha never changes them, gAMA and ICC profiles are ignored (as ComfyUI does).
// - Pictures stand upright, as EXIF says.
// - The size is known, and compared with a limit, before a pixel is decoded. Rows are handed out as they are decoded, so
//   that a reader of float32 RGB and alpha needs 16 bytes a pixel in all.
// - A file that ends early or is damaged is an error; if that is allowed, a warning, and what is missing is black.
//
// No torch. [any thread; a PictureFile is used by one at a time]
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace weft::pictures {

/// A picture that cannot be read: what() says why, without the file's name.
class PictureError : public std::runtime_error {
 public:
  PictureError(const std::string& why, std::string remedy) : runtime_error(why), remedy_(std::move(remedy)) {}
  const std::string& remedy() const { return remedy_; }

 private:
  std::string remedy_;
};

/// WEFT_MAX_MEGAPIXELS (a number above 0), in pixels; 256,000,000 without it. Throws PictureError if it is no such number.
std::uint64_t most_pixels();

/// PNG, WebP, GIF, JPEG, TIFF or EXR, by the first bytes, in OpenImageIO's words ("png", "openexr"). Empty: another format,
/// or none. Null where it begins with zeros, as a file does that was never written whole, and of which some reader of
/// OpenImageIO's would read gigabytes.
std::optional<std::string> format_of(const std::filesystem::path& file);

struct ReadOptions {
  std::optional<int> frame = 0;  ///< none: all of the first one's size
  bool allow_truncated = false;  ///< files that end early or are damaged give a warning and what is there
  std::uint64_t most_pixels = pictures::most_pixels();  ///< of all frames that are read together
};

/// Pixels in a line: the first at (x, y), each further one (dx, dy) away. A row of a picture that EXIF turns is a column.
struct Strip {
  int frame = 0;  ///< among those that are read
  int x = 0, y = 0, dx = 1, dy = 0;
  std::span<const float> rgba = {};  ///< not multiplied by alpha; 0 to 1, but for formats that hold more (EXR)
};

class Decoder;
class Damage;

class PictureFile {
 public:
  /// Reads what stands before the pixels. Throws PictureError: no picture, too large, no such frame.
  explicit PictureFile(const std::filesystem::path& file, ReadOptions options = {});
  ~PictureFile();
  PictureFile(const PictureFile&) = delete;

  int width() const { return width_; }  ///< upright
  int height() const { return height_; }  ///< upright
  int frames() const { return static_cast<int>(chosen_.size()); }
  bool has_alpha() const;

  /// Hands out every pixel of every frame once; frames in order. Throws PictureError, and what `sink` throws.
  void read(const std::function<void(const Strip&)>& sink);

  /// What the user should know: pages that were left out, damage that was allowed. Complete after read().
  const std::vector<std::string>& warnings() const;

 private:
  void choose(const ReadOptions& options);

  std::unique_ptr<Damage> damage_;
  std::unique_ptr<Decoder> decoder_;
  std::vector<int> chosen_;
  int width_ = 0, height_ = 0;
};

}  // namespace weft::pictures
