#include "editor/session/document.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>

#include "editor/session/gestures.h"
#include "tests/graph/sketch_nodes.h"
#include "tests/temporary_folder.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Documents : public testing::Test {
 protected:
  std::string text() const { return to_text(document.workflow()); }

  Registry registry = sketch::registry();
  Document document{parse_workflow(sketch::kWorkflow)};
  TemporaryFolder folder;
};

TEST_F(Documents, UndoAndRedoEachGestureByItsName) {
  set_param(document, "sample", "steps", 30);
  rename(document, "words", "positive");
  EXPECT_THAT(document.step_names(), ElementsAre("Change steps", "Rename words to positive"));
  EXPECT_TRUE(document.undo());
  EXPECT_TRUE(document.undo());
  EXPECT_FALSE(document.undo());
  EXPECT_EQ(text(), sketch::kWorkflow);
  document.go_to(2);
  EXPECT_TRUE(document.graph().contains("positive"));
}

TEST_F(Documents, MakeNoStepOfAChangeThatChangesNothing) {
  const auto revision = document.revision();
  set_param(document, "sample", "seed", 18446744073709551615u);
  set_title(document, "sample", "");
  rename(document, "words", "words");
  set_interface(document, "Interface", document.workflow().interface);
  EXPECT_THAT(document.step_names(), IsEmpty());
  EXPECT_EQ(document.revision(), revision);
}

TEST_F(Documents, KeepWhatWasUndoneWhenNothingChanges) {
  set_param(document, "sample", "steps", 30);
  document.undo();
  set_title(document, "sample", "");
  EXPECT_TRUE(document.redo());
}

TEST_F(Documents, MakeOneStepOfADrag) {
  for (int steps = 21; steps < 40; ++steps) set_param(document, "sample", "steps", steps);
  document.end_gesture();
  set_param(document, "sample", "steps", 50);
  EXPECT_THAT(document.step_names(), ElementsAre("Change steps", "Change steps"));
  document.undo();
  EXPECT_EQ(std::get<Literal>(document.graph().node("sample").inputs.at("steps")), 39);
  document.undo();
  EXPECT_EQ(text(), sketch::kWorkflow);
}

TEST_F(Documents, MakeNoStepOfADragThatComesBack) {
  set_param(document, "sample", "seed", 1);
  EXPECT_EQ(document.position(), 1u);
  set_param(document, "sample", "seed", 18446744073709551615u);
  EXPECT_THAT(document.step_names(), IsEmpty());
  EXPECT_EQ(text(), sketch::kWorkflow);
  set_param(document, "sample", "seed", 2);  // and goes on
  EXPECT_THAT(document.step_names(), ElementsAre("Change seed"));
  document.undo();
  EXPECT_EQ(text(), sketch::kWorkflow);
}

TEST_F(Documents, DoNotMergeWithADragOfBefore) {
  set_param(document, "sample", "seed", 1);
  document.end_gesture();
  set_param(document, "sample", "seed", 2);
  set_param(document, "sample", "seed", 1);  // back at where this drag began
  EXPECT_THAT(document.step_names(), ElementsAre("Change seed"));
  set_param(document, "sample", "seed", 3);
  document.undo();
  EXPECT_EQ(std::get<Literal>(document.graph().node("sample").inputs.at("seed")), 1);
}

TEST_F(Documents, StayAsTheyAreWhenAStepOfADragIsRefused) {
  document.apply("Drag", {{SetTitle{"sample", "A"}}}, "drag");
  EXPECT_THROW(document.apply("Drag", {{SetTitle{"sample", "B"}, SetTitle{"ghost", "B"}}}, "drag"), GraphError);
  EXPECT_EQ(document.graph().node("sample").title, "A");
  document.undo();
  EXPECT_EQ(text(), sketch::kWorkflow);
}

TEST_F(Documents, LeaveOutOfTheSelectionWhatUndoTakesAway) {
  const std::string id = add_node(document, registry, "image.grid", {10, 20});
  EXPECT_THAT(document.selection().nodes, ElementsAre(id));
  document.undo();
  EXPECT_TRUE(document.selection().empty());
}

TEST_F(Documents, AreDirtyAsLongAsTheyDifferFromTheirFile) {
  EXPECT_FALSE(document.dirty());
  set_param(document, "sample", "steps", 30);
  EXPECT_TRUE(document.dirty());
  document.save_as(folder / "a.json");
  EXPECT_FALSE(document.dirty());
  document.undo();
  EXPECT_TRUE(document.dirty());
  document.redo();
  EXPECT_FALSE(document.dirty());
  document.undo();
  set_param(document, "sample", "steps", 40);  // what was saved cannot be reached any more
  EXPECT_TRUE(document.dirty());
  document.undo();
  EXPECT_TRUE(document.dirty());
}

TEST_F(Documents, DoNotMergeAcrossASave) {
  set_param(document, "sample", "steps", 30);
  document.save_as(folder / "a.json");
  set_param(document, "sample", "steps", 31);
  EXPECT_TRUE(document.dirty());
  document.undo();
  EXPECT_FALSE(document.dirty());
}

TEST_F(Documents, SaveAndOpenTheSameBytes) {
  document.save_as(folder / "a.json");
  EXPECT_EQ(read_text_file(folder / "a.json"), sketch::kWorkflow);
  const auto again = Document::open(folder / "a.json", registry);
  EXPECT_EQ(to_text(again->workflow()), sketch::kWorkflow);
  EXPECT_EQ(again->name(), "a");
  EXPECT_FALSE(again->dirty());
}

TEST_F(Documents, CannotBeSavedWithoutAName) {
  EXPECT_THROW(document.save(), GraphError);
  EXPECT_EQ(document.name(), "Untitled");
}

TEST_F(Documents, NameFilesInTheirFolderFromThereOn) {
  EXPECT_EQ(document.name_of_file(folder / "boat.png"), (folder / "boat.png").string())
      << "nobody knows where it will be";
  document.save_as(folder / "graph.json");
  EXPECT_EQ(document.name_of_file(folder / "boat.png"), "boat.png");
  EXPECT_EQ(document.name_of_file(folder / "input/../masks/hole.png"), "masks/hole.png");
  EXPECT_EQ(document.name_of_file("/elsewhere/boat.png"), "/elsewhere/boat.png");
  const std::filesystem::path beside = folder.path().string() + "-2/boat.png";
  EXPECT_EQ(document.name_of_file(beside), beside.string());
}

TEST_F(Documents, BringOldNamesUpToDateWhenOpened) {
  write_text_file(
      folder / "old.json", R"({"weft": 1, "nodes": {"a": {"type": "loader.checkpoint", "inputs": {"name": "x"}}}})");
  const auto old = Document::open(folder / "old.json", registry);
  EXPECT_EQ(old->graph().node("a").type, "model.load");
}

TEST_F(Documents, SayWhatIsWrongWithADamagedFile) {
  write_text_file(folder / "damaged.json", "{\"weft\": 1, \"nodes\": {");
  try {
    Document::open(folder / "damaged.json", registry);
    FAIL() << "it was opened";
  } catch (const GraphError& error) {
    EXPECT_THAT(error.what(), HasSubstr("line 1"));
  }
  EXPECT_THROW(Document::open(folder / "none.json", registry), GraphError);
}

TEST_F(Documents, RefuseAPipeAndAFileOfManyGigabytes) {
  ASSERT_EQ(::mkfifo((folder / "pipe.json").c_str(), 0600), 0);
  EXPECT_THROW(Document::open(folder / "pipe.json", registry), GraphError);
  write_text_file(folder / "huge.json", "{");
  std::filesystem::resize_file(folder / "huge.json", std::uintmax_t{100} << 30);  // which takes no place on the disk
  EXPECT_THROW(Document::open(folder / "huge.json", registry), GraphError);
  document.save_as(folder / "a.json");
  std::filesystem::rename(folder / "huge.json", folder / "a.json");
  EXPECT_EQ(document.on_disk(), Document::OnDisk::Changed);
}

TEST_F(Documents, NoticeThatSomebodyElseHasWrittenTheFile) {
  document.save_as(folder / "a.json");
  EXPECT_EQ(document.on_disk(), Document::OnDisk::Same);
  write_text_file(folder / "a.json", R"({"weft": 1, "nodes": {}})");
  EXPECT_EQ(document.on_disk(), Document::OnDisk::Changed);
  document.keep_mine();
  EXPECT_EQ(document.on_disk(), Document::OnDisk::Same);
  EXPECT_TRUE(document.dirty());
  std::filesystem::remove(folder / "a.json");
  EXPECT_EQ(document.on_disk(), Document::OnDisk::Vanished);
}

TEST_F(Documents, DoNotMindAFileThatWasOnlyTouched) {
  document.save_as(folder / "a.json");
  std::filesystem::last_write_time(
      folder / "a.json", std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_EQ(document.on_disk(), Document::OnDisk::Same);
}

TEST_F(Documents, TakeWhatIsOnDiskAsOneStep) {
  document.save_as(folder / "a.json");
  set_param(document, "sample", "steps", 30);
  const std::string mine = text();
  const std::string theirs = R"({
  "weft": 1,
  "nodes": {
    "save": {"type": "image.save", "inputs": {"image": {"link": "load.model"}}, "ui": {"x": 300, "y": 0}},
    "load": {"type": "model.load", "ui": {"x": 0, "y": 0}}
  },
  "author": "somebody"
}
)";
  write_text_file(folder / "a.json", theirs);
  document.reload(registry);
  EXPECT_EQ(text(), to_text(parse_workflow(theirs)));
  EXPECT_FALSE(document.dirty());
  document.undo();
  EXPECT_EQ(text(), mine);
  EXPECT_TRUE(document.dirty());
}

TEST_F(Documents, AreUnchangedIfWhatIsOnDiskCannotBeRead) {
  document.save_as(folder / "a.json");
  write_text_file(folder / "a.json", "?");
  EXPECT_THROW(document.reload(registry), GraphError);
  EXPECT_EQ(text(), sketch::kWorkflow);
}

TEST_F(Documents, KeepTheOldFileWhenTheDiskIsFull) {
  document.save_as(folder / "a.json");
  set_param(document, "words", "text", std::string(10000, 'x'));
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 4096, .rlim_max = old.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_THROW(document.save(), GraphError);
  ::setrlimit(RLIMIT_FSIZE, &old);
  EXPECT_EQ(read_text_file(folder / "a.json"), sketch::kWorkflow);
  EXPECT_TRUE(document.dirty());
  document.save();
  EXPECT_FALSE(document.dirty());
}

TEST_F(Documents, OfTenThousandNodesOpenAndAnswerAtOnce) {
  Workflow large;
  std::vector<GraphNode> nodes;
  for (int i = 0; i < 10000; ++i) {
    GraphNode node{
        .id = "n" + std::to_string(i), .type = "image.grid", .ui = {{"x", i % 100 * 300}, {"y", i / 100 * 200}}};
    if (i > 0)
      node.inputs["images"] = Links{{"n" + std::to_string(i / 2), "image"}, {"n" + std::to_string(i - 1), "image"}};
    nodes.push_back(std::move(node));
  }
  large.graph.add_all(std::move(nodes));
  save_workflow(large, folder / "large.json");

  const auto start = std::chrono::steady_clock::now();
  const auto opened = Document::open(folder / "large.json", registry);
  const auto open = std::chrono::steady_clock::now() - start;
  set_title(*opened, "n5", "five");
  set_title(*opened, "n5", "six");
  const auto edited = std::chrono::steady_clock::now() - start - open;
  EXPECT_EQ(opened->graph().size(), 10000u);
  EXPECT_LT(open, std::chrono::seconds(5));
  EXPECT_LT(edited, std::chrono::seconds(1));
}

}  // namespace
}  // namespace weft::editor
