// Workflows that are not the user's own yet: those of ComfyUI, and templates. They have a name and a folder, and no file that
// saving would write over.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

#include "tests/editor/outside/driver.h"

namespace weft::editor::outside {
namespace {

namespace fs = std::filesystem;

constexpr const char* kForeign = R"({
  "1": {"class_type": "LoadImage", "inputs": {"image": "beside.png"}},
  "2": {"class_type": "LoadImage", "inputs": {"image": "lost.png"}},
  "3": {"class_type": "ImageBatch", "inputs": {"image1": ["1", 0], "image2": ["2", 0]}},
  "4": {"class_type": "SaveImage", "inputs": {"images": ["3", 0], "filename_prefix": "both"}}
})";

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return std::move(text).str();
}

/// A folder that goes with the test, with a ComfyUI workflow and a picture in it.
struct ForeignFolder {
  ForeignFolder() {
    std::string name = (fs::temp_directory_path() / "weft-foreign-XXXXXX").string();
    path = ::mkdtemp(name.data());
    std::ofstream(file()) << kForeign;
    fs::copy_file(source_file("workflows/explained/map.png"), path / "beside.png");
  }
  ~ForeignFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  ForeignFolder(const ForeignFolder&) = delete;
  ForeignFolder& operator=(const ForeignFolder&) = delete;
  fs::path file() const { return path / "portrait.json"; }
  fs::path path;
};

/// How many items whose label has this in it are in the window.
std::size_t count(const Shown& now, std::string_view part, std::string_view window) {
  const auto& items = now.json().at("items");
  return static_cast<std::size_t>(std::ranges::count_if(items, [&](const nlohmann::json& item) {
    return item.at("label").get<std::string>().find(part) != std::string::npos &&
        item.at("window").get<std::string>().find(window) != std::string::npos;
  }));
}

/// Tries the tabs of the lower panels, as one who does not know where it is.
void show_problems(Editor& editor) {
  const Box panel = editor.wait_for_item("Gallery", "Gallery");
  for (double x = panel.x + 30; x < panel.x + panel.width; x += 40) {
    editor.click({x, panel.y + 12});
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
    while (std::chrono::steady_clock::now() < end)
      if (count(editor.shown(), "Problems", "Problems") > 0) return;
  }
}

TEST(FilesOfOthers, AComfyUiWorkflowIsNamedAndFindsPicturesBesideIt) {
  const ForeignFolder folder;
  Session session({.arguments = {folder.file().string()}});
  Editor& editor = *session.editor;
  editor.wait_for("a tab of its name", [](const Shown& now) { return now.document("name") == "portrait"; });
  editor.wait_for_item("Close", "What Is Missing");
  const Shown now = editor.wait_until_still();
  EXPECT_EQ(count(now, "Choose a File", "What Is Missing"), 1u);  // beside.png is there
  EXPECT_EQ(now.document("file"), "");
}

TEST(FilesOfOthers, AProblemIsListedOnceAfterARunThatFailed) {
  const ForeignFolder folder;
  Session session({.arguments = {folder.file().string()}});
  Editor& editor = *session.editor;
  editor.click(editor.wait_for_item("Close", "What Is Missing").middle());
  editor.key("ctrl+Return");
  editor.wait_for("the failure", [](const Shown& now) {
    return now.json().value("toast", "").find("lost.png") != std::string::npos && !now.json().value("running", true);
  });
  show_problems(editor);
  const Shown now =
      editor.wait_for("the problem", [](const Shown& each) { return count(each, "lost.png", "Problems") > 0; });
  EXPECT_EQ(count(now, "lost.png", "Problems"), 1u);
}

TEST(FilesOfOthers, SavingAsksForANameThatIsFree) {
  const ForeignFolder folder;
  Session session({.arguments = {folder.file().string()}});
  Editor& editor = *session.editor;
  editor.click(editor.wait_for_item("Close", "What Is Missing").middle());
  editor.key("ctrl+s");
  editor.wait_for_item("Save", "File dialog");
  editor.wait_until_still();
  editor.key("Return");
  editor.wait_for("the saved document",
      [&](const Shown& now) { return now.document("file") == (folder.path / "portrait-2.json").string(); });
  EXPECT_EQ(text_of(folder.file()), kForeign);
  EXPECT_EQ(editor.shown().value("1", "file"), "beside.png");
}

TEST(Templates, OpenAsCopiesThatFindTheirFilesWhereverTheyAreSaved) {
  Session session;
  Editor& editor = *session.editor;
  const fs::path shipped = source_file("workflows/image-to-image.json");
  const std::string before = text_of(shipped);
  editor.key("ctrl+shift+n");
  editor.click(editor.wait_for_item("image-to-image", "New from Template").at(0.5, 0.3));
  editor.wait_for("the copy", [](const Shown& now) { return now.document("name") == "image-to-image"; });
  const Shown opened = editor.wait_until_still();
  EXPECT_EQ(opened.document("file"), "");
  EXPECT_FALSE(opened.find("Close", "What Is Missing"));
  editor.key("ctrl+s");
  editor.wait_for_item("Save", "File dialog");
  editor.wait_until_still();
  editor.key("ctrl+a");
  editor.type((session.home / "mine.json").string());
  editor.key("Return");
  editor.wait_for("the saved document",
      [&](const Shown& now) { return now.document("file") == (session.home / "mine.json").string(); });
  EXPECT_EQ(text_of(shipped), before);
  const Shown saved = editor.wait_until_still();
  const std::string file = saved.value("picture", "file").get<std::string>();
  EXPECT_TRUE(fs::exists(session.home / file)) << file;
}

}  // namespace
}  // namespace weft::editor::outside
