#include "editor/session/settings.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "base/error.h"
#include "editor/session/folders.h"
#include "tests/temporary_folder.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

TEST(Settings, ComeBackAsTheyWereSaved) {
  const TemporaryFolder folder;
  Settings settings{.theme = Settings::Theme::Light, .ui_scale = 2, .snap_to_grid = false, .heat = true};
  settings.output_folder = "/tmp/größe";
  settings.model_folders = {"/models"};
  settings.keys = {{"edit.undo", {"F9"}}, {"view.fit", {}}};
  settings.panels = {{"layout", "a\nb"}};
  remember_file(settings, "/a.json");
  remember_use(settings.node_usage, "image.load");
  save_settings(settings, folder / "deep/settings.json");
  const LoadedSettings loaded = load_settings(folder / "deep/settings.json");
  EXPECT_EQ(loaded.settings, settings);
  EXPECT_EQ(loaded.message, "");
}

TEST(Settings, HaveDefaultsWhereThereIsNoFile) {
  const LoadedSettings loaded = load_settings("/nowhere/settings.json");
  EXPECT_EQ(loaded.settings, Settings{});
  EXPECT_EQ(loaded.message, "");
}

TEST(Settings, PutADamagedFileAside) {
  const TemporaryFolder folder;
  write_text_file(folder / "settings.json", "{\"theme\": \"lig");
  const LoadedSettings loaded = load_settings(folder / "settings.json");
  EXPECT_EQ(loaded.settings, Settings{});
  EXPECT_THAT(loaded.message, HasSubstr("settings.json.damaged"));
  EXPECT_EQ(read_text_file(folder / "settings.json.damaged"), "{\"theme\": \"lig");
}

TEST(Settings, LeaveOutValuesThatCannotBe) {
  const TemporaryFolder folder;
  write_text_file(folder / "settings.json",
      R"({"theme": "pink", "ui_scale": 99, "show_grid": "yes", "recent_files": [1, "/a.json", ""],
                      "keys": {"edit.undo": "F9", "edit.redo": [3, "F8"]}, "panels": [], "of_tomorrow": 7})");
  const Settings settings = load_settings(folder / "settings.json").settings;
  EXPECT_EQ(settings.theme, Settings{}.theme);
  EXPECT_EQ(settings.ui_scale, 4);
  EXPECT_TRUE(settings.show_grid);
  EXPECT_THAT(settings.recent_files, ElementsAre("/a.json"));
  EXPECT_THAT(settings.keys, SizeIs(1));
  EXPECT_THAT(settings.keys.at("edit.redo"), ElementsAre("F8"));
  EXPECT_EQ(settings.extra, (nlohmann::json{{"of_tomorrow", 7}})) << "kept for the version that knows it";
}

TEST(Settings, SayWhyTheyCannotBeSaved) {
  const TemporaryFolder folder;
  write_text_file(folder / "file", "");
  EXPECT_THROW(save_settings({}, folder / "file/settings.json"), GraphError);
}

TEST(Settings, RememberTheLatestFilesOnce) {
  Settings settings;
  for (int i = 0; i < 30; ++i) remember_file(settings, "/" + std::to_string(i) + ".json");
  remember_file(settings, "/15.json");
  EXPECT_THAT(settings.recent_files, SizeIs(20));
  EXPECT_EQ(settings.recent_files.front(), "/15.json");
  EXPECT_EQ(settings.recent_files.at(1), "/29.json");
}

TEST(Settings, SayWhatRunsAreGiven) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "models/vae");
  Settings settings;
  settings.output_folder = "/pictures";
  settings.model_folders = {folder.path()};
  const RunEnvironment environment = environment_of(settings, "/workflows", "float16");
  EXPECT_EQ(environment.dtype, "float16");
  EXPECT_EQ(environment.output_folder, "/pictures");
  EXPECT_EQ(environment.model_folders.front(), std::filesystem::canonical(folder / "models"));
  EXPECT_THAT(environment.input_folders, ElementsAre("/workflows/input", std::filesystem::current_path()))
      << "where the command line looks";
}

TEST(Folders, FollowTheXdgSpecification) {
  ::setenv("HOME", "/home/somebody", 1);
  ::setenv("XDG_CONFIG_HOME", "/configuration", 1);
  ::setenv("XDG_STATE_HOME", "relative", 1);
  EXPECT_EQ(config_folder(), "/configuration/weft");
  EXPECT_EQ(state_folder(), "/home/somebody/.local/state/weft");
}

}  // namespace
}  // namespace weft::editor
