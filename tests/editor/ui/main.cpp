// weft_editor_ui_tests [--filter TEXT] [--screenshots FOLDER]: opens the editor's window and runs the tests
// in it. Screenshots are of any size, language, theme and scale.
#include <GLFW/glfw3.h>
#include <fmt/format.h>
#include <imgui_test_engine/imgui_te_ui.h>
#include <implot.h>

#include <CLI/CLI.hpp>

#include "editor/frame.h"
#include "editor/window/png_file.h"
#include "editor/window/window.h"
#include "host/device_runtime.h"
#include "plugins/folders.h"
#include "tests/editor/ui/ui.h"

namespace {

namespace fs = std::filesystem;
using namespace weft;
using namespace weft::editor;

/// What a test's function, which may not capture, needs.
struct Running {
  test::Test test;
  App& app;
  fs::path scratch;
  fs::path picture;  ///< where a screenshot goes; empty for a test
  bool picture_wanted = false;
};

void run_one(ImGuiTestContext* context) {
  auto& running = *static_cast<Running*>(context->Test->UserData);
  test::Ui ui(*context, running.app, running.scratch);
  running.test.body(ui);
  if (running.picture.empty()) return;
  ui.wait(6);
  running.picture_wanted = true;
  while (running.picture_wanted) context->Yield();
}

/// How the window looks in screenshots; tests need the defaults.
struct Look {
  bool more = false;  ///< also the states that the documentation does not show
  std::string size = "1600x1000", language = "en", theme = {};  ///< theme: empty for the state's own
  float scale = 1;
};

AppOptions options_in(const fs::path& scratch, const Look& look) {
  std::optional<Settings::Theme> theme;
  if (!look.theme.empty()) theme = look.theme == "light" ? Settings::Theme::Light : Settings::Theme::Dark;
  return {.plugin_folders = plugin_folders(),
      .settings_file = scratch / "settings.json",
      .state_folder = scratch / "state",
      .examples_folder = fs::path(WEFT_SOURCE_DIR) / "workflows",
      .translations_folder = program_prefix() / "share/weft/translations",
      .open_runtime = [] { return open_device_runtime({.device = "cpu"}).runtime; },
      .wake = Window::wake,
      .display_scale = look.scale,
      .theme = theme};
}

int run(const std::vector<test::Test>& tests, const std::string& filter, const fs::path& pictures, const Look& look) {
  const fs::path scratch = fs::temp_directory_path() / fmt::format("weft-ui-tests-{}", getpid());
  fs::create_directories(scratch);
  ImGui::CreateContext();
  ImPlot::CreateContext();
  ImGuiIO& io = ImGui::GetIO();
  io.IniFilename = nullptr;
  io.ConfigFlags |= ImGuiConfigFlags_DockingEnable | ImGuiConfigFlags_NavEnableKeyboard;
  ImGuiTestEngine* engine = ImGuiTestEngine_CreateContext();
  ImGuiTestEngineIO& config = ImGuiTestEngine_GetIO(engine);
  config.ConfigRunSpeed = ImGuiTestRunSpeed_Fast;
  config.ConfigVerboseLevel = ImGuiTestVerboseLevel_Error;
  config.ConfigVerboseLevelOnError = ImGuiTestVerboseLevel_Info;
  config.ConfigLogToTTY = true;
  config.ConfigNoThrottle = true;
  config.ConfigWatchdogWarning = config.ConfigWatchdogKillTest = 600;  // a busy disk is waited for; ctest has its limit
  config.ConfigSavedSettings = false;
  config.ConfigCaptureEnabled = false;
  std::setbuf(stdout, nullptr);  // what is said before a crash is seen
  bool ok = true;
  {
    int width = 0, height = 0;
    if (std::sscanf(look.size.c_str(), "%dx%d", &width, &height) != 2) return 2;
    Window window(width, height, "Weft UI tests");
    glfwSwapInterval(0);
    App app(options_in(scratch, look));
    app.settings.output_folder = scratch / "out";
    ImGuiTestEngine_Start(engine, ImGui::GetCurrentContext());
    std::vector<std::unique_ptr<Running>> all;
    for (const test::Test& each : tests) {
      all.push_back(std::make_unique<Running>(
          each, app, scratch, pictures.empty() ? fs::path{} : pictures / fmt::format("{}.png", each.name)));
      ImGuiTest* made = IM_REGISTER_TEST(engine, each.area, each.name);
      made->UserData = all.back().get();
      made->TestFunc = run_one;
    }
    ImGuiTestEngine_QueueTests(
        engine, ImGuiTestGroup_Tests, filter.empty() ? "all" : filter.c_str(), ImGuiTestRunFlags_RunFromCommandLine);
    while (!ImGuiTestEngine_IsTestQueueEmpty(engine)) {
      window.wait_for_events(0);
      window.begin_frame();
      draw_frame(app);
      // Without a graphics card drawing is what takes the time: of tests, one frame in eight is drawn.
      const bool drawn = !pictures.empty() || ImGui::GetFrameCount() % 8 == 0;
      if (!drawn)
        ImGui::Render();
      else
        window.end_frame([&] {
          for (auto& each : all)
            if (std::exchange(each->picture_wanted, false)) write_png(window.read_pixels(), each->picture);
        });
      ImGuiTestEngine_PostSwap(engine);
    }
    ImVector<ImGuiTest*> list;
    ImGuiTestEngine_GetTestList(engine, &list);
    int passed = 0, counted = 0;
    for (const ImGuiTest* each : list) {
      if (each->Output.Status == ImGuiTestStatus_Unknown) continue;
      ++counted;
      const bool good = each->Output.Status == ImGuiTestStatus_Success;
      passed += good;
      fmt::print("{} {}.{}\n", good ? "[  OK  ]" : "[ FAIL ]", each->Category.c_str(), each->Name.c_str());
    }
    fmt::print("{} of {} passed\n", passed, counted);
    ok = counted > 0 && passed == counted;
    ImGuiTestEngine_Stop(engine);
    app.queue->cancel_all();
  }
  ImPlot::DestroyContext();
  ImGui::DestroyContext();
  ImGuiTestEngine_DestroyContext(engine);
  fs::remove_all(scratch);
  return ok ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App options("Tests of the editor's window.");
  std::string filter, pictures;
  options.add_option("--filter", filter, "Only tests whose names hold this");
  options.add_option("--screenshots", pictures, "Instead, write the documentation's pictures into this folder");
  Look look;
  options.add_option("--size", look.size, "Of screenshots")->capture_default_str();
  options.add_option("--language", look.language, "Of screenshots")->capture_default_str();
  options.add_option("--theme", look.theme, "Of screenshots")->check(CLI::IsMember({"dark", "light"}));
  options.add_option("--scale", look.scale, "Of screenshots")->capture_default_str();
  options.add_flag("--more", look.more, "Also states that the documentation does not show");
  CLI11_PARSE(options, argc, argv);
  if (pictures.empty()) look = {};
  setenv("LANGUAGE", look.language.c_str(), 1);  // tests look for English texts
  std::vector<test::Test> tests;
  if (!pictures.empty()) {
    tests = test::screenshots();
    const auto more = test::more_screenshots();
    if (look.more) tests.insert(tests.end(), more.begin(), more.end());
    return run(tests, filter, pictures, look);
  }
  for (const auto& some : {test::canvas_tests(), test::link_tests(), test::list_tests(), test::param_tests(),
           test::panel_tests(), test::file_tests(), test::picture_tests(), test::run_tests(), test::sweep_tests()})
    tests.insert(tests.end(), some.begin(), some.end());
  return run(tests, filter, {}, look);
}
