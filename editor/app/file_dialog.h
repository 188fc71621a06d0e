// FileDialog: a window in which a file is chosen, for opening or saving. Part of the editor's own window, so
// that it works, and looks the same, wherever the editor does.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace weft::editor {

struct Theme;

class FileDialog {
 public:
  enum class Kind : std::uint8_t { Open, Save, Folder };
  struct Request {
    Kind kind = Kind::Open;
    std::string title;
    std::filesystem::path folder;
    std::string name;                     ///< proposed, for saving
    std::vector<std::string> extensions;  ///< ".json"; empty: all files
    std::function<void(const std::filesystem::path&)> chosen;
  };

  void ask(Request request);
  bool is_open() const { return open_; }
  void draw(const Theme& theme);

 private:
  struct Entry {
    std::string name;
    bool folder = false;
    bool operator<(const Entry& other) const { return folder != other.folder ? folder : name < other.name; }
  };
  void go_to(const std::filesystem::path& folder);
  void accept();
  void draw_entries(const Theme& theme);

  Request request_;
  std::vector<Entry> entries_;
  std::string path_text_, name_, problem_;
  bool open_ = false, opened_now_ = false, ask_overwrite_ = false;
};

}  // namespace weft::editor
