// Comparing values of a param, as a person does it: by the menu of its field, in few actions.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/editor/outside/driver.h"

namespace weft::editor::outside {
namespace {

namespace fs = std::filesystem;

/// The files that the editor wrote below its home.
std::vector<fs::path> pictures_in(const fs::path& home) {
  std::vector<fs::path> files;
  std::error_code not_yet;
  for (const auto& entry : fs::recursive_directory_iterator(home, not_yet))
    if (entry.path().extension() == ".png") files.push_back(entry.path());
  return files;
}

/// A copy that may be changed, with few steps, so that it is over soon.
fs::path quick_workflow(const fs::path& home) {
  std::ifstream in(source_file("workflows/text-to-image.json"));
  nlohmann::json json = nlohmann::json::parse(in);
  json["nodes"]["sampler"]["inputs"]["steps"] = 2;
  const fs::path file = home / "quick.json";
  std::ofstream(file) << json.dump();
  return file;
}

class Sweeps : public testing::Test {
 protected:
  Sweeps() {
    const nlohmann::json settings{{"output_folder", (session.home / "pictures").string()}};
    editor = &session.restart({.arguments = {quick_workflow(session.home).string()}, .settings = settings});
    editor->wait_for("the workflow", [](const Shown& now) { return now.has_node("sampler"); });
    editor->wait_until_still();
  }

  /// Each counts as one action.
  void click(Place at, Button button = Button::Left) { editor->click(at, button), ++actions; }
  void type(std::string_view text) { editor->type(text), ++actions; }
  void key(std::string_view chord) { editor->key(chord), ++actions; }

  void open_vary(std::string_view node, std::string_view port) {
    click(editor->shown().field(node, port).middle(), Button::Right);
    click(editor->wait_for_item("Vary\u2026").middle());
    editor->wait_for_item("##values");
  }

  Session session;
  Editor* editor = nullptr;
  int actions = 0;
};

TEST_F(Sweeps, CompareThreeValuesInAtMostSixActions) {
  open_vary("sampler", "cfg");
  type("3, 5, 7");
  key("Return");
  EXPECT_LE(actions, 6);
  editor->wait_for("the sweep to end", [&](const Shown& now) {
    return !now.json().value("running", true) && pictures_in(session.home / "pictures").size() == 1;
  });
  const Shown now = editor->shown();
  EXPECT_EQ(now.value("sampler", "cfg"), 4) << "the workflow's own value stays";
  EXPECT_EQ(now.document("dirty"), true) << "the workflow holds the sweep";
  EXPECT_TRUE(now.find("\uf00a  Sweep: 3")) << "it can be run again";
}

TEST_F(Sweeps, RefuseAMillionValuesWithASentence) {
  open_vary("sampler", "seed");
  type("1..1000000");
  key("Return");
  editor->wait_until_still();
  EXPECT_TRUE(editor->shown().find("##values")) << "the dialog stays, and says why";
  EXPECT_TRUE(pictures_in(session.home).empty());
  editor->key("Escape");
  editor->wait_for("the dialog to close", [](const Shown& now) { return !now.find("##values"); });
}

TEST_F(Sweeps, TheRunCountQueuesSoManyRuns) {
  editor->double_click(editor->wait_for_item("##run count").middle());
  editor->type("3");
  editor->key("Return");
  editor->key("F5");
  editor->wait_for("three pictures", [&](const Shown&) { return pictures_in(session.home / "pictures").size() == 3; });
}

}  // namespace
}  // namespace weft::editor::outside
