// Drives the real `weft-edit` from outside: an X server and a window manager of a test's own, events by XTest, and what the
// window shows by `--describe` and by its pixels. Places are in pixels of the editor's window.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weft::editor::outside {

struct Place {
  double x = 0, y = 0;
};

struct Box {
  double x = 0, y = 0, width = 0, height = 0;
  Place middle() const { return {x + width / 2, y + height / 2}; }
  Place at(double part_x, double part_y) const { return {x + width * part_x, y + height * part_y}; }
};

/// RGB, 8 bits, row by row.
struct Pixels {
  int width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
  bool operator==(const Pixels&) const = default;
};
/// The part of pixels that differ by more than `tolerance` in some channel; 1 where sizes differ.
double difference(const Pixels& a, const Pixels& b, int tolerance = 8);

/// What the window showed in one frame: see editor/screen_text.h.
class Shown {
 public:
  Shown() = default;
  explicit Shown(nlohmann::json json) : json_(std::move(json)) {}

  const nlohmann::json& json() const { return json_; }
  std::int64_t milliseconds() const { return json_.value("ms", std::int64_t{0}); }
  /// A widget or a window by its label, with or without the hidden part after "##"; `window`: it lies in one whose name has
  /// this in it. Of several the last, which is the topmost.
  std::optional<Box> find(std::string_view label, std::string_view window = {}) const;
  Box item(std::string_view label, std::string_view window = {}) const;  ///< throws if there is none
  bool popup(std::string_view name) const;  ///< one that is open has this in its name
  std::vector<std::string> nodes() const;  ///< ids in the document that is shown
  bool has_node(std::string_view id) const { return !node_json(id).is_null(); }
  nlohmann::json node_json(std::string_view id) const;  ///< null if there is none
  std::string node_of_type(std::string_view type) const;  ///< the last one's id; empty: none
  Box node(std::string_view id) const;
  Box field(std::string_view node, std::string_view port) const;
  Place pin(std::string_view node, std::string_view port, bool is_output) const;
  nlohmann::json value(
      std::string_view node, std::string_view port) const;  ///< the literal of a param; null: its default
  nlohmann::json viewer(std::string_view key) const;  ///< "mode", "caption", "picture", "stale", "b"; null: not there
  nlohmann::json document(std::string_view key) const;  ///< "dirty", "file" ...; null without a document

 private:
  nlohmann::json json_;
};

/// A mouse button.
enum class Button : unsigned { Left = 1, Middle = 2, Right = 3 };

/// An X server with a window manager, for as long as it lives.
class Screen {
 public:
  explicit Screen(int width = 1600, int height = 1000);
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  const std::string& name() const { return name_; }  ///< ":7"

 private:
  friend class Editor;
  std::string name_;
  std::filesystem::path folder_;
  pid_t server_ = 0, manager_ = 0;
};

struct EditorOptions {
  std::vector<std::string> arguments;  ///< files and options
  std::string size = "1500x900";
  std::vector<std::pair<std::string, std::string>> environment;
  nlohmann::json settings;  ///< written as settings.json before the start, unless null
};

/// The program, from its start to its end. Its settings, journal and files are in a home of their own, which a second start
/// with the same `home` takes up.
class Editor {
 public:
  /// Starts it and waits until it has drawn. Throws std::runtime_error with what it said if it does not come up.
  Editor(Screen& screen, std::filesystem::path home, EditorOptions options = {});
  ~Editor();  ///< kills it if it still runs
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;

  /// What it shows now: the last line of its description.
  Shown shown();
  /// Waits until what it shows is so; throws with `what` and the pixels in a file if that takes too long.
  Shown wait_for(const std::string& what, const std::function<bool(const Shown&)>& is_so,
      std::chrono::seconds longest = std::chrono::seconds(20));
  /// Waits until the item is there, and gives its place.
  Box wait_for_item(std::string_view label, std::string_view window = {});
  /// Waits until nothing has changed for some time.
  Shown wait_until_still(std::chrono::milliseconds still = std::chrono::milliseconds(250));

  // What a person does. Each waits as briefly as a quick person would.
  void move(Place to);
  void press(Button button = Button::Left);
  void release(Button button = Button::Left);
  void click(Place at, Button button = Button::Left);
  void double_click(Place at);
  void drag(Place from, Place to, Button button = Button::Left);
  void wheel(int steps);  ///< up is positive
  void key(std::string_view chord);  ///< "ctrl+shift+z", "Escape", "F2", "space": names of X keysyms
  void key_down(std::string_view name);  ///< "shift" ...
  void key_up(std::string_view name);
  void type(std::string_view text);  ///< ASCII
  /// Files from another program, let go over a place of the window. Throws if the window does not take them.
  void drop_files(const std::vector<std::filesystem::path>& files, Place at);
  /// As fast as the wire takes it, without any pause. A window manager may hand on such a click after a key that followed it.
  void click_at_once(Place at);
  void key_at_once(std::string_view chord);

  Pixels pixels(const Box& part);
  Pixels pixels();  ///< of the whole window
  std::string title();  ///< of the window, as the window manager has it

  void kill();  ///< SIGKILL
  std::optional<int> wait_for_end(std::chrono::seconds longest = std::chrono::seconds(20));  ///< its exit code
  double processor_seconds() const;  ///< that it has used since its start
  const std::filesystem::path& home() const { return home_; }
  std::string said() const;  ///< on stderr

 private:
  struct Wire;  // the connection to the X server
  void start(const EditorOptions& options);
  void fake_key(std::string_view name, bool down);
  void fake_button(Button button, bool down);

  Screen& screen_;
  std::filesystem::path home_, description_;
  std::unique_ptr<Wire> wire_;
  pid_t process_ = 0;
  std::streamoff read_ = 0;  ///< so much of the description is known
  std::string tail_;
  Shown shown_;
};

/// A screen, a home and an editor in it: what most tests begin with.
struct Session {
  explicit Session(EditorOptions options = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Ends the editor (kills it, if it still runs) and starts it again in the same home.
  Editor& restart(EditorOptions options = {});
  /// The node search at a place of the canvas: space, the query, Enter. The new node's id.
  std::string add_node(Place at, std::string_view query);
  Place on_canvas(double part_x, double part_y);  ///< parts of the canvas's width and height

  std::filesystem::path home;
  Screen screen;
  std::unique_ptr<Editor> editor;
};

/// A file of the source tree: "workflows/text-to-image.json".
std::filesystem::path source_file(std::string_view name);

}  // namespace weft::editor::outside
