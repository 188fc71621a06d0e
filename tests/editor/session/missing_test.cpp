// What a workflow names and is not there, what problems say, and the gestures that do away with them.
#include "editor/session/missing.h"

#include <gmock/gmock.h>

#include "editor/session/remedies.h"
#include "graph/validate.h"
#include "tests/graph/sketch_nodes.h"

namespace weft::editor {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kForeign = R"({
  "weft": 1,
  "nodes": {
    "load": {"type": "model.load", "inputs": {"name": "sd15.safetensors"}},
    "lora": {"type": "comfyui.LoraLoader", "inputs": {"model": {"link": "load.model"}, "clip": {"link": "load.clip"}, "lora_name": "x"}},
    "lora 2": {"type": "comfyui.LoraLoader", "inputs": {"model": {"link": "lora.MODEL"}, "clip": {"link": "lora.CLIP"}}},
    "words": {"type": "text.encode", "inputs": {"clip": {"link": "lora 2.CLIP"}}},
    "sample": {"type": "sample.image", "inputs": {"model": {"link": "lora 2.MODEL"}, "words": {"link": "words.words"}}},
    "save": {"type": "image.save", "inputs": {"image": {"link": "sample.image"}}},
    "deep": {"type": "subgraph:inner"}
  },
  "subgraphs": {"inner": {"nodes": {"odd": {"type": "comfyui.LoraLoader"}}, "interface": {}}}
})";

class WhatIsMissing : public testing::Test {
 protected:
  std::vector<Problem> problems() const { return validate(document.workflow(), registry); }
  std::vector<Missing> missing() const { return what_is_missing(document, registry, problems()); }
  Spot spot(const std::string& node, const std::string& port = {}) const { return {{}, node, port}; }

  Registry registry = sketch::registry();
  Document document{parse_workflow(kForeign)};
};

TEST_F(WhatIsMissing, IsListedOnceWithAllItsPlaces) {
  const std::vector<Missing> found = missing();
  ASSERT_THAT(found, SizeIs(1));
  EXPECT_EQ(found[0].name, "comfyui.LoraLoader");
  EXPECT_EQ(found[0].title, "LoraLoader");
  EXPECT_THAT(found[0].spots, ElementsAre(spot("lora"), spot("lora 2"), Spot{"inner", "odd", {}}));
}

TEST_F(WhatIsMissing, HoldsModelsThatARunDoesNotFind) {
  const std::vector<Problem> found{{"load", "name", "there is no model 'sd15.safetensors' in 'checkpoints'", "..."}};
  const std::vector<Missing> models = what_is_missing(document, registry, found);
  ASSERT_THAT(models, SizeIs(1));
  EXPECT_EQ(models[0].kind, Missing::Kind::Model);
  EXPECT_EQ(models[0].folder, "checkpoints");
  set_all(document, models[0].spots, "paper-cut");
  EXPECT_EQ(std::get<Literal>(document.graph().node("load").inputs.at("name")), "paper-cut");
}

TEST_F(WhatIsMissing, IsBypassedEverywhereAsOneStep) {
  bypass_all(document, missing()[0].spots);
  EXPECT_THAT(missing(), IsEmpty());
  EXPECT_EQ(document.workflow().subgraphs.at("inner").graph.node("odd").state, NodeState::Bypassed);
  document.undo();
  EXPECT_EQ(document.workflow(), parse_workflow(kForeign));
}

TEST_F(WhatIsMissing, IsReplacedWithItsLinksByName) {
  Workflow workflow = parse_workflow(R"({"weft": 1, "nodes": {
    "load": {"type": "model.load", "inputs": {"name": "a"}},
    "words": {"type": "other.encode", "inputs": {"encoder": {"link": "load.clip"}, "text": "a fox", "size": 3}},
    "sample": {"type": "sample.image", "inputs": {"model": {"link": "load.model"}, "words": {"link": "words.out"}}}}})");
  Document other(std::move(workflow));
  replace_all(other, registry, {{{}, "words", {}}}, "text.encode");
  const GraphNode& node = other.graph().node("words");
  EXPECT_EQ(node.type, "text.encode");
  EXPECT_EQ(std::get<Links>(node.inputs.at("clip")), Links({{"load", "clip"}}));
  EXPECT_EQ(std::get<Literal>(node.inputs.at("text")), "a fox");
  EXPECT_FALSE(node.inputs.contains("size") || node.inputs.contains("encoder"));
  EXPECT_EQ(std::get<Links>(other.graph().node("sample").inputs.at("words")), Links({{"words", "words"}}));
  EXPECT_EQ(other.position(), 1u);
}

TEST_F(WhatIsMissing, LosesLinksForWhichTheNewTypeHasNoPort) {
  replace_all(document, registry, {spot("lora"), spot("lora 2")}, "model.load");
  EXPECT_THAT(document.graph().node("lora 2").inputs, IsEmpty());
  EXPECT_EQ(std::get<Links>(document.graph().node("words").inputs.at("clip")), Links({{"lora 2", "clip"}}));
  document.undo();
  EXPECT_EQ(document.workflow(), parse_workflow(kForeign));
}

TEST_F(WhatIsMissing, TypesThatTakeAndGiveTheSameComeFirst) {
  Workflow workflow = parse_workflow(R"({"weft": 1, "nodes": {
    "load": {"type": "model.load", "inputs": {"name": "a"}},
    "words": {"type": "other.encode", "inputs": {"encoder": {"link": "load.clip"}}},
    "sample": {"type": "sample.image", "inputs": {"words": {"link": "words.out"}}}}})");
  const Document other(std::move(workflow));
  EXPECT_EQ(types_like(other, registry, {{}, "words", {}}).front()->id, "text.encode");
}

class Problems : public testing::Test {
 protected:
  ToldProblem tell_of(const std::string& node, const std::string& port) {
    for (const Problem& problem : validate(document.workflow(), registry))
      if (problem.node == node && problem.port == port) return tell(document, registry, problem);
    ADD_FAILURE() << "there is no such problem";
    return {};
  }

  Registry registry = sketch::registry();
  Document document{parse_workflow(R"({"weft": 1, "nodes": {
    "load": {"type": "model.load"},
    "words": {"type": "text.encode"},
    "sample": {"type": "sample.image", "inputs": {"model": {"link": "load.model"}, "words": {"link": "words.words"}}},
    "save": {"type": "image.save", "inputs": {"image": {"link": "sample.image"}}}}})")};
};

TEST_F(Problems, SayTheTitleAndOfferTheLinkThatIsMissing) {
  const ToldProblem told = tell_of("words", "clip");
  EXPECT_EQ(told.title, "Encode Text");
  ASSERT_THAT(told.remedies, SizeIs(1));
  EXPECT_EQ(told.remedies[0].text, "Link model.load.CLIP");
  make_link(document, registry, *told.spot, *told.remedies[0].link);
  EXPECT_EQ(std::get<Links>(document.graph().node("words").inputs.at("clip")), Links({{"load", "clip"}}));
}

TEST_F(Problems, OfferANodeWhereNothingFits) {
  document.apply("Delete", {RemoveNode{"load"}});
  const ToldProblem told = tell_of("words", "clip");
  ASSERT_THAT(told.remedies, SizeIs(1));
  EXPECT_EQ(told.remedies[0].kind, Remedy::Kind::AddNode);
}

TEST_F(Problems, AskForAModelInWordsOfTheUser) {
  const ToldProblem told = tell_of("load", "name");
  EXPECT_EQ(told.what, "no model is chosen");
  ASSERT_FALSE(told.remedies.empty());
  EXPECT_EQ(told.remedies[0].kind, Remedy::Kind::ChooseModel);
}

TEST_F(Problems, AreToldOnceWhoeverFoundThem) {
  const std::vector<Problem> found = validate(document.workflow(), registry);
  std::vector<Problem> failed = found;
  failed.push_back({"sample", "", "the disk is full", ""});
  const std::vector<ToldProblem> all = tell_all(document, registry, failed, found);
  EXPECT_EQ(all.size(), found.size() + 1);
  EXPECT_TRUE(all[0].failed);
  EXPECT_EQ(all[0].what, "the disk is full");
}

}  // namespace
}  // namespace weft::editor
