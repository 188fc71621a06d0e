// Languages as their readers meet them.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/editor/outside/driver.h"

namespace weft::editor::outside {
namespace {

std::string title_of_type(const Shown& shown, const std::string& type) {
  return shown.node_json(shown.node_of_type(type)).value("title", "");
}

TEST(OutsideLanguage, IsThatOfTheEnvironmentAndIsChosenInTheSettings) {
  Session session({.environment = {{"LANGUAGE", "zh_CN"}}});
  Editor& editor = *session.editor;
  editor.wait_for_item("文件");
  EXPECT_EQ(title_of_type(editor.shown(), "sample.ksampler"), "K 采样器");
  editor.key("ctrl+comma");
  editor.wait_for_item("##Grid");
  const Shown settings = editor.wait_until_still();
  const Box theme = settings.item("深色"),
            grid = settings.item("##Grid");  // the language is in the row below the theme
  editor.click({grid.x + 60, theme.middle().y + (grid.middle().y - theme.middle().y) / 3});
  editor.wait_for_item("日本語");
  editor.click(editor.wait_until_still().item("日本語").middle());
  editor.wait_for("everything in Japanese", [](const Shown& now) {
    return now.find("ファイル") && now.find("閉じる") && title_of_type(now, "sample.ksampler") == "Kサンプラー";
  });
}

TEST(OutsideLanguage, LetsNodesBeFoundByTheirEnglishNames) {
  Session session({.environment = {{"LANGUAGE", "ja"}}});
  const std::string node = session.add_node(session.on_canvas(0.3, 0.8), "image grid");
  EXPECT_EQ(session.editor->shown().node_json(node).value("type", ""), "image.grid");
}

TEST(OutsideLanguage, StaysEnglishWithoutAFont) {
  const std::filesystem::path fonts = std::filesystem::temp_directory_path() / "weft-no-fonts.conf";
  std::ofstream(fonts) << "<fontconfig><dir>/nowhere</dir></fontconfig>";
  Session session({.environment = {{"LANGUAGE", "zh_CN"}, {"FONTCONFIG_FILE", fonts.string()}}});
  const Shown now = session.editor->wait_for("a sentence",
      [](const Shown& shown) { return shown.json().value("toast", "").find("fonts-noto-cjk") != std::string::npos; });
  EXPECT_TRUE(now.find("File"));
  std::filesystem::remove(fonts);
}

}  // namespace
}  // namespace weft::editor::outside
