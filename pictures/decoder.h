// What a format gives: frames of rows, as they are stored. PictureFile makes the rest of it (turning, choosing, limits).
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weft::pictures {

struct Size {
  int width = 0, height = 0;
  bool operator==(const Size&) const = default;
};

using RowSink = std::function<void(int y, std::span<const float> rgba)>;

class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual const std::vector<Size>& frames() const = 0;  ///< at least one
  virtual bool has_alpha() const = 0;
  virtual int orientation() const { return 1; }  ///< as EXIF counts: 1 to 8
  /// Each row once, in order. Frames are asked for in ascending order.
  virtual void decode(int frame, const RowSink& row) = 0;
};

/// Collects what is wrong with a file that could still be read in part.
class Damage {
 public:
  explicit Damage(bool allowed) : allowed_(allowed) {}
  /// Throws PictureError, unless damage is allowed: then it becomes a warning.
  void report(const std::string& what);
  void warn(std::string what);
  bool allowed() const { return allowed_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  bool allowed_;
  std::vector<std::string> warnings_;
};

inline constexpr char kEndsEarly[] = "the file ends early";

/// The file's first bytes say which of these it is. All throw PictureError.
std::unique_ptr<Decoder> open_png(const std::filesystem::path& file, Damage& damage);
std::unique_ptr<Decoder> open_webp(const std::filesystem::path& file, Damage& damage);
std::unique_ptr<Decoder> open_gif(const std::filesystem::path& file, Damage& damage);
/// Whatever else OpenImageIO knows.
std::unique_ptr<Decoder> open_other(const std::filesystem::path& file, Damage& damage);

}  // namespace weft::pictures
