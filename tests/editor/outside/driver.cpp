#include "tests/editor/outside/driver.h"

#include <X11/Xatom.h>
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XTest.h>
#include <X11/keysym.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>

#include "tests/editor/outside/drop.h"

namespace weft::editor::outside {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kHand = 12ms;  ///< between two events of a quick person

void pause(std::chrono::milliseconds time) { std::this_thread::sleep_for(time); }

std::string text_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return std::move(text).str();
}

/// Starts a program in `folder`; stdout and stderr go into `log`, `fd3` becomes its descriptor 3 if it is one.
pid_t spawn(const std::vector<std::string>& command,
    const std::vector<std::pair<std::string, std::string>>& environment, const fs::path& log, int fd3 = -1,
    const fs::path& folder = {}) {
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child > 0) return child;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that is ended from outside leaves nothing behind
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  ::dup2(out, 1), ::dup2(out, 2);
  if (fd3 >= 0 && fd3 != 3) ::dup2(fd3, 3);
  if (!folder.empty() && ::chdir(folder.c_str()) != 0) ::_exit(126);
  for (const auto& [name, value] : environment)
    value.empty() ? ::unsetenv(name.c_str()) : ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  ::_exit(127);
}

void end(pid_t& process, int signal) {
  if (process <= 0) return;
  ::kill(process, signal);
  ::waitpid(process, nullptr, 0);
  process = 0;
}

fs::path temporary_folder() {
  std::string name = (fs::temp_directory_path() / "weft-outside-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("no temporary folder");
  return name;
}

bool same_label(std::string_view label, std::string_view wanted) {
  return label == wanted || label.substr(0, label.find("##")) == wanted;
}

Box box_of(const nlohmann::json& at) { return {at.at(0), at.at(1), at.at(2), at.at(3)}; }

}  // namespace

double difference(const Pixels& a, const Pixels& b, int tolerance) {
  if (a.width != b.width || a.height != b.height || a.rgb.empty()) return 1;
  std::size_t other = 0;
  for (std::size_t i = 0; i + 2 < a.rgb.size(); i += 3)
    for (std::size_t channel = 0; channel < 3; ++channel)
      if (std::abs(a.rgb[i + channel] - b.rgb[i + channel]) > tolerance) {
        ++other;
        break;
      }
  return static_cast<double>(other) / (static_cast<double>(a.width) * a.height);
}

fs::path source_file(std::string_view name) { return fs::path(WEFT_SOURCE_DIR) / name; }

// What is shown.

std::optional<Box> Shown::find(std::string_view label, std::string_view window) const {
  const auto items = json_.find("items");
  if (items == json_.end()) return std::nullopt;
  for (auto item = items->rbegin(); item != items->rend(); ++item)
    if (same_label(item->at("label").get_ref<const std::string&>(), label) &&
        item->at("window").get_ref<const std::string&>().find(window) != std::string::npos)
      return box_of(item->at("at"));
  return std::nullopt;
}

Box Shown::item(std::string_view label, std::string_view window) const {
  if (const auto found = find(label, window)) return *found;
  throw std::runtime_error(fmt::format("the window shows no '{}' in '{}'", label, window));
}

bool Shown::popup(std::string_view name) const {
  const auto popups = json_.find("popups");
  return popups != json_.end() && std::ranges::any_of(*popups, [&](const nlohmann::json& each) {
    return each.get_ref<const std::string&>().find(name) != std::string::npos;
  });
}

nlohmann::json Shown::document(std::string_view key) const {
  const auto document = json_.find("document");
  if (document == json_.end()) return {};
  const auto found = document->find(key);
  return found == document->end() ? nlohmann::json() : *found;
}

nlohmann::json Shown::viewer(std::string_view key) const {
  const auto viewer = json_.find("viewer");
  if (viewer == json_.end()) return {};
  const auto found = viewer->find(key);
  return found == viewer->end() ? nlohmann::json() : *found;
}

std::vector<std::string> Shown::nodes() const {
  std::vector<std::string> ids;
  for (const nlohmann::json& node : document("nodes")) ids.push_back(node.at("id"));
  return ids;
}

nlohmann::json Shown::node_json(std::string_view id) const {
  for (const nlohmann::json& node : document("nodes"))
    if (node.at("id") == id) return node;
  return {};
}

std::string Shown::node_of_type(std::string_view type) const {
  std::string last;
  for (const nlohmann::json& node : document("nodes"))
    if (node.at("type") == type) last = node.at("id");
  return last;
}

Box Shown::node(std::string_view id) const { return box_of(node_json(id).at("at")); }

Box Shown::field(std::string_view node, std::string_view port) const {
  return box_of(node_json(node).at("fields").at(std::string(port)));
}

Place Shown::pin(std::string_view node, std::string_view port, bool is_output) const {
  const nlohmann::json at = node_json(node).at(is_output ? "outputs" : "inputs").at(std::string(port));
  return {at.at(0), at.at(1)};
}

nlohmann::json Shown::value(std::string_view node, std::string_view port) const {
  const nlohmann::json json = node_json(node);
  const auto values = json.find("values");
  return values != json.end() && values->contains(port) ? values->at(std::string(port)) : nlohmann::json();
}

// The screen.

namespace {

/// Until it says that it manages windows: one that is mapped before gets no keyboard.
void wait_for_manager(const std::string& name) {
  ::Display* display = XOpenDisplay(name.c_str());
  if (!display) throw std::runtime_error("the X server of the test does not answer");
  const Atom check = XInternAtom(display, "_NET_SUPPORTING_WM_CHECK", False);
  bool there = false;
  for (const auto until = Clock::now() + 30s; !there && Clock::now() < until; pause(10ms)) {
    Atom type = 0;
    int format = 0;
    unsigned long count = 0, left = 0;
    unsigned char* value = nullptr;
    XGetWindowProperty(display, DefaultRootWindow(display), check, 0, 1, False, AnyPropertyType, &type, &format, &count,
        &left, &value);
    there = count > 0;
    if (value) XFree(value);
  }
  XCloseDisplay(display);
  if (!there) throw std::runtime_error("the window manager of the test does not start");
}

}  // namespace

Screen::Screen(int width, int height) : folder_(temporary_folder()) {
  int ends[2];
  if (::pipe(ends) != 0) throw std::runtime_error("no pipe");
  server_ =
      spawn({"Xvfb", "-displayfd", "3", "-screen", "0", fmt::format("{}x{}x24", width, height), "-nolisten", "tcp"}, {},
          folder_ / "server.txt", ends[1]);
  ::close(ends[1]);
  char letter = 0;
  while (::read(ends[0], &letter, 1) == 1 && letter != '\n') name_ += letter;
  ::close(ends[0]);
  if (name_.empty()) throw std::runtime_error("Xvfb does not start: " + text_of(folder_ / "server.txt"));
  name_.insert(0, ":");
  // A manager with title bars that puts each window into the corner, and has no keys of its own.
  std::ofstream(folder_ / "rc.xml") << R"(<?xml version="1.0"?>
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <focus><focusNew>yes</focusNew></focus>
  <applications><application class="*"><position force="yes"><x>0</x><y>0</y></position></application></applications>
</openbox_config>)";
  manager_ = spawn({"openbox", "--sm-disable", "--config-file", (folder_ / "rc.xml").string()},
      {{"DISPLAY", name_}, {"HOME", folder_.string()}}, folder_ / "manager.txt");
  wait_for_manager(name_);
}

Screen::~Screen() {
  end(manager_, SIGTERM);
  end(server_, SIGTERM);
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

// The wire.

struct Editor::Wire {
  ::Display* display = nullptr;
  ::Window window = 0;

  explicit Wire(const std::string& name) : display(XOpenDisplay(name.c_str())) {
    if (!display) throw std::runtime_error("the X server of the test does not answer");
    XSetErrorHandler([](::Display*, XErrorEvent*) { return 0; });  // a window may go while it is looked at
  }
  ~Wire() { XCloseDisplay(display); }
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  /// The window of the class "weft", however deep the manager has put it; 0: none is mapped yet.
  ::Window find(::Window under) const {
    XClassHint hint{};
    XWindowAttributes attributes{};
    if (XGetClassHint(display, under, &hint)) {
      const bool ours = std::string_view(hint.res_class ? hint.res_class : "") == "weft";
      XFree(hint.res_name), XFree(hint.res_class);
      if (ours && XGetWindowAttributes(display, under, &attributes) && attributes.map_state == IsViewable) return under;
    }
    ::Window root = 0, parent = 0, *children = nullptr;
    unsigned count = 0;
    if (!XQueryTree(display, under, &root, &parent, &children, &count)) return 0;
    ::Window found = 0;
    for (unsigned i = 0; i < count && !found; ++i) found = find(children[i]);
    if (children) XFree(children);
    return found;
  }

  bool has_keyboard() const {
    ::Window focus = 0;
    int revert = 0;
    XGetInputFocus(display, &focus, &revert);
    return focus == window;
  }

  Place origin() const {
    int x = 0, y = 0;
    ::Window child = 0;
    XTranslateCoordinates(display, window, DefaultRootWindow(display), 0, 0, &x, &y, &child);
    return {static_cast<double>(x), static_cast<double>(y)};
  }
};

// The program.

Editor::Editor(Screen& screen, fs::path home, EditorOptions options)
    : screen_(screen), home_(std::move(home)), wire_(std::make_unique<Wire>(screen.name())) {
  start(options);
}

Editor::~Editor() { kill(); }

void Editor::start(const EditorOptions& options) {
  fs::create_directories(home_ / "config/weft");
  description_ = home_ / "shown.jsonl";
  fs::remove(description_);
  if (!options.settings.is_null()) std::ofstream(home_ / "config/weft/settings.json") << options.settings.dump();
  std::vector<std::string> command{
      std::string(WEFT_BINARY_DIR) + "/bin/weft-edit", "--describe", description_.string(), "--size", options.size};
  command.insert(command.end(), options.arguments.begin(), options.arguments.end());
  std::vector<std::pair<std::string, std::string>> environment{{"DISPLAY", screen_.name()}, {"WAYLAND_DISPLAY", ""},
      {"HOME", home_.string()}, {"XDG_CONFIG_HOME", (home_ / "config").string()},
      {"XDG_STATE_HOME", (home_ / "state").string()}, {"LANGUAGE", "en"}, {"LC_ALL", "C.UTF-8"},
      {"OMP_NUM_THREADS", "1"}};
  environment.insert(environment.end(), options.environment.begin(), options.environment.end());
  process_ = spawn(command, environment, home_ / "said.txt", -1, home_);
  const auto until = Clock::now() + 60s;
  while (!wire_->window || !wire_->has_keyboard() || shown().json().is_null()) {
    if (::waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = 0;
      throw std::runtime_error("the editor ended at its start: " + said());
    }
    if (Clock::now() > until) throw std::runtime_error("the editor shows no window: " + said());
    if (!wire_->window) wire_->window = wire_->find(DefaultRootWindow(wire_->display));
    pause(20ms);
  }
  wait_until_still();
}

std::string Editor::said() const { return text_of(home_ / "said.txt"); }

Shown Editor::shown() {
  std::ifstream stream(description_, std::ios::binary);
  stream.seekg(read_);
  std::ostringstream more;
  more << stream.rdbuf();
  const std::string text = more.str();
  read_ += static_cast<std::streamoff>(text.size());
  tail_ += text;
  const std::size_t end = tail_.rfind('\n');
  if (end == tail_.npos) return shown_;
  const std::size_t before = end == 0 ? tail_.npos : tail_.rfind('\n', end - 1);
  const std::size_t begin = before == tail_.npos ? 0 : before + 1;
  shown_ = Shown(nlohmann::json::parse(tail_.substr(begin, end - begin)));
  tail_.erase(0, end + 1);
  return shown_;
}

Shown Editor::wait_for(
    const std::string& what, const std::function<bool(const Shown&)>& is_so, std::chrono::seconds longest) {
  const auto until = Clock::now() + longest;
  while (true) {
    const Shown now = shown();
    if (!now.json().is_null() && is_so(now)) return now;
    if (Clock::now() > until) break;
    if (process_ > 0 && ::waitpid(process_, nullptr, WNOHANG) == process_) {
      process_ = 0;
      throw std::runtime_error(fmt::format("the editor ended while the test waited for: {}\n{}", what, said()));
    }
    pause(10ms);
  }
  const Pixels seen = pixels();
  const fs::path picture = fs::temp_directory_path() / fmt::format("weft-outside-{}.ppm", ::getpid());
  std::ofstream(picture, std::ios::binary)
      << fmt::format("P6\n{} {}\n255\n", seen.width, seen.height) << std::string(seen.rgb.begin(), seen.rgb.end());
  throw std::runtime_error(fmt::format("waited {} s in vain for: {}\nthe window as it is: {}\n{}", longest.count(),
      what, picture.string(), shown_.json().dump().substr(0, 4000)));
}

Box Editor::wait_for_item(std::string_view label, std::string_view window) {
  return wait_for(fmt::format("the item '{}'", label), [&](const Shown& now) {
    return now.find(label, window).has_value();
  }).item(label, window);
}

Shown Editor::wait_until_still(std::chrono::milliseconds still) {
  const auto until = Clock::now() + 20s;
  std::int64_t last = -1;
  for (auto since = Clock::now(); Clock::now() < until; pause(15ms)) {
    const std::int64_t now = shown().milliseconds();
    if (now != last) since = Clock::now();
    last = now;
    if (Clock::now() - since >= still) break;
  }
  return shown_;
}

// The hand.

void Editor::move(Place to) {
  const Place origin = wire_->origin();
  XTestFakeMotionEvent(
      wire_->display, -1, static_cast<int>(origin.x + to.x), static_cast<int>(origin.y + to.y), CurrentTime);
  XSync(wire_->display, False);
  pause(kHand);
}

void Editor::fake_button(Button button, bool down) {
  XTestFakeButtonEvent(wire_->display, static_cast<unsigned>(button), down, CurrentTime);
  XSync(wire_->display, False);
}

void Editor::press(Button button) { fake_button(button, true), pause(kHand); }
void Editor::release(Button button) { fake_button(button, false), pause(kHand); }

void Editor::click(Place at, Button button) {
  move(at);
  press(button);
  release(button);
  pause(2 * kHand);
}

void Editor::double_click(Place at) {
  move(at);
  for (int i = 0; i < 2; ++i) press(), release(), pause(2 * kHand);
}

void Editor::drag(Place from, Place to, Button button) {
  move(from);
  press(button);
  constexpr int kSteps = 12;
  for (int i = 1; i <= kSteps; ++i)
    move({from.x + (to.x - from.x) * i / kSteps, from.y + (to.y - from.y) * i / kSteps});
  release(button);
}

void Editor::wheel(int steps) {
  const unsigned button = steps > 0 ? 4 : 5;
  for (int i = 0; i < std::abs(steps); ++i) {
    XTestFakeButtonEvent(wire_->display, button, True, CurrentTime);
    XTestFakeButtonEvent(wire_->display, button, False, CurrentTime);
    XSync(wire_->display, False);
    pause(kHand);
  }
}

namespace {

KeySym keysym_of(std::string_view name) {
  static constexpr std::pair<std::string_view, KeySym> kModifiers[] = {
      {"ctrl", XK_Control_L}, {"shift", XK_Shift_L}, {"alt", XK_Alt_L}, {"super", XK_Super_L}};
  for (const auto& [modifier, symbol] : kModifiers)
    if (name == modifier) return symbol;
  const KeySym symbol = name.size() == 1 ? static_cast<KeySym>(static_cast<unsigned char>(name[0]))
                                         : XStringToKeysym(std::string(name).c_str());
  if (symbol == NoSymbol) throw std::runtime_error(fmt::format("there is no key '{}'", name));
  return symbol;
}

std::vector<std::string> keys_of(std::string_view chord) {
  std::vector<std::string> keys;
  for (std::size_t plus; chord.size() > 1 && (plus = chord.find('+')) != chord.npos && plus > 0;) {
    keys.emplace_back(chord.substr(0, plus));
    chord.remove_prefix(plus + 1);
  }
  keys.emplace_back(chord);
  return keys;
}

}  // namespace

void Editor::fake_key(std::string_view name, bool down) {
  const KeyCode code = XKeysymToKeycode(wire_->display, keysym_of(name));
  if (code == 0) throw std::runtime_error(fmt::format("the keyboard has no key '{}'", name));
  XTestFakeKeyEvent(wire_->display, code, down, CurrentTime);
  XSync(wire_->display, False);
}

void Editor::key_down(std::string_view name) { fake_key(name, true), pause(kHand); }
void Editor::key_up(std::string_view name) { fake_key(name, false), pause(kHand); }

void Editor::key_at_once(std::string_view chord) {
  const std::vector<std::string> keys = keys_of(chord);
  for (const std::string& key : keys) fake_key(key, true);
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) fake_key(*key, false);
}

void Editor::key(std::string_view chord) {
  const std::vector<std::string> keys = keys_of(chord);
  for (const std::string& key : keys) key_down(key);
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) key_up(*key);
}

void Editor::type(std::string_view text) {
  for (const char letter : text) {
    const auto symbol = static_cast<KeySym>(static_cast<unsigned char>(letter));
    const KeyCode code = XKeysymToKeycode(wire_->display, letter == '\n' ? XK_Return : symbol);
    int per_code = 0;
    KeySym* symbols = XGetKeyboardMapping(wire_->display, code, 1, &per_code);
    const bool shift = code != 0 && letter != '\n' && per_code > 1 && symbols[0] != symbol;
    if (symbols) XFree(symbols);
    if (code == 0) throw std::runtime_error(fmt::format("the keyboard has no key for '{}'", letter));
    if (shift) fake_key("shift", true);
    XTestFakeKeyEvent(wire_->display, code, True, CurrentTime);
    XTestFakeKeyEvent(wire_->display, code, False, CurrentTime);
    XSync(wire_->display, False);
    if (shift) fake_key("shift", false);
    pause(kHand);
  }
}

void Editor::drop_files(const std::vector<fs::path>& files, Place at) {
  move(at);
  const Place origin = wire_->origin();
  outside::drop_files(
      wire_->display, wire_->window, files, static_cast<int>(origin.x + at.x), static_cast<int>(origin.y + at.y));
}

void Editor::click_at_once(Place at) {
  const Place origin = wire_->origin();
  XTestFakeMotionEvent(
      wire_->display, -1, static_cast<int>(origin.x + at.x), static_cast<int>(origin.y + at.y), CurrentTime);
  fake_button(Button::Left, true);
  fake_button(Button::Left, false);
}

// The eye.

Pixels Editor::pixels() {
  XWindowAttributes attributes{};
  XGetWindowAttributes(wire_->display, wire_->window, &attributes);
  return pixels({0, 0, static_cast<double>(attributes.width), static_cast<double>(attributes.height)});
}

Pixels Editor::pixels(const Box& part) {
  XImage* image = XGetImage(wire_->display, wire_->window, static_cast<int>(part.x), static_cast<int>(part.y),
      static_cast<unsigned>(part.width), static_cast<unsigned>(part.height), AllPlanes, ZPixmap);
  if (!image) throw std::runtime_error("this part of the window cannot be read");
  Pixels pixels{image->width, image->height, {}};
  pixels.rgb.reserve(static_cast<std::size_t>(image->width) * image->height * 3);
  for (int y = 0; y < image->height; ++y)
    for (int x = 0; x < image->width; ++x) {
      const unsigned long pixel = XGetPixel(image, x, y);
      for (const int shift : {16, 8, 0}) pixels.rgb.push_back(static_cast<std::uint8_t>(pixel >> shift & 0xff));
    }
  XDestroyImage(image);
  return pixels;
}

std::string Editor::title() {
  XTextProperty property{};
  const Atom name = XInternAtom(wire_->display, "_NET_WM_NAME", False);
  if (!XGetTextProperty(wire_->display, wire_->window, &property, name) || !property.value) return {};
  std::string text(reinterpret_cast<const char*>(property.value));
  XFree(property.value);
  return text;
}

// Its end.

void Editor::kill() { end(process_, SIGKILL); }

std::optional<int> Editor::wait_for_end(std::chrono::seconds longest) {
  for (const auto until = Clock::now() + longest; process_ > 0 && Clock::now() < until; pause(20ms)) {
    int status = 0;
    if (::waitpid(process_, &status, WNOHANG) != process_) continue;
    process_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  return std::nullopt;
}

double Editor::processor_seconds() const {
  const std::string text = text_of(fmt::format("/proc/{}/stat", process_));
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::string field;
  for (int i = 0; i < 11; ++i) fields >> field;  // up to cmajflt; utime and stime follow
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

// A session.

Session::Session(EditorOptions options) : home(temporary_folder()) { restart(std::move(options)); }

Session::~Session() {
  editor.reset();
  std::error_code ignored;
  fs::remove_all(home, ignored);
}

Editor& Session::restart(EditorOptions options) {
  editor.reset();
  editor = std::make_unique<Editor>(screen, home, std::move(options));
  return *editor;
}

Place Session::on_canvas(double part_x, double part_y) {
  return box_of(editor->shown().document("canvas")).at(part_x, part_y);
}

std::string Session::add_node(Place at, std::string_view query) {
  const std::vector<std::string> before = editor->shown().nodes();
  editor->move(at);
  editor->key("space");
  editor->wait_for("the node search", [](const Shown& now) { return now.find("##query", "##Popup").has_value(); });
  editor->type(query);
  editor->key("Return");
  std::string added;
  editor->wait_for(fmt::format("a new node '{}'", query), [&](const Shown& now) {
    for (const std::string& id : now.nodes())
      if (std::ranges::find(before, id) == before.end()) added = id;
    return !added.empty();
  });
  return added;
}

}  // namespace weft::editor::outside
