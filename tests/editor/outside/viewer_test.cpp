// What the viewer shows, from outside: what runs make, what was put aside, what is of an earlier version; and pictures that
// come in by hand.
#include <gmock/gmock.h>

#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "tests/editor/outside/driver.h"

namespace weft::editor::outside {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

/// The first workflow, quick, with another seed for each run.
json quick_workflow(int steps = 2) {
  json workflow = json::parse(std::ifstream(source_file("workflows/text-to-image.json")));
  json& sampler = workflow["nodes"]["sampler"];
  sampler["inputs"]["steps"] = steps;
  sampler["ui"]["seed_modes"] = {{"seed", "random"}};
  return workflow;
}

class OutsideViewer : public testing::Test {
 protected:
  OutsideViewer() : folder_(fs::temp_directory_path() / ("weft-outside-viewer-" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
  }
  ~OutsideViewer() override {
    session_.reset();
    fs::remove_all(folder_);
  }

  /// The editor with this workflow, in a file.
  Editor& open(const json& workflow, EditorOptions options = {}) {
    const fs::path file = folder_ / "quick.json";
    std::ofstream(file) << workflow.dump(2);
    options.arguments.push_back(file.string());
    options.settings["output_folder"] = (folder_ / "out").string();
    session_.emplace(std::move(options));
    return *session_->editor;
  }

  /// Runs it to its end; the picture that the viewer shows then.
  std::string run(Editor& editor) {
    const json before = editor.shown().viewer("picture");
    editor.key("F5");
    editor.wait_for(
        "the run's picture in the viewer",
        [&](const Shown& now) {
          return !now.json().at("running") && now.viewer("picture").is_string() && now.viewer("picture") != before;
        },
        std::chrono::seconds(90));
    return editor.wait_until_still().viewer("picture");
  }

  fs::path folder_;
  std::optional<Session> session_;
};

TEST_F(OutsideViewer, KeepsThePictureAsBAndNotThePort) {
  Editor& editor = open(quick_workflow());
  const std::string first = run(editor);
  editor.click(editor.wait_for_item("Keep as B", "Viewer").middle());
  editor.wait_for("B", [&](const Shown& now) { return now.viewer("b").is_object(); });
  EXPECT_EQ(editor.shown().viewer("b").at("picture"), first);
  const std::string caption = editor.shown().viewer("b").at("caption");
  EXPECT_THAT(caption, HasSubstr("seed "));
  const std::string second = run(editor);
  EXPECT_NE(second, first);
  EXPECT_EQ(editor.shown().viewer("b").at("picture"), first) << "it was put aside";
  EXPECT_EQ(editor.shown().viewer("b").at("caption"), caption);
  editor.click(editor.wait_for_item("Diff", "Viewer").middle());
  const Pixels apart = (editor.wait_until_still(), editor.pixels(editor.shown().item("##picture", "Viewer")));
  EXPECT_GT(std::ranges::max(apart.rgb), 100) << "the two differ, and that is seen";
  editor.click(editor.wait_for_item("\uf00d##drop", "Viewer").middle());
  editor.wait_for("no B", [](const Shown& now) { return now.viewer("b").is_null(); });
}

TEST_F(OutsideViewer, FollowsAgainAfterAClickAndIsPinned) {
  Editor& editor = open(quick_workflow());
  run(editor);
  EXPECT_EQ(editor.shown().viewer("mode"), "follow");
  editor.click(editor.shown().pin("sampler", "latent", true));
  editor.wait_for("what was clicked", [](const Shown& now) {
    return now.viewer("mode") == "chosen" && now.viewer("caption").get<std::string>().starts_with("sampler.latent");
  });
  editor.click(editor.wait_for_item("Follow", "Viewer").middle());
  editor.wait_for("the newest picture", [](const Shown& now) {
    return now.viewer("mode") == "follow" && now.viewer("caption").get<std::string>().starts_with("decode.image");
  });
  const std::string second = run(editor);
  editor.click(editor.wait_for_item("\uf08d##pin", "Viewer").middle());
  editor.wait_for("the pin", [](const Shown& now) { return now.viewer("mode") == "pinned"; });
  editor.click(editor.shown().pin("sampler", "latent", true));
  editor.wait_for("a word on the pin",
      [](const Shown& now) { return now.json().at("toast").get<std::string>().find("pinned") != std::string::npos; });
  EXPECT_EQ(editor.shown().viewer("picture"), second);
  editor.click(editor.wait_for_item("Follow", "Viewer").middle());
  EXPECT_NE(run(editor), second);
}

TEST_F(OutsideViewer, ShowsWhatItsTabShowed) {
  Editor& editor = open(quick_workflow());
  run(editor);
  editor.click(editor.shown().pin("sampler", "latent", true));
  const std::string chosen =
      editor
          .wait_for("what was clicked",
              [](const Shown& now) { return now.viewer("caption").get<std::string>().starts_with("sampler"); })
          .viewer("caption");
  editor.key("ctrl+n");
  editor.wait_for("an empty viewer", [](const Shown& now) {
    return now.document("name") == "Untitled" && now.viewer("caption").is_null() && now.viewer("mode") == "follow";
  });
  editor.key("ctrl+Tab");
  editor.wait_for("what the first tab showed", [&](const Shown& now) {
    return now.document("name") == "quick" && now.viewer("caption") == chosen && now.viewer("picture").is_string();
  });
}

TEST_F(OutsideViewer, ShowsAnyPictureOverTheWholeWindow) {
  Editor& editor = open(quick_workflow());
  run(editor);
  const Box node = editor.shown().node("decode");
  editor.double_click(node.at(0.5, 0.85));
  editor.wait_for(
      "the lightbox", [](const Shown& now) { return now.json().value("lightbox", "").starts_with("decode.image"); });
  editor.wait_until_still();
  const Pixels whole = editor.pixels();
  editor.key("Escape");
  editor.wait_for("no lightbox", [](const Shown& now) { return !now.json().contains("lightbox"); });
  editor.wait_until_still();
  EXPECT_GT(difference(whole, editor.pixels()), 0.5);
  editor.double_click(editor.wait_for_item("##picture", "Viewer").middle());
  editor.wait_for("the lightbox", [](const Shown& now) { return now.json().contains("lightbox"); });
  const Box picture = editor.wait_for_item("##picture", "##lightbox");
  editor.click(picture.middle());
  editor.wait_for("no lightbox", [](const Shown& now) { return !now.json().contains("lightbox"); });
  run(editor);
  editor.double_click(editor.wait_for_item("##picture", "Gallery").middle());
  const std::string first =
      editor.wait_for("the lightbox", [](const Shown& now) { return now.json().contains("lightbox"); })
          .json()
          .at("lightbox");
  editor.key("Right");
  editor.wait_for("the next picture", [&](const Shown& now) { return now.json().value("lightbox", first) != first; });
}

TEST_F(OutsideViewer, SaysWhatIsOfAnEarlierVersion) {
  Editor& editor = open(quick_workflow());
  run(editor);
  EXPECT_EQ(editor.shown().viewer("stale"), false);
  const Box field = editor.shown().field("sampler", "steps");
  editor.drag(field.middle(), {field.middle().x + 60, field.middle().y});
  const Shown changed = editor.wait_for("stale results", [](const Shown& now) {
    return now.value("sampler", "steps") != 2 && now.viewer("stale") == true &&
        now.node_json("sampler").value("stale", false);
  });
  EXPECT_EQ(changed.node_json("decode").at("stale"), true);
  EXPECT_EQ(changed.node_json("positive").at("stale"), false) << "it does not depend on the steps";
  editor.key("ctrl+z");
  editor.wait_for("fresh results", [](const Shown& now) {
    return now.value("sampler", "steps") == 2 && now.viewer("stale") == false &&
        !now.node_json("decode").value("stale", true);
  });
}

TEST_F(OutsideViewer, NeverSaysThatNothingIsLeftWhileItRuns) {
  Editor& editor = open(quick_workflow(4));
  run(editor);
  // Four times as wide and high: what such nodes took before says little.
  const auto set = [&](const char* port, const char* value) {
    editor.double_click(editor.shown().field("size", port).middle());
    editor.wait_until_still();
    editor.key("ctrl+a");
    editor.type(value);
    editor.key("Return");
    editor.wait_for("the new size", [&](const Shown& now) { return now.value("size", port) == std::stoi(value); });
  };
  set("width", "512");
  set("height", "512");
  editor.key("F5");
  std::vector<std::string> said;
  const auto hear = [&](const Shown& now) {
    if (const std::string text = now.json().value("progress", ""); !text.empty()) said.push_back(text);
    return now.json().at("running").get<bool>();
  };
  editor.wait_for("the run", hear);
  editor.wait_for("its end", [&](const Shown& now) { return !hear(now); }, std::chrono::seconds(300));
  ASSERT_FALSE(said.empty());
  for (const std::string& text : said) EXPECT_EQ(text.find(" 0 s"), std::string::npos) << text;
}

// Pictures that come in by hand.

TEST_F(OutsideViewer, TakesADroppedPictureAsWhatANodeLoads) {
  Editor& editor = open(quick_workflow());
  const fs::path one = folder_ / "one.png", two = folder_ / "two.png";
  fs::copy_file(source_file("tests/pictures/fixtures/rgb.png"), one);
  fs::copy_file(source_file("tests/pictures/fixtures/rgba.png"), two);
  const Place empty = session_->on_canvas(0.5, 0.9);
  editor.drop_files({one}, empty);
  const Shown dropped = editor.wait_for("a Load Image with the picture", [](const Shown& now) {
    const std::string node = now.node_of_type("image.load");
    return !node.empty() && now.node_json(node).value("picture", false);
  });
  const std::string node = dropped.node_of_type("image.load");
  EXPECT_EQ(dropped.value(node, "file"), "one.png") << "named from the workflow's folder on";
  EXPECT_NEAR(dropped.node(node).x, empty.x, 4);
  editor.drop_files({two}, editor.wait_until_still().node(node).at(0.5, 0.05));
  editor.wait_for(
      "the other picture in the same node", [&](const Shown& now) { return now.value(node, "file") == "two.png"; });
  EXPECT_EQ(editor.shown().nodes().size(), 8u);
}

TEST_F(OutsideViewer, ToldInASentenceWhatCannotBeDropped) {
  Editor& editor = open(quick_workflow(), {.environment = {{"WEFT_MAX_MEGAPIXELS", "0.0001"}}});
  const fs::path text = folder_ / "notes.png", huge = folder_ / "huge.png";
  std::ofstream(text) << "no picture at all";
  fs::copy_file(source_file("tests/pictures/fixtures/rgb.png"), huge);
  editor.drop_files({text}, session_->on_canvas(0.5, 0.9));
  editor.wait_for("a sentence on what is no picture", [](const Shown& now) {
    return now.json().at("toast").get<std::string>().find("neither a picture") != std::string::npos;
  });
  editor.drop_files({huge}, session_->on_canvas(0.5, 0.9));
  editor.wait_for("a sentence on what is too large",
      [](const Shown& now) { return now.json().at("toast").get<std::string>().find("huge.png") != std::string::npos; });
  // Written in part, with gigabytes of zeros behind, which take no place on the disk. Nobody may read them all.
  for (const auto& [name, begin] : {std::pair{"cut.png", "\x89PNG\r\n\x1a\n"}, {"zeros.jpg", ""}, {"zeros.json", ""}}) {
    const fs::path file = folder_ / name;
    std::ofstream(file) << begin;
    fs::resize_file(file, std::uintmax_t{100} << 30);
    editor.drop_files({file}, session_->on_canvas(0.5, 0.9));
    editor.wait_for("a sentence on " + file.string(),
        [&](const Shown& now) { return now.json().at("toast").get<std::string>().find(name) != std::string::npos; });
  }
  EXPECT_TRUE(editor.shown().node_of_type("image.load").empty());
}

TEST_F(OutsideViewer, OffersADroppedResultAsAPicture) {
  Editor& editor = open(quick_workflow());
  run(editor);
  ASSERT_FALSE(fs::is_empty(folder_ / "out"));
  const fs::path picture = fs::directory_iterator(folder_ / "out")->path();
  editor.drop_files({picture}, session_->on_canvas(0.5, 0.9));
  editor.wait_for("its workflow in a tab", [](const Shown& now) { return now.json().at("documents").size() == 2; });
  editor.click(editor.wait_for_item("Load as Picture").middle());
  editor.wait_for("the picture in the first tab", [](const Shown& now) {
    return now.json().at("documents").size() == 1 && now.document("name") == "quick" &&
        !now.node_of_type("image.load").empty();
  });
}

TEST_F(OutsideViewer, TakesAPictureOfTheGalleryByADrag) {
  Editor& editor = open(quick_workflow());
  run(editor);
  editor.drag(editor.wait_for_item("##picture", "Gallery").middle(), session_->on_canvas(0.5, 0.9));
  editor.wait_for("a Load Image with it", [](const Shown& now) {
    const std::string node = now.node_of_type("image.load");
    return !node.empty() && now.node_json(node).value("picture", false);
  });
}

// The start page, and the end.

TEST_F(OutsideViewer, LeavesNothingOfAFileThatIsClosed) {
  Editor& editor = open(quick_workflow());
  EXPECT_THAT(editor.title(), HasSubstr("quick"));
  editor.key("ctrl+w");
  editor.wait_for("the start page", [](const Shown& now) { return now.json().at("documents").empty(); });
  editor.wait_until_still();
  EXPECT_EQ(editor.title(), "Weft");
}

TEST_F(OutsideViewer, SavesAllAndQuits) {
  Editor& editor = open(quick_workflow());
  const Box field = editor.shown().field("sampler", "steps");
  editor.drag(field.middle(), {field.middle().x + 60, field.middle().y});
  editor.wait_for("a change", [](const Shown& now) { return now.document("dirty") == true; });
  const int steps = editor.wait_until_still().value("sampler", "steps");
  editor.key("ctrl+q");
  editor.click(editor.wait_for_item("Save All").middle());
  EXPECT_EQ(editor.wait_for_end(), 0) << editor.said();
  const json saved = json::parse(std::ifstream(folder_ / "quick.json"));
  EXPECT_EQ(saved.at("nodes").at("sampler").at("inputs").at("steps"), steps);
}

}  // namespace
}  // namespace weft::editor::outside
