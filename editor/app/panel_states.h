// What panels remember between frames: one small struct a panel.
#pragma once

#include <imgui.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "editor/app/viewer_state.h"
#include "editor/session/geometry.h"
#include "editor/session/journal.h"
#include "editor/session/links.h"
#include "editor/session/remedies.h"
#include "editor/session/search.h"
#include "editor/session/shown_panels.h"
#include "editor/session/text.h"
#include "graph/port.h"
#include "painting/painting.h"

namespace weft::editor {

/// A list that is searched by typing, at the cursor or in the middle of the window.
struct SearchList {
  struct Entry {
    std::string title, detail, right;  ///< right: keys, or the category
    ImU32 colour = 0;                  ///< of the mark before it; 0: none
    std::string tip = {};
    std::function<void()> choose = {};
  };
  bool open = false;
  bool opened_now = false;
  std::string name;   ///< of the window, which does not show it: "Add node"
  std::string hint;   ///< in the empty field
  ImVec2 at{-1, -1};  ///< screen; negative: upper middle of the window
  std::optional<LinkEnd> link_from = {};  ///< of a link that waits for its other end, and is drawn as long as it waits
  Point link_to = {};  ///< on the canvas
  std::string query;
  std::string searched = "\n";  ///< the query that `hits` are of
  std::vector<Entry> entries;
  std::vector<Searchable> searchable;
  UsageMap usage;
  std::vector<SearchHit> hits;
  int chosen = 0;
};

/// The popup in which one param is edited that needs more room than a field has.
struct ValuePopup {
  bool open = false;
  bool opened_now = false;
  std::vector<std::string> nodes;  ///< that get the value; one at least
  std::string port;
  ImVec2 min, max;  ///< the field, on the screen
  std::string text;
  int chosen = 0;
};

/// The dialog in which a param's values are given.
struct VaryState {
  bool open = false;
  bool opened_now = false;
  DocumentId document = 0;
  std::string node, port;
  std::string text;  ///< the values
  std::string query = {};  ///< among choices
  std::string judged = "\n";  ///< the text that what follows is of
  std::string problem = {};  ///< why it will not do
  std::string summary = {};
  std::size_t pictures = 0;
};

/// Of the document's revision, as it takes a look at all its values.
struct SweepSize {
  DocumentId document = 0;
  std::uint64_t revision = 0;
  std::size_t pictures = 0;
};

/// The window in which a node's painting is made.
struct PainterState {
  bool open = false;
  std::string node;
  double brush = 0.08;  ///< width, as a part of the shorter side
  double hardness = 0.8;
  bool erase = false;
  PictureView view;
  std::vector<painting::Point> stroke;  ///< that is being made
  bool stroke_erases = false;
  std::optional<std::string> text;  ///< of the document, that `strokes` are of
  std::vector<painting::Stroke> strokes;
  painting::Manner manner;
  int width = 0, height = 0;  ///< of the two below
  std::vector<float> painted;  ///< by `strokes`
  std::vector<float> shown;  ///< with the stroke that is being made
  std::uint64_t version = 0;  ///< of `shown`
  std::string problem;  ///< why the text is no painting
};

/// The window in which a node's region is dragged.
struct RegionState {
  bool open = false;
  std::string node;
  PictureView view;
  int grip = -1;  ///< what is dragged: 0 to 7 a handle, 8 the whole; -1: nothing
  Rect start;  ///< the region when the drag began
  Point from;  ///< where it began, in the picture
};

struct LibraryState {
  std::string query;
  std::shared_ptr<void> menu;  ///< node types by their menus, made once
  bool menu_known = false;
};

struct SettingsDialogState {
  bool open = false;
  std::string key_query;
  std::string recording;  ///< id of the command whose keys are awaited
  std::vector<Language> languages;  ///< to choose from; found when it is opened
  bool keys_first = false;  ///< opens on the page of keys
};

/// The question about a file that somebody else has changed.
struct DiskChangeState {
  DocumentId document = 0;  ///< that it is about; 0: it is not asked
  std::vector<std::string> differences;
  std::optional<Workflow> theirs;
  std::string problem;  ///< why the file cannot be read
};

/// Of the list of problems, as it was told last.
struct ProblemsState {
  DocumentId document = 0;
  std::uint64_t revision = 0;
  std::vector<Problem> failed, found;
  std::string language;
  std::shared_ptr<const std::vector<ToldProblem>> told;
};

/// The summary of what is missing.
struct MissingState {
  DocumentId document = 0;  ///< that it is about; 0: it is not shown
  std::uint64_t revision = 0;  ///< of the document, that `missing` is of
  std::vector<Missing> missing;
};

struct RecoveryState {
  std::vector<Recoverable> found;  ///< that the user has not decided about
};

struct PanelStates {
  SearchList search;
  ValuePopup popup;
  VaryState vary;
  SweepSize sweep_size;
  int run_count = 1;  ///< so many runs does "Run" queue
  ViewerState viewer;  ///< while no workflow is open
  LightboxState lightbox;
  LibraryState library;
  SettingsDialogState settings;
  ProblemsState problems;
  MissingState missing;
  RecoveryState recovery;
  DiskChangeState disk_change;
  PainterState painter;
  RegionState region;
  ShownPanels shown, known_shown;  ///< now, and in the frame before
  std::vector<std::string> front_tabs;  ///< of the panels that are, or were, shown
  std::vector<std::string> to_front;  ///< the tabs that come there next, the last first
  float docks_scale = 0;  ///< of the interface, that the panels' sizes were made for; 0: not known
  ImGuiID centre_dock = 0;  ///< where documents are
  bool docks_are_new = false;  ///< documents have to be docked again
  int frames_to_focus = 0;
  bool canvas_focused = false;
  bool popup_was_open = false;  ///< at the end of the frame before
  bool focus_inspector = false, focus_first_param = false;
  std::string focus_panel;  ///< the panel that gets the keyboard in the next frame
  int entered_in_frame = 0;  ///< the frame in which a key led into the panel that has the keyboard; 0: none did
  /// To the first param, by a key.
  void enter_inspector() { focus_inspector = true, entered_in_frame = ImGui::GetFrameCount(); }
  bool leaves_panel = false;  ///< as soon as its field is done with
  std::string new_name;  ///< while a port or a subgraph is renamed in the inspector
  bool templates = false;  ///< the gallery to begin a workflow from
  bool about = false;  ///< the window that tells versions, folders and plugins
  bool quitting = false;  ///< asks what to do with what is not saved
  bool saving_all = false;  ///< and then quits
  DocumentId save_asked = 0;  ///< whose turn it was last
  std::string open_problem;  ///< why the file that was asked for last could not be opened
  std::string rename_node, rename_text;
  std::string rename_definition;  ///< the subgraph whose name is meant, rather than the node's title; empty: none
  bool rename_opened = false;
};

}  // namespace weft::editor
