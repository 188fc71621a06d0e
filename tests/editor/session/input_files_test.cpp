#include "editor/session/input_files.h"

#include <gmock/gmock.h>

#include "base/text_file.h"
#include "editor/session/gestures.h"
#include "editor/session/picture_story.h"
#include "editor/session/show_folder.h"
#include "tests/graph/sketch_nodes.h"
#include "tests/temporary_folder.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class Reader final : public sketch::Idle {
  Param<std::string> file_{*this, "file", {.widget = Widget::File, .role = PortRole::PictureFile}};
  Output<sketch::Image> image_{*this, "image"};
};

/// Writes into a file: its picture is none that it reads.
class Writer final : public sketch::Idle {
  Param<std::string> file_{*this, "file", {.widget = Widget::File}};
};

class InputPictures : public testing::Test {
 protected:
  InputPictures() {
    registry.add<Reader>("image.load", {.title = "Load Image"});
    registry.add<Writer>("image.write", {});
  }

  Registry registry;
  TemporaryFolder folder;
};

TEST_F(InputPictures, AreReadByNodesThatNameAFileAndGiveAPicture) {
  Document document;
  const std::string load = add_node(document, registry, "image.load", {0, 0});
  add_node(document, registry, "image.write", {0, 0});
  EXPECT_THAT(picture_readers(document, registry), ElementsAre(load));
}

TEST_F(InputPictures, MakeANodeInOneStepNamedFromTheWorkflowsFolderOn) {
  Document document;
  document.save_as(folder / "workflow.json");
  const std::string load = add_picture_reader(document, registry, folder / "boat.png", {30, 40});
  EXPECT_EQ(document.graph().node(load).inputs.at("file"), InputValue("boat.png"));
  EXPECT_EQ(document.graph().node(load).ui.at("x"), 30);
  EXPECT_THAT(document.step_names(), ElementsAre("Load boat.png"));
  EXPECT_THAT(document.selection().nodes, ElementsAre(load));
  set_picture_file(document, registry, load, "/elsewhere/tree.png");
  EXPECT_EQ(document.graph().node(load).inputs.at("file"), InputValue("/elsewhere/tree.png"));
  EXPECT_EQ(document.step_names().size(), 2u);
}

TEST_F(InputPictures, NeedANodeTypeThatReadsThem) {
  Document document;
  EXPECT_THROW(add_picture_reader(document, Registry(), folder / "boat.png", {}), GraphError);
  EXPECT_EQ(document.graph().size(), 0u);
}

TEST_F(InputPictures, AreLookedUpOnceInAWhile) {
  write_text_file(folder / "boat.png", "a boat");
  InputFiles files;
  int asked = 0;
  const auto find = [&](const char* name) {
    return files.find(folder.path(), name, [&] { return ++asked, RunEnvironment{.workflow_folder = folder.path()}; });
  };
  ASSERT_TRUE(find("boat.png"));
  EXPECT_EQ(find("boat.png")->file, folder / "boat.png");
  EXPECT_FALSE(find("none.png"));
  EXPECT_FALSE(find("none.png"));
  EXPECT_FALSE(find(""));
  EXPECT_LE(asked, 3) << "a disk is not asked in each frame";
}

TEST(PictureStories, TellThePromptAndTheSeeds) {
  const Workflow known = parse_workflow(R"({"weft": 1, "nodes": {
    "text": {"type": "text", "inputs": {"text": "a boat"}},
    "area": {"type": "area", "inputs": {"words": {"link": "text.words"}}},
    "other": {"type": "text", "inputs": {"text": "ugly"}},
    "sample": {"type": "sample", "inputs": {"negative": {"link": "other.words"}, "positive": {"link": "area.words"}, "seed": 7}}}})");
  EXPECT_EQ(story_of(known, {}).prompt, "a boat");
  EXPECT_THAT(story_of(known, {}).seeds, ElementsAre(7));
  const auto facts =
      nlohmann::json::parse(R"([{"node": "sample", "key": "seed", "fact": 12}, {"key": "model", "fact": 3}, 5])");
  EXPECT_THAT(story_of(known, facts).seeds, ElementsAre(12)) << "what was used counts";
  EXPECT_EQ(story_of(parse_workflow(sketch::kWorkflow), {}).prompt, "a red boat") << "by its name for callers";
  EXPECT_EQ(story_of({}, {}).prompt, "");
}

TEST(FileUris, HideWhatIsNoPlainLetter) { EXPECT_EQ(file_uri("/a b/\u00fc%.png"), "file:///a%20b/%C3%BC%25.png"); }

}  // namespace
}  // namespace weft::editor
