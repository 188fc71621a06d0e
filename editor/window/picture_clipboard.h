// PictureClipboard: gives a picture to other programs through the X clipboard, which GLFW has for text alone. A connection
// and a thread of its own answer whoever pastes, until something else is copied or the editor ends.
#pragma once

#include <filesystem>
#include <memory>

namespace weft::editor {

class PictureClipboard {
 public:
  PictureClipboard();
  ~PictureClipboard();
  PictureClipboard(const PictureClipboard&) = delete;
  PictureClipboard& operator=(const PictureClipboard&) = delete;

  /// Offers it as image/png (a file of another kind is made one), as a file, and its path as text. False where there is no X
  /// server, or where the picture is larger than it takes at once. Throws GraphError if the file cannot be read.
  /// [main-thread]
  bool offer(const std::filesystem::path& file);

 private:
  struct Owner;
  std::unique_ptr<Owner> owner_;
};

}  // namespace weft::editor
