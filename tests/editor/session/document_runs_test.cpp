// A document as the owner of runs.
#include "editor/session/document_runs.h"

#include <gmock/gmock.h>

#include "editor/session/gestures.h"
#include "tests/graph/sketch_nodes.h"

namespace weft::editor {
namespace {

using State = runs::NodeRun::State;

class DocumentRuns : public testing::Test {
 protected:
  Registry registry = sketch::registry();
  Document document{parse_workflow(sketch::kWorkflow)};
};

TEST_F(DocumentRuns, AreAskedForWithTheDocumentsNameAndFolder) {
  const runs::JobRequest request = run_of(document, {"words", "sample"});
  EXPECT_EQ(request.owner, document.id());
  EXPECT_EQ(request.title, "Untitled: words, sample");
  EXPECT_EQ(request.folder, std::filesystem::current_path());
  EXPECT_EQ(request.workflow, document.workflow());
  EXPECT_EQ(sweep_run_of(document).title, "Untitled: sweep");
}

TEST_F(DocumentRuns, OfAnInstanceAreWhatItsNodesDo) {
  make_subgraph(document, registry, {"words", "sample"}, "draw");
  runs::OwnerRun run;
  run.nodes["draw/words"].state = State::Done;
  run.nodes["draw/words"].seconds = 1;
  run.nodes["draw/sample"].state = State::Running;
  run.nodes["draw/sample"].seconds = 2;
  run.nodes["drawing"].state = State::Failed;
  const std::optional<runs::NodeRun> whole = node_run(run, document, "draw");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->state, State::Running);
  EXPECT_EQ(whole->seconds, 3);
  EXPECT_FALSE(node_run(run, document, "save"));
  document.enter("draw");
  EXPECT_EQ(node_run(run, document, "words")->state, State::Done);
}

TEST_F(DocumentRuns, AreJudgedOncePerRevision) {
  StaleResults stale;
  const auto then = std::make_shared<const Workflow>(document.workflow());
  EXPECT_FALSE(stale.is_stale(document, registry, nullptr, "sample"));
  EXPECT_FALSE(stale.is_stale(document, registry, then, "sample"));
  set_param(document, "sample", "cfg", 9);
  EXPECT_TRUE(stale.is_stale(document, registry, then, "sample"));
  EXPECT_FALSE(stale.is_stale(document, registry, then, "words"));
  document.undo();
  EXPECT_FALSE(stale.is_stale(document, registry, then, "sample")) << "what was undone is as it was";
}

}  // namespace
}  // namespace weft::editor
