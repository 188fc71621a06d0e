#include "editor/session/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/edit.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

Workflow two_nodes() {
  Workflow workflow;
  workflow.graph.add({.id = "load", .type = "x.load"});
  workflow.graph.add(
      {.id = "sampler", .type = "x.sample", .inputs = {{"steps", 20}, {"model", Links{{"load", "model"}}}}});
  return workflow;
}

Workflow with(Workflow workflow, const std::vector<Edit>& edits) {
  for (const Edit& edit : edits) apply(workflow, edit);
  return workflow;
}

TEST(Differences, AreNoneBetweenEqualWorkflows) { EXPECT_THAT(differences(two_nodes(), two_nodes()), IsEmpty()); }

TEST(Differences, NameValuesOnBothSides) {
  EXPECT_THAT(differences(two_nodes(), with(two_nodes(), {SetInput{"sampler", "steps", 30}})),
      ElementsAre("sampler.steps: 20 here, 30 in the file"));
  EXPECT_THAT(differences(two_nodes(), with(two_nodes(), {ClearInput{"sampler", "model"}})),
      ElementsAre("sampler.model: \u2190 load.model here, the default in the file"));
  EXPECT_THAT(differences(two_nodes(), with(two_nodes(), {SetInput{"sampler", "cfg", 7}})),
      ElementsAre("sampler.cfg: the default here, 7 in the file"));
}

TEST(Differences, NameNodesThatOneSideLacks) {
  const Workflow more = with(two_nodes(), {AddNode{{.id = "save", .type = "x.save"}}});
  EXPECT_THAT(differences(two_nodes(), more), ElementsAre("save: only in the file"));
  EXPECT_THAT(differences(more, two_nodes()), ElementsAre("save: only here"));
}

TEST(Differences, CountWhatOnlyLiesElsewhere) {
  const Workflow moved = with(two_nodes(), {SetUi{"load", {{"x", 5}}}, SetUi{"sampler", {{"x", 9}}}});
  EXPECT_THAT(differences(two_nodes(), moved), ElementsAre("2 nodes look or lie differently"));
}

TEST(Differences, TellStatesAndTitles) {
  const Workflow other = with(two_nodes(), {SetState{"load", NodeState::Muted}, SetTitle{"sampler", "Mine"}});
  EXPECT_THAT(differences(two_nodes(), other),
      UnorderedElementsAre("load: active here, muted in the file", "sampler:  here, Mine in the file"));
}

TEST(Differences, LookIntoDefinitions) {
  Workflow here = two_nodes(), there = two_nodes();
  here.subgraphs["up"].graph.add({.id = "in", .type = "x.scale", .inputs = {{"by", 2}}});
  there.subgraphs["up"].graph.add({.id = "in", .type = "x.scale", .inputs = {{"by", 4}}});
  there.subgraphs["more"] = {};
  EXPECT_THAT(differences(here, there),
      UnorderedElementsAre("subgraph:up/in.by: 2 here, 4 in the file", "subgraph:more: only in the file"));
}

TEST(Differences, CutLongTexts) {
  const Workflow other = with(two_nodes(), {SetInput{"sampler", "steps", std::string(1000, 'x')}});
  EXPECT_LT(differences(two_nodes(), other).at(0).size(), 200u);
}

}  // namespace
}  // namespace weft::editor
