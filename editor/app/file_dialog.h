// FileDialog: a window in which a file is chosen, for opening or saving. Part of the editor's own window, so
// that it works, and looks the same, wherever the editor does. Folders are read on a thread of their own.
// [main-thread]
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <future>
#include <string>
#include <vector>

namespace weft::editor {

class App;

class FileDialog {
 public:
  enum class Kind : std::uint8_t { Open, Save, Folder };
  struct Request {
    Kind kind = Kind::Open;
    std::string title;
    std::filesystem::path folder;
    std::string name;                           ///< proposed
    std::vector<std::string> extensions;        ///< ".json"; empty: all files
    bool thumbnails = false;                    ///< shows pictures as such, and `places` beside them
    std::vector<std::filesystem::path> places;  ///< folders to go to with a click
    std::function<void(const std::filesystem::path&)> chosen;
  };

  /// `wake`: called when a folder has been read; any thread.
  explicit FileDialog(std::function<void()> wake) : wake_(std::move(wake)) {}

  void ask(Request request);
  bool is_open() const { return open_; }
  void cancel() { open_ = false; }
  /// Whether a folder is being read.
  bool busy() const { return coming_.valid(); }
  void draw(App& app);

 private:
  struct Entry {
    std::string name;
    bool folder = false;
    std::filesystem::file_time_type time;
    bool operator<(const Entry& other) const { return folder != other.folder ? folder : name < other.name; }
  };
  struct Listing {
    std::vector<Entry> entries;
    std::string problem;
  };
  static Listing read(const std::filesystem::path& folder, const Request& request);

  void go_to(const std::filesystem::path& folder);
  void take_listing();
  void accept();
  bool is_shown(const Entry& entry) const;
  bool is_chosen(const Entry& entry) const;
  /// A click selects the entry, the second of a double click opens it.
  void click(const Entry& entry);
  bool folder_is_selected() const;
  void draw_path();
  void draw_places(App& app);
  void draw_entries(App& app);
  void draw_list(App& app);
  void draw_grid(App& app);
  void draw_cell(App& app, const Entry& entry, float width);
  void draw_foot(App& app);

  const std::function<void()> wake_;
  Request request_;
  std::vector<Entry> entries_;
  std::future<Listing> coming_;
  std::string path_text_, name_, filter_, problem_;
  std::string selected_;  ///< the entry that was clicked last; empty once another name is typed
  bool accepted_ = false;  ///< in this frame
  bool open_ = false, opened_now_ = false, ask_overwrite_ = false;
};

}  // namespace weft::editor
