// PictureLoader: pictures of files, whole or as thumbnails, read on a thread of its own, so that no frame
// waits for a disk. What was asked for last is read first; the memory it takes is limited. All may be called
// from the window's thread and returns at once.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>

#include "graph/value.h"

namespace weft::editor {

class PictureLoader {
 public:
  static constexpr int kThumbnail = 256;  ///< pixels
  static constexpr std::size_t kMostBytes = std::size_t{256} << 20;

  /// `wake` is called when a picture has come; any thread.
  explicit PictureLoader(std::function<void()> wake = {}, std::size_t most_bytes = kMostBytes);
  ~PictureLoader();
  PictureLoader(const PictureLoader&) = delete;
  PictureLoader& operator=(const PictureLoader&) = delete;

  /// At most `longest` pixels wide and high; 0: as it is. Null until it is read, and for what cannot be read.
  /// A file of another `time` is another picture.
  std::shared_ptr<const Picture> get(
      const std::filesystem::path& file, int longest = 0, std::filesystem::file_time_type time = {});
  std::shared_ptr<const Picture> thumbnail(
      const std::filesystem::path& file, std::filesystem::file_time_type time = {}) {
    return get(file, kThumbnail, time);
  }
  /// Whether the file was read, and is no picture.
  bool is_unreadable(
      const std::filesystem::path& file, int longest = 0, std::filesystem::file_time_type time = {}) const;
  bool busy() const;
  /// Waits until nothing is left to read.
  void wait_until_idle() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::editor
