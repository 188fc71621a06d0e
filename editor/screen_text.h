// ScreenText: what the window shows, as text: windows, widgets with their places, nodes with their pins and fields. For
// tests that drive the program from outside as a person does, and for whoever wants to read the screen aloud. [main-thread]
#pragma once

#include <imgui.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "editor/app/app.h"

namespace weft::editor {

/// One widget or window of the frame.
struct ScreenItem {
  ImGuiID id = 0;
  std::string label;  ///< as the code says it, with its hidden part: "Run##tool"
  std::string window;  ///< it is in; of a window its own name
  ImVec4 at;  ///< x, y, width, height of what is seen of it, in pixels of the window
  bool checked = false, opened = false;
};

/// Writes a JSON object a line into a file, each time that a frame shows something else than the one before:
///
///     {"frame": 17, "ms": 4711, "title": "portrait – Weft", "focus": "Nodes", "popups": ["Recover"], "active": "##seed",
///      "items": [{"label": "Run", "window": "##tools", "at": [x, y, width, height], "checked": true}, ...],
///      "documents": ["portrait"],
///      "document": {"name": "portrait", "file": "", "dirty": true, "scope": "", "steps": 2, "links": 7, "zoom": 1.0,
///                   "nodes": [{"id": "sampler", "type": "sampler.sample", "title": "KSampler", "selected": false, "at": [...],
///                              "inputs": {"model": [x, y]}, "outputs": {...}, "fields": {"seed": [x, y, width, height]},
///                              "values": {"seed": 1}}, ...],
///                   "notes": [{"id": "comment", "text": "try another seed", "at": [...]}]},
///      "viewer": {"caption": "decode.image, seed 1, 09:31:22", "picture": "9e107d9d372bb682", "mode": "follow", "stale": false,
///                 "b": {"caption": ..., "picture": ...}},
///      "lightbox": "decode.image, seed 1, 09:31:22", "progress": "40 %  ·  3 s left",
///      "toast": "Saved portrait.json", "running": false}
///
/// Of a node, `state` and `stale` tell of its last run and `picture` whether it shows one. A picture's text is another one
/// for another picture. What is not there is left out.
/// `ms` is of the steady clock. Places are in pixels of the window; what the canvas does not show lies outside of it.
class ScreenText {
 public:
  /// Throws std::runtime_error if the file cannot be written. Needs the current ImGui context, which calls back from now on.
  explicit ScreenText(const std::filesystem::path& file);
  ~ScreenText();
  ScreenText(const ScreenText&) = delete;
  ScreenText& operator=(const ScreenText&) = delete;

  void begin_frame() { items_.clear(); }
  void end_frame(App& app, const std::string& title);

  // What ImGui tells.
  void add(ScreenItem item);
  void label(ImGuiID id, const char* text, bool checked, bool opened);

 private:
  std::ofstream out_;
  std::vector<ScreenItem> items_;
  std::string before_;
};

}  // namespace weft::editor
