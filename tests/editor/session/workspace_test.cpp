#include "editor/session/workspace.h"

#include <gmock/gmock.h>

#include <fstream>
#include <thread>

#include "editor/session/gestures.h"
#include "editor/session/node_way.h"
#include "tests/graph/sketch_nodes.h"
#include "tests/temporary_folder.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Workspaces : public testing::Test {
 protected:
  WorkspaceOptions options() const {
    return {.environment = [](const std::filesystem::path&) { return RunEnvironment(); },
        .examples_folder = folder / "examples"};
  }
  void edit(const OpenDocument& each) {
    set_param(*each.document, "sample", "steps", 30);
    each.document->end_gesture();
  }
  OpenDocument& open() { return workspace->add(std::make_unique<Document>(parse_workflow(sketch::kWorkflow))); }
  void check() {
    for (int i = 0; i < 2000 && (i == 0 || !workspace->all_checked()); ++i) {
      workspace->check();
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }

  TemporaryFolder folder;
  Registry registry = sketch::registry();
  std::optional<Workspace> workspace{std::in_place, registry, options()};
};

TEST_F(Workspaces, CheckWhatHasChanged) {
  OpenDocument& each = open();
  EXPECT_FALSE(each.checked());
  check();
  EXPECT_TRUE(each.checked());
  const std::size_t before = each.problems.size();
  set_param(*each.document, "sample", "cfg", "much");
  each.document->end_gesture();
  EXPECT_FALSE(workspace->all_checked());
  check();
  EXPECT_EQ(each.problems.size(), before + 1);
}

TEST_F(Workspaces, OpenAnyFileThatHoldsAWorkflow) {
  std::ofstream(folder / "own.json") << sketch::kWorkflow;
  std::ofstream(folder / "api.json") << R"({"3": {"class_type": "KSampler", "inputs": {"odd": 1}}})";
  std::ofstream(folder / "cats.json") << "{\"cats\": 3}";
  const Workspace::Opened own = workspace->open(folder / "own.json");
  EXPECT_TRUE(own.own_file);
  EXPECT_TRUE(own.open.tells_missing);
  EXPECT_EQ(own.open.document->file(), folder / "own.json");
  EXPECT_EQ(workspace->find(folder / "own.json"), &own.open);
  const Workspace::Opened foreign = workspace->open(folder / "api.json");
  EXPECT_FALSE(foreign.own_file);
  EXPECT_FALSE(foreign.remarks.empty());
  EXPECT_TRUE(foreign.open.document->file().empty());
  EXPECT_EQ(workspace->find(folder / "api.json"), nullptr);
  EXPECT_THROW(workspace->open(folder / "cats.json"), GraphError);
  EXPECT_THROW(workspace->open(folder / "none.json"), GraphError);
  EXPECT_TRUE(workspace->open_copy(folder / "own.json").document->file().empty());
  EXPECT_EQ(workspace->documents().size(), 3u);
}

TEST_F(Workspaces, OfferNothingThatWasClosedOrSaved) {
  workspace->open_journal(folder / "sessions");
  OpenDocument &closed = open(), &saved = open(), &neither = open();
  for (const OpenDocument* each : {&closed, &saved, &neither}) edit(*each);
  EXPECT_TRUE(workspace->any_dirty());
  workspace->record();
  workspace->journal()->flush();
  workspace->save_as(*saved.document, folder / "saved.json");
  workspace->close(closed.document->id());
  EXPECT_EQ(workspace->documents().size(), 2u);
  workspace.reset();
  EXPECT_EQ(Journal(folder / "sessions").recoverable().size(), 1u);
}

TEST_F(Workspaces, OfferNothingThatWasGivenUp) {
  workspace->open_journal(folder / "sessions");
  edit(open());
  workspace->record();
  workspace->give_up_unsaved();
  workspace.reset();
  EXPECT_THAT(Journal(folder / "sessions").recoverable(), IsEmpty());
}

TEST_F(Workspaces, ProposeToSaveACopyOfAnExampleElsewhere) {
  const Document example(Workflow(), folder / "examples/paint.json"), own(Workflow(), folder / "mine/paint.json");
  EXPECT_EQ(workspace->proposed_file(example), std::filesystem::current_path() / "paint.json");
  EXPECT_EQ(workspace->proposed_file(own), folder / "mine/paint.json");
}

TEST(WaysToNodes, LeadThroughInstances) {
  Workflow workflow = parse_workflow(sketch::kWorkflow);
  workflow.subgraphs["inner"].graph.add({.id = "grid", .type = "image.grid"});
  workflow.subgraphs["outer"].graph.add({.id = "deep", .type = "subgraph:inner"});
  workflow.graph.add({.id = "top", .type = "subgraph:outer"});
  EXPECT_THAT(way_to(workflow, "sample")->instances, IsEmpty());
  EXPECT_THAT(way_to(workflow, "top/deep/grid")->instances, ElementsAre("top", "deep"));
  EXPECT_THAT(way_to(workflow, "subgraph:inner/grid")->instances, ElementsAre("top", "deep"));
  EXPECT_EQ(way_to(workflow, "subgraph:inner/grid")->node, "grid");
  EXPECT_FALSE(way_to(workflow, "subgraph:nowhere/grid"));
}

}  // namespace
}  // namespace weft::editor
