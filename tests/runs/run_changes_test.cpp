#include "runs/run_changes.h"

#include <gmock/gmock.h>

#include "editor/session/gestures.h"
#include "runs/expected_time.h"
#include "runs/run_state.h"
#include "runs/seeds.h"
#include "tests/graph/sketch_nodes.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RunChanges : public testing::Test {
 protected:
  Ids changed() const { return changed_nodes(*then, document.workflow(), registry); }
  std::vector<std::string> differences() const { return job_differences(*then, document.workflow(), registry); }
  void set(const std::string& node, const std::string& port, const nlohmann::json& value) {
    set_param(document, node, port, value);
    document.end_gesture();
  }
  void run() { then = std::make_shared<const Workflow>(document.workflow()); }

  Registry registry = sketch::registry();
  Document document{parse_workflow(sketch::kWorkflow)};
  std::shared_ptr<const Workflow> then = std::make_shared<const Workflow>(document.workflow());
};

TEST_F(RunChanges, AreTheNodeAndWhatDependsOnIt) {
  EXPECT_THAT(changed(), IsEmpty());
  set("sample", "steps", 30);
  EXPECT_THAT(changed(), ElementsAre("sample", "save"));
  document.undo();
  EXPECT_THAT(changed(), IsEmpty()) << "what was undone is as it was";
}

TEST_F(RunChanges, AreNoneWhereOnlyTheLooksDiffer) {
  move(document, {.nodes = {{"sample", {10, 20}}}, .annotations = {}});
  set_title(document, "words", "What to draw");
  set("sample", "steps", 20);  // the default
  EXPECT_THAT(changed(), IsEmpty());
}

TEST_F(RunChanges, CountLinksStatesAndNewNodes) {
  disconnect(document, {{{"load", "clip"}, {"words", "clip"}}});
  EXPECT_THAT(changed(), ElementsAre("sample", "save", "words"));
  document.undo();
  set_state(document, {"sample"}, NodeState::Muted);
  EXPECT_THAT(changed(), ElementsAre("sample", "save"));
  document.undo();
  EXPECT_THAT(changed(), ElementsAre()) << "and what is new has no results";
  EXPECT_THAT(changed_nodes({}, document.workflow(), registry), testing::SizeIs(4));
}

TEST_F(RunChanges, LeaveOutSeedsThatAreDrawnAnew) {
  set_seed_mode(document, "sample", "seed", SeedMode::Random);
  Workflow drawn = document.workflow();
  draw_seeds(drawn, registry, {}, [] { return 77u; });
  then = std::make_shared<const Workflow>(drawn);
  EXPECT_THAT(changed(), IsEmpty());
  keep_seed(document, "sample", "seed", 77);
  EXPECT_THAT(changed(), IsEmpty()) << "it is the seed that was used";
  set("sample", "seed", 78);
  EXPECT_THAT(changed(), ElementsAre("sample", "save"));
}

TEST_F(RunChanges, LookIntoSubgraphs) {
  const std::string instance = make_subgraph(document, registry, {"sample", "words"}, "Paint");
  run();
  document.enter(instance);
  set("sample", "steps", 30);
  document.leave(0);
  EXPECT_THAT(changed(), ElementsAre(instance, instance + "/sample", "save"));
  document.undo();  // which leads back to where it was done
  document.leave(0);
  set("load", "name", "large");
  EXPECT_THAT(changed(), ElementsAre(instance, instance + "/sample", instance + "/words", "load", "save"));
}

TEST_F(RunChanges, AreWorkedOutOncePerRevision) {
  StaleResults stale;
  EXPECT_FALSE(stale.is_stale(document, registry, nullptr, "sample"));
  EXPECT_FALSE(stale.is_stale(document, registry, then, "sample"));
  set("sample", "cfg", 9);
  EXPECT_TRUE(stale.is_stale(document, registry, then, "sample"));
  EXPECT_FALSE(stale.is_stale(document, registry, then, "words"));
}

TEST_F(RunChanges, AreToldInAFewWords) {
  set("sample", "cfg", 7.5);
  set("sample", "seed", 12);
  set("words", "text", "a boat with a very long name, at sea");
  EXPECT_THAT(differences(), ElementsAre("Text a boat with a very long \u2026", "CFG 7.5", "Seed 12"));
  run();
  add_node(document, registry, "image.grid", {0, 0});
  remove(document, registry, {{"save"}, {}});
  EXPECT_THAT(differences(), ElementsAre("+ image.grid", "\u2212 image.save"));
}

TEST(PastTimes, GrowWithPixelsAndSteps) {
  Graph graph;
  graph.add({.id = "size", .type = "latent.empty", .inputs = {{"width", 512}, {"height", 512}}});
  graph.add({.id = "sample", .type = "sample", .inputs = {{"latent", Links{{"size", "latent"}}}, {"steps", 10}}});
  graph.add({.id = "decode", .type = "decode", .inputs = {{"latent", Links{{"sample", "latent"}}}}});
  PastTimes past;
  const auto expected = [&](const char* node) {
    return past.expected(graph.node(node).type, work_of(graph, graph.node(node)));
  };
  EXPECT_FALSE(expected("sample")) << "it has never run";
  for (const char* node : {"sample", "decode"}) past.note(node, work_of(graph, graph.node(node)), 2);
  EXPECT_EQ(expected("sample"), 2);
  graph.set_input("size", "width", 1024);
  graph.set_input("sample", "steps", 30);
  EXPECT_EQ(expected("sample"), 12);
  EXPECT_EQ(expected("decode"), 4);
  graph.set_input("size", "batch", 3);
  EXPECT_EQ(expected("decode"), 12);
  graph.clear_input("size", "width");
  EXPECT_FALSE(expected("decode")) << "nobody knows how large it is";
}

TEST(TimeLeft, IsUnknownOnceItIsOver) {
  using namespace std::chrono;
  const auto now = system_clock::now();
  Job job{.seconds_left = 3, .outlook_at = now};
  EXPECT_EQ(seconds_left(job, now + seconds(1)), 2);
  EXPECT_FALSE(seconds_left(job, now + seconds(4))) << "it takes longer than it did before";
  job.seconds_left.reset();
  EXPECT_FALSE(seconds_left(job, now));
}

}  // namespace
}  // namespace weft::editor
