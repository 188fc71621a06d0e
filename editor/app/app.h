// App: everything that the editor is, as one object: the session (documents, runs, files), the look, and what
// each panel remembers. Panels are functions `draw_x(App&)`: they show the session, and turn gestures into
// calls of it. There are no globals. Needs a current ImGui context, no window. [main-thread]
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/background_writer.h"
#include "editor/app/asset_lists.h"
#include "editor/app/file_dialog.h"
#include "editor/app/panel_states.h"
#include "editor/canvas/canvas.h"
#include "editor/session/commands.h"
#include "editor/session/defaults.h"
#include "editor/session/document_runs.h"
#include "editor/session/gallery.h"
#include "editor/session/gestures.h"
#include "editor/session/input_files.h"
#include "editor/session/picture_loader.h"
#include "editor/session/picture_story.h"
#include "editor/session/settings.h"
#include "editor/session/templates.h"
#include "editor/session/workspace.h"
#include "editor/window/fonts.h"
#include "editor/window/textures.h"
#include "editor/window/theme.h"
#include "graph/registry.h"
#include "plugins/loader.h"
#include "runs/run_queue.h"

namespace weft::editor {

struct AppOptions {
  std::vector<std::filesystem::path> plugin_folders;
  std::filesystem::path settings_file;
  std::filesystem::path state_folder;
  /// The workflow that is shown where nothing was asked for, as an untitled document.
  std::filesystem::path first_workflow;
  /// Where the templates are; empty: nowhere.
  std::filesystem::path examples_folder = {};
  /// Catalogues of the editor's texts, for choose_language(). Empty: English alone.
  std::filesystem::path translations_folder = {};
  std::function<std::unique_ptr<DeviceRuntime>()> open_runtime = make_cpu_runtime;
  std::string dtype = "auto";  ///< what networks compute in
  std::function<void()> wake = [] {};  ///< makes the window draw again; any thread
  /// Gives a picture to the system's clipboard; false where that is not possible. Empty: it never is.
  std::function<bool(const std::filesystem::path&)> copy_picture = {};
  float display_scale = 1;
  /// For this time, whatever the settings say; until another one is chosen.
  std::optional<Settings::Theme> theme = {};
};

/// One open document, and how it is looked at.
struct Tab {
  explicit Tab(OpenDocument& opened) : open(opened), document(opened.document.get()) {}
  OpenDocument& open;  ///< of the workspace
  Document* const document;
  Canvas canvas;
  ViewerState viewer;
  bool asked_to_close = false;
  bool focus = true;  ///< comes to the front in the next frame
  bool seen = false;  ///< in the last frame
};

struct LogLine {
  enum class Kind : std::uint8_t { Info, Warning, Error } kind;
  std::string time;
  std::string text;
};

/// The windows that have the keyboard and the mouse for themselves. One is shown at a time: of those that are wanted the
/// first in this order; the others wait until it is closed. Beside the last two commands are heard, as while text is typed.
enum class Dialog : std::uint8_t {
  File,
  Quit,
  Close,
  DiskChange,
  Recovery,
  Settings,
  About,
  Templates,
  Picture,
  Vary,
  None
};

class App {
 public:
  explicit App(AppOptions options);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  /// Before and after all that is drawn (frame.h): takes what has come, hears the keys; writes down what was done.
  void begin_frame();
  void end_frame();
  /// Seconds until something moves by itself, so that a frame has to follow without input; negative: nothing will.
  double seconds_until_change() const;
  /// Panels or a canvas are taking their places: for these few frames input waits, as it would meet other ones.
  bool arranges_panels() const {
    return panels.frames_to_focus > 0 || (active_tab && active_tab->seen && !active_tab->canvas.settled());
  }
  /// Nothing is left to load or to find out; for `--screenshot` and tests.
  bool settled() const;
  bool wants_to_quit() const { return quit; }

  // Documents.
  Tab* active();
  Document* document() { return active() ? active()->document : nullptr; }
  const Document* document() const { return active_tab ? active_tab->document : nullptr; }
  /// Of the active tab.
  ViewerState& viewer() { return active_tab ? active_tab->viewer : panels.viewer; }
  void new_document();
  /// A workflow, or a picture that carries one. False if it could not be: the user was told.
  bool open(const std::filesystem::path& file);
  /// A document that begins as the file is and is saved elsewhere: for workflows that come with the program.
  bool open_copy(const std::filesystem::path& file);
  Tab& show(OpenDocument& opened);
  Tab& show(std::unique_ptr<Document> document);
  void save(Tab& tab);  ///< asks for a name if it has none
  void save_as(Tab& tab);
  void close(Tab& tab);  ///< asks if it is not saved
  void close_now(Tab& tab);
  void request_quit();  ///< asks if something is not saved
  void quit_now();
  /// Does `action`; what it throws is shown to the user. False if it threw.
  bool attempt(const std::function<void()>& action);

  // Where models are looked for.
  void ask_for_model_folder();
  void model_folders_changed();  ///< documents are checked again

  // What new nodes begin with.
  KnownModels known_models();
  /// For a node of this type in the active document.
  Beginning beginning(const std::string& type);
  /// At a node of the active document; new nodes begin with it, too.
  void choose_model(const std::string& node, const PortInfo& port, const std::string& name);

  // Runs.
  void run(std::vector<std::string> wanted = {});
  void run_sweep();
  /// Of a node that the active document shows; null if no run has met it.
  const runs::NodeRun* node_run(const std::string& node);
  /// The declaration of a node of the active document, subgraphs among them; null if it is missing.
  const NodeInfo* type_of(const GraphNode& node);
  /// Shows a node of the active document and selects it: by its address, or "subgraph:NAME/NODE" in a definition.
  void lead_to(const std::string& address);
  RunEnvironment environment(const std::filesystem::path& folder) const;

  /// The one that is to be shown now.
  Dialog dialog() const;
  /// Changes which panels are shown, and remembers it.
  void show_panels(const std::function<void(ShownPanels&)>& change);

  // Speaking to the user.
  void notify(std::string text, LogLine::Kind kind = LogLine::Kind::Info);
  /// A picture file to the clipboard: the picture, or its path where the system does not take it; the user is told which.
  void copy_picture(const std::filesystem::path& file);
  /// The same as notify() with a button beside it, as long as it is shown.
  void offer(std::string text, std::string button, std::function<void()> action);

  /// Whether this program does something for the command: others are in no menu.
  bool is_bound(std::string_view command) const { return bound.contains(command); }
  float ui_scale() const;
  void apply_look();
  void save_settings_soon() { settings_changed = true; }

  // State. Public, as panels are functions of it.
  const AppOptions options;
  const std::vector<Template> templates;  ///< in the options' folder
  Registry registry;
  PluginHost plugins;
  Settings settings;
  Commands commands;
  std::set<std::string, std::less<>> bound;  ///< ids of commands
  Theme theme;
  FontShelf font_shelf;
  Fonts fonts;  ///< of the language that is shown
  Textures textures;
  AssetLists assets;
  Gallery gallery;
  PictureLoader pictures;
  PictureStories stories;
  InputFiles input_files;
  StaleResults stale;
  Workspace workspace;
  std::unique_ptr<runs::RunQueue> queue;
  std::shared_ptr<const runs::RunState> runs;  ///< as of this frame
  std::vector<std::unique_ptr<Tab>> tabs;
  Tab* active_tab = nullptr;
  std::deque<LogLine> log;
  std::string toast;
  LogLine::Kind toast_kind = LogLine::Kind::Info;
  std::chrono::steady_clock::time_point toast_until{};
  std::string toast_button;  ///< empty: none
  std::function<void()> toast_action;
  std::optional<Settings::Theme> theme_for_now;
  bool quit = false;
  bool look_changed = true;
  bool settings_changed = false;
  bool layout_wanted = true;  ///< the panels take their places: those that were saved, or the default ones
  FileDialog file_dialog{options.wake};
  PanelStates panels;
  /// A picture of the canvas, in the file; the window makes it of the next frame. Empty: none wanted.
  std::filesystem::path export_file;

 private:
  /// attempt(); where no workflow is open, the start page tells why not.
  bool attempt_to_open(const std::function<void()>& action);
  /// Saves and tells the user. False if it could not.
  bool write(Document& document, const std::filesystem::path& file);
  void take_runs();
  /// Asks for the lists of models that the node types want, so that they are known when a node is added.
  void look_for_models();
  void take_layout();
  void take_language();
  void log_run_events(const runs::RunState& before, const runs::RunState& now);
  void bind_commands();
  void bind(std::string_view id, std::function<void()> run, std::function<bool()> enabled = {});
  void bind_file_commands();
  void bind_edit_commands();
  void bind_select_commands();
  void bind_node_commands();
  void bind_arrange_commands();
  void bind_run_commands();
  void bind_view_commands();
  void bind_panel_commands();
  void select_and_show(const std::string& node);
  void leave_panel_by_key(const KeyChord& pressed);
  void hear_keys();
  void save_settings_now();

  const Tab* models_looked_for_ = nullptr;  ///< the one in whose folder they were looked for last
  BackgroundWriter writer_;
};

/// How problems that validate() finds name a node that the document shows: as in the file, "subgraph:NAME/NODE" inside
/// a definition.
std::string problem_address(const Document& document, const std::string& node);

/// Since the job began, until now or its end.
double seconds_of(const runs::Job& job);

/// Where something new of this size goes: to the mouse if that is over the canvas, else to the middle of what it shows;
/// beside it, where something else lies.
Point place_for_new(App& app, Size size);
/// Of a node of this type, as it will be drawn.
Size size_of_new(App& app, const std::string& type);

}  // namespace weft::editor
