#include "runs/run_changes.h"

#include <gmock/gmock.h>

#include "graph/subgraph_edits.h"
#include "runs/expected_time.h"
#include "runs/job_differences.h"
#include "runs/run_state.h"
#include "runs/seeds.h"
#include "tests/graph/sketch_nodes.h"

namespace weft::runs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RunChanges : public testing::Test {
 protected:
  Addresses changed() const { return changed_nodes(then, now, registry); }
  std::vector<std::string> differences() const { return job_differences(then, now, registry); }
  void set(const std::string& node, const std::string& port, const Literal& value) {
    now.graph.set_input(node, port, value);
  }
  void run() { then = now; }
  void undo() { now = then; }

  Registry registry = sketch::registry();
  Workflow now = parse_workflow(sketch::kWorkflow);
  Workflow then = now;
};

TEST_F(RunChanges, AreTheNodeAndWhatDependsOnIt) {
  EXPECT_THAT(changed(), IsEmpty());
  set("sample", "steps", 30);
  EXPECT_THAT(changed(), ElementsAre("sample", "save"));
  set("sample", "steps", 20);
  EXPECT_THAT(changed(), IsEmpty()) << "it is the default";
}

TEST_F(RunChanges, AreNoneWhereOnlyTheLooksDiffer) {
  now.graph.set_ui("sample", {{"x", 10}, {"y", 20}});
  now.graph.set_title("words", "What to draw");
  EXPECT_THAT(changed(), IsEmpty());
}

TEST_F(RunChanges, CountLinksStatesAndNewNodes) {
  now.graph.clear_input("words", "clip");
  EXPECT_THAT(changed(), ElementsAre("sample", "save", "words"));
  undo();
  now.graph.set_state("sample", NodeState::Muted);
  EXPECT_THAT(changed(), ElementsAre("sample", "save"));
  EXPECT_THAT(changed_nodes({}, now, registry), testing::SizeIs(4)) << "and what is new has no results";
}

TEST_F(RunChanges, LeaveOutSeedsThatAreDrawnAnew) {
  const auto mode = [&](SeedMode mode) {
    now.graph.set_ui("sample", with_seed_mode(now.graph.node("sample"), "seed", mode));
  };
  mode(SeedMode::Random);
  run();
  draw_seeds(then, registry, {}, [] { return 77u; });
  EXPECT_THAT(changed(), IsEmpty());
  mode(SeedMode::Fixed);
  set("sample", "seed", 77);
  EXPECT_THAT(changed(), IsEmpty()) << "it is the seed that was used";
  set("sample", "seed", 78);
  EXPECT_THAT(changed(), ElementsAre("sample", "save"));
}

TEST_F(RunChanges, LookIntoSubgraphs) {
  weft::apply(now, make_subgraph(now, "", {"sample", "words"}, "Paint", "paint"));
  run();
  now.subgraphs.at("Paint").graph.set_input("sample", "steps", 30);
  EXPECT_THAT(changed(), ElementsAre("paint", "paint/sample", "save"));
  undo();
  set("load", "name", "large");
  EXPECT_THAT(changed(), ElementsAre("load", "paint", "paint/sample", "paint/words", "save"));
}

TEST_F(RunChanges, AreToldInAFewWords) {
  set("sample", "cfg", 7.5);
  set("sample", "seed", 12);
  set("words", "text", "a boat with a very long name, at sea");
  EXPECT_THAT(differences(), ElementsAre("Text a boat with a very long \u2026", "CFG 7.5", "Seed 12"));
  run();
  now.graph.add({.id = "grid", .type = "image.grid"});
  now.graph.set_state("words", NodeState::Bypassed);
  now.interface = {};
  now.graph.remove("save");
  EXPECT_THAT(differences(), ElementsAre("Encode Text bypassed", "+ image.grid", "\u2212 image.save"));
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
}  // namespace weft::runs
