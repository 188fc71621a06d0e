// weft-edit: the editor's window. `weft edit` becomes this program.
#include <fmt/format.h>
#include <imgui.h>
#include <implot.h>
#include <signal.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "base/c_locale.h"
#include "base/utf8.h"
#include "editor/app/app.h"
#include "editor/app/dropped.h"
#include "editor/app/menus.h"
#include "editor/frame.h"
#include "editor/screen_text.h"
#include "editor/session/folders.h"
#include "editor/window/frame_pace.h"
#include "editor/window/picture_clipboard.h"
#include "editor/window/png_file.h"
#include "editor/window/window.h"
#include "host/device_runtime.h"
#include "plugins/folders.h"

namespace {

namespace fs = std::filesystem;
using namespace weft;
using namespace weft::editor;

constexpr char kExamples[] =
    "Examples:\n"
    "  weft edit\n"
    "  weft edit workflows/text-to-image.json\n"
    "  weft edit picture.png                          the workflow that made it\n"
    "  weft edit my.json --screenshot my.png --size 1600x900\n"
    "Exit codes: 0 done, 2 wrong usage, or no display.";

struct Arguments {
  std::vector<std::string> files;
  std::string screenshot;
  std::string describe;
  std::string size = "1600x950";
  std::string theme;
  double scale = 0;
  RuntimeChoice device;
};

/// A line on stderr, which may take nothing: then there is nothing more to do.
void say(const std::string& text) {
  const std::string line = "weft edit: " + printable(text) + '\n';
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;
}

/// "1600x900"; false if it is nothing of the kind.
bool parse_size(const std::string& text, int& width, int& height) {
  char rest = 0;
  return std::sscanf(text.c_str(), "%dx%d%c", &width, &height, &rest) == 2 && width >= 200 && height >= 150 &&
      width <= 16384 && height <= 16384;
}

/// Where text-to-image.json and the explained ones are; empty if they were not installed.
fs::path workflows_folder() {
  for (const fs::path& place : {fs::path(WEFT_SOURCE_WORKFLOWS), program_prefix() / "share/weft/workflows"})
    if (std::error_code none; fs::exists(place / "text-to-image.json", none)) return place;
  return {};
}

AppOptions app_options(const Arguments& arguments) {
  const fs::path workflows = workflows_folder();
  return {.plugin_folders = plugin_folders(),
      .settings_file = settings_file(),
      .state_folder = state_folder(),
      .first_workflow = workflows.empty() ? fs::path{} : workflows / "text-to-image.json",
      .examples_folder = workflows,
      .translations_folder = program_prefix() / "share/weft/translations",
      .open_runtime = [choice = arguments.device] { return open_device_runtime(choice).runtime; },
      .dtype = arguments.device.dtype,
      .wake = Window::wake,
      .copy_picture = [clipboard = std::make_shared<PictureClipboard>()](
                          const fs::path& file) { return clipboard->offer(file); }};
}

/// False if one of the files could not be opened; the window says why.
bool open_first(App& app, const Arguments& arguments) {
  bool all_opened = true;
  for (const std::string& file : arguments.files) all_opened &= app.open(file);
  if (!arguments.files.empty()) return all_opened;
  if (app.options.first_workflow.empty())
    app.new_document();
  else
    app.attempt([&] {
      app.show(std::make_unique<Document>(load_workflow(app.options.first_workflow), app.options.first_workflow));
    });
  return all_opened;
}

/// The picture of the graph that was asked for, from the back buffer.
void export_canvas(App& app, const Window& window) {
  const fs::path file = std::exchange(app.export_file, {});
  const Canvas& canvas = app.active()->canvas;
  if (app.attempt([&] { write_png(cut_out(window.read_pixels(), canvas.screen_min(), canvas.screen_max()), file); }))
    app.notify(tr_format("Wrote {}", file.string()));
}

/// Draws as long as something happens, and sleeps otherwise.
void loop(App& app, Window& window, ScreenText* text) {
  FramePace pace;
  std::string title;
  while (!app.wants_to_quit()) {
    pace.woken(window.wait_for_events(pace.sleep(app.seconds_until_change())));
    if (const Window::Dropped dropped = window.take_dropped(); !dropped.files.empty())
      take_dropped(app, dropped.files, dropped.at);
    if (window.close_requested()) app.request_quit();
    if (text) text->begin_frame();
    window.begin_frame(app.arranges_panels());
    draw_frame(app);
    if (!pace.shows()) {
      window.skip_frame();
      continue;
    }
    const bool exporting = !app.export_file.empty() && app.active() && app.active()->canvas.settled() &&
        !ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopup);
    window.end_frame(exporting ? std::function<void()>([&] { export_canvas(app, window); }) : nullptr);
    const Document* document = app.document();
    const std::string wanted =
        document ? (document->dirty() ? "\u2022 " : "") + document->name() + " \u2013 Weft" : std::string("Weft");
    if (wanted != title) window.set_title(title = wanted);
    if (text) text->end_frame(app, title);
  }
}

/// Draws until all is loaded and stands still, then writes the picture.
void screenshot(App& app, Window& window, const fs::path& file) {
  constexpr int kStill = 6;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (int still = 0; still < kStill && std::chrono::steady_clock::now() < until;) {
    window.wait_for_events(0.005);
    window.begin_frame();
    draw_frame(app);
    still = app.settled() ? still + 1 : 0;
    window.end_frame([&] {
      if (still >= kStill) write_png(window.read_pixels(), file);
    });
  }
}

int edit(const Arguments& arguments) {
  int width = 0, height = 0;
  if (!parse_size(arguments.size, width, height)) {
    say(fmt::format("--size {}: this is not WIDTHxHEIGHT, such as 1600x900", arguments.size));
    return 2;
  }
  IMGUI_CHECKVERSION();
  ImGui::CreateContext();
  ImPlot::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.ConfigFlags |= ImGuiConfigFlags_DockingEnable | ImGuiConfigFlags_NavEnableKeyboard;
  io.ConfigInputTextCursorBlink = arguments.screenshot.empty();
  Window window(width, height, "Weft");
  AppOptions options = app_options(arguments);
  options.display_scale = arguments.scale > 0 ? static_cast<float>(arguments.scale) : window.content_scale();
  if (!arguments.theme.empty())
    options.theme = arguments.theme == "light" ? Settings::Theme::Light : Settings::Theme::Dark;
  App app(std::move(options));
  std::optional<ScreenText> text;
  if (!arguments.describe.empty()) text.emplace(arguments.describe);
  const bool all_opened = open_first(app, arguments);
  if (arguments.screenshot.empty()) {
    loop(app, window, text ? &*text : nullptr);
    return 0;
  }
  screenshot(app, window, arguments.screenshot);
  for (const LogLine& line : app.log)
    if (line.kind == LogLine::Kind::Error) say(line.text);
  return all_opened ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const CLocale locale;
  signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of its writer
  weft::limit_spinning();
  CLI::App options("Weft's editor: build, run and understand workflows.", "weft edit");
  Arguments arguments;
  options.add_option("FILE", arguments.files, "Workflows, or pictures that carry one");
  options.add_option(
      "--screenshot", arguments.screenshot, "Draw the window once all is loaded, write this PNG, and end");
  options.add_option("--describe", arguments.describe,
      "Write what the window shows into this file, a line of JSON each time that it changes: for tests, "
      "and for programs that read the screen aloud");
  options.add_option("--size", arguments.size, "Of the window")->type_name("WIDTHxHEIGHT")->capture_default_str();
  options.add_option("--theme", arguments.theme, "dark or light")->check(CLI::IsMember({"dark", "light"}));
  options.add_option("--scale", arguments.scale, "Of text and widgets; 2 doubles them")->check(CLI::Range(0.5, 4.0));
  options.add_option("--device", arguments.device.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  options.add_option("--dtype", arguments.device.dtype, "auto, float32, bfloat16 or float16")
      ->check(CLI::IsMember({"auto", "float32", "bfloat16", "float16"}))
      ->capture_default_str();
  options.set_version_flag("--version", "weft " WEFT_VERSION);
  options.footer(kExamples);
  try {
    options.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream help, wrong;
    const int code = options.exit(error, help, wrong);
    std::cout << printable_lines(help.str());
    std::cerr << printable_lines(wrong.str());
    return code == 0 ? 0 : 2;
  }
  try {
    return edit(arguments);
  } catch (const NoDisplay& error) {
    say(error.what());
    return 2;
  } catch (const ContextLost& error) {  // all work is in the journal
    say(fmt::format("{}; start it again: what was not saved is offered then", error.what()));
    return 2;
  } catch (const std::exception& error) {
    say(error.what());
    return 1;
  }
}
