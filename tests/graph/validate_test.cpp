#include "graph/validate.h"

#include <gmock/gmock.h>

#include "tests/graph/sketch_nodes.h"

namespace weft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Validation : public testing::Test {
 protected:
  std::vector<std::string> problems(const std::vector<std::string>& wanted = {}) const {
    std::vector<std::string> texts;
    for (const Problem& problem : validate(workflow, registry, wanted)) texts.push_back(problem.text());
    return texts;
  }

  Registry registry = sketch::registry();
  Workflow workflow = parse_workflow(sketch::kWorkflow);
  Graph& graph = workflow.graph;
};

TEST_F(Validation, FindsNothingWrongWithAWholeWorkflow) { EXPECT_THAT(problems(), IsEmpty()); }

TEST_F(Validation, FindsAnUnknownNodeTypeAndWhatWasMeant) {
  graph.add({.id = "blur", .type = "image.gird"});
  EXPECT_THAT(problems(),
      ElementsAre("node \"blur\": no plugin brings the node type 'image.gird': did you mean 'image.grid'? "
                  "Else install the plugin that brings it"));
}

TEST_F(Validation, AllowsLinksOfAnUnknownNodeType) {
  graph.add({.id = "blur", .type = "my.blur", .inputs = {{"image", Links{{"sample", "image"}}}}});
  graph.set_input("save", "image", Links{{"blur", "whatever"}});
  EXPECT_THAT(problems(),
      ElementsAre(HasSubstr("node \"blur\": no plugin brings the node type 'my.blur': install the plugin")));
}

TEST_F(Validation, FindsAnUnknownPortAndWhatWasMeant) {
  graph.set_input("sample", "stpes", 5);
  EXPECT_THAT(problems(),
      ElementsAre("node \"sample\", port \"stpes\": 'sample.image' has no input of this "
                  "name: did you mean 'steps'?"));
}

TEST_F(Validation, FindsAnUnknownOutputAndWhatWasMeant) {
  graph.set_input("sample", "model", Links{{"load", "modl"}});
  EXPECT_THAT(
      problems(), ElementsAre("node \"sample\", port \"model\": 'load' has no output 'modl': did you mean 'model'?"));
}

TEST_F(Validation, FindsALinkOfTheWrongTypeAndWhatFits) {
  graph.set_input("sample", "model", Links{{"load", "clip"}});
  EXPECT_THAT(problems(),
      ElementsAre("node \"sample\", port \"model\": 'load.clip' is of type 'clip', the input takes 'model': "
                  "link an output of type 'model', such as 'load.model'"));
}

TEST_F(Validation, FindsAMissingInputAndWhatFits) {
  graph.clear_input("save", "image");
  EXPECT_THAT(problems(),
      ElementsAre("node \"save\", port \"image\": nothing is linked to this input: "
                  "link an output of type 'image', such as 'sample.image'"));
}

TEST_F(Validation, FindsAMissingParamThatHasNoDefault) {
  graph.set_input("load", "name", nullptr);
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("node \"load\", port \"name\": there is no value")));
}

TEST_F(Validation, FindsAValueOutOfRange) {
  graph.set_input("sample", "steps", 0);
  EXPECT_THAT(problems(),
      ElementsAre("node \"sample\", port \"steps\": the value is 0, the least is 1: give a value from 1 to 10000"));
}

TEST_F(Validation, FindsAValueThatIsNoChoice) {
  graph.set_input("sample", "sampler", "huen");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("did you mean 'heun'?")));
}

TEST_F(Validation, FindsAValueWhereALinkBelongs) {
  graph.set_input("sample", "model", nlohmann::json::array({"4", 0}));
  EXPECT_THAT(problems(),
      ElementsAre(
          HasSubstr("node \"sample\", port \"model\": a value stands here, the input takes a link of type 'model'")));
}

TEST_F(Validation, FindsTwoLinksOnAnInputForOne) {
  graph.set_input("save", "image", Links{{"sample", "image"}, {"sample", "image"}});
  EXPECT_THAT(
      problems(), ElementsAre("node \"save\", port \"image\": the input takes one link and has 2: keep one of them"));
}

TEST_F(Validation, TakesManyLinksWhereThePortDoes) {
  graph.add(
      {.id = "grid", .type = "image.grid", .inputs = {{"images", Links{{"sample", "image"}, {"sample", "image"}}}}});
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(Validation, TakesAnIntWhereAFloatIsWanted) {
  graph.add({.id = "grid", .type = "image.grid", .inputs = {{"images", Links{{"sample", "image"}}}}});
  graph.add({.id = "next",
      .type = "sample.image",
      .inputs = {{"model", Links{{"load", "model"}}}, {"words", Links{{"words", "words"}}},
          {"cfg", Links{{"grid", "count"}}}}});
  EXPECT_THAT(problems(), IsEmpty());
  graph.set_input("next", "tiled", Links{{"grid", "count"}});
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("'grid.count' is of type 'int', the input takes 'bool'")));
}

TEST_F(Validation, FindsInterfaceNamesThatLeadNowhere) {
  workflow.interface.inputs["size"] = {"latent", "width"};
  workflow.interface.inputs["prompt"] = {"words", "txet"};
  workflow.interface.outputs["picture"] = {"sample", "picture"};
  EXPECT_THAT(problems(),
      ElementsAre(HasSubstr("node \"words\", port \"txet\": the interface's input 'prompt' leads to this port, which "
                            "'text.encode' does not have: did you mean 'text'?"),
          HasSubstr("node \"latent\", port \"width\": the interface's input 'size' leads to this node, which "
                    "does not exist"),
          HasSubstr("node \"sample\", port \"picture\": the interface's output 'picture'")));
}

TEST_F(Validation, FindsEveryProblemAtOnce) {
  graph.set_input("sample", "steps", 0);
  graph.set_input("sample", "cfg", "high");
  graph.clear_input("sample", "words");
  graph.set_input("save", "name", 5);
  EXPECT_THAT(problems(), SizeIs(4));
}

TEST_F(Validation, FindsThatThereIsNothingToRun) {
  workflow = {};
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("there is nothing to run")));
}

TEST_F(Validation, FindsThatAWantedNodeDoesNotExist) {
  EXPECT_THAT(
      problems({"sav"}), ElementsAre("node \"sav\": this node is wanted, but does not exist: did you mean 'save'?"));
}

TEST_F(Validation, OfWantedNodesLeavesTheRestInPeace) {
  graph.add({.id = "other", .type = "who.knows"});
  graph.set_input("save", "name", 5);
  EXPECT_THAT(problems({"sample"}), IsEmpty());
  EXPECT_THAT(problems(), SizeIs(2));
}

TEST_F(Validation, OfAWholeFileDoesNotAskCompletenessOfWhatIsNotNeeded) {
  graph.add({.id = "spare", .type = "sample.image"});
  EXPECT_THAT(problems(), IsEmpty());
  graph.set_input("spare", "steps", 0);
  EXPECT_THAT(problems(), SizeIs(1));
}

TEST_F(Validation, TellsWhyALinkCannotBe) {
  const auto why = [&](const PortRef& source, const PortRef& target) {
    const auto problem = why_not_link(graph, registry, source, target);
    return problem ? problem->text() : "";
  };
  EXPECT_EQ(why({"load", "clip"}, {"words", "clip"}), "");
  EXPECT_THAT(why({"load", "model"}, {"words", "clip"}), HasSubstr("is of type 'model', the input takes 'clip'"));
  EXPECT_THAT(why({"load", "clap"}, {"words", "clip"}), HasSubstr("has no output 'clap'"));
  EXPECT_THAT(why({"load", "clip"}, {"words", "clap"}), HasSubstr("has no input of this name: did you mean 'clip'?"));
  EXPECT_THAT(why({"ghost", "clip"}, {"words", "clip"}), HasSubstr("node \"ghost\": there is no such node"));
  EXPECT_THAT(why({"sample", "image"}, {"sample", "start"}), HasSubstr("would make a cycle: sample -> sample"));
}

TEST_F(Validation, RunsTheInterfacesOutputsByDefault) {
  EXPECT_THAT(default_results(workflow, registry), ElementsAre("save"));
  workflow.interface.outputs = {{"a", {"sample", "image"}}, {"b", {"sample", ""}}, {"c", {"ghost", ""}}};
  EXPECT_THAT(default_results(workflow, registry), ElementsAre("sample"));
}

TEST_F(Validation, RunsResultNodesWithoutAnInterface) {
  workflow.interface = {};
  graph.add({.id = "preview", .type = "image.save", .inputs = {{"image", Links{{"sample", "image"}}}}});
  EXPECT_THAT(default_results(workflow, registry), ElementsAre("save", "preview"));
}

TEST_F(Validation, RunsWhatFeedsNothingWithoutResultNodes) {
  workflow.interface = {};
  graph.remove("save");
  EXPECT_THAT(default_results(workflow, registry), ElementsAre("sample"));
}

}  // namespace
}  // namespace weft
