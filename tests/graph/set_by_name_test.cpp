// What a caller sets from outside, and what old files are brought up to.
#include <gmock/gmock.h>

#include "graph/workflow.h"
#include "tests/graph/sketch_nodes.h"

namespace weft {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class SetByName : public testing::Test {
 protected:
  const Literal& set(const std::string& name, const std::string& text, const PortRef& port) {
    set_by_name(workflow, registry, name, text);
    return std::get<Literal>(workflow.graph.node(port.node).inputs.at(port.port));
  }

  std::string complaint(const std::string& name, const std::string& text) {
    try {
      set_by_name(workflow, registry, name, text);
      return "";
    } catch (const GraphError& error) {
      return error.what();
    }
  }

  Registry registry = sketch::registry();
  Workflow workflow = parse_workflow(sketch::kWorkflow);
};

TEST_F(SetByName, SetsAnInterfaceInput) { EXPECT_EQ(set("prompt", "a fox", {"words", "text"}), "a fox"); }

TEST_F(SetByName, SetsAParamOfANode) { EXPECT_EQ(set("sample.steps", "30", {"sample", "steps"}), 30); }

TEST_F(SetByName, ReadsTextAsItIs) { EXPECT_EQ(set("prompt", "42", {"words", "text"}), "42"); }

TEST_F(SetByName, ReadsSeedsWithAll64Bits) {
  EXPECT_EQ(set("seed", "18446744073709551615", {"sample", "seed"}), UINT64_MAX);
}

TEST_F(SetByName, ReadsNumbers) {
  EXPECT_EQ(set("sample.cfg", "7.5", {"sample", "cfg"}), 7.5);
  EXPECT_EQ(set("sample.cfg", "7", {"sample", "cfg"}), 7);
  EXPECT_EQ(set("sample.steps", "2e1", {"sample", "steps"}), 20.0);
}

TEST_F(SetByName, ReadsTrueAndFalseInSixWays) {
  for (const char* text : {"true", "on", "1", "ON"})
    EXPECT_EQ(set("sample.tiled", text, {"sample", "tiled"}), true) << text;
  for (const char* text : {"false", "off", "0"})
    EXPECT_EQ(set("sample.tiled", text, {"sample", "tiled"}), false) << text;
}

TEST_F(SetByName, ReplacesALink) {
  workflow.graph.add({.id = "grid", .type = "image.grid"});
  workflow.graph.set_input("sample", "steps", Links{{"grid", "count"}});
  EXPECT_EQ(set("sample.steps", "5", {"sample", "steps"}), 5);
}

TEST_F(SetByName, ReadsJsonWhereTheNodeIsUnknown) {
  workflow.graph.add({.id = "new", .type = "who.knows"});
  EXPECT_EQ(set("new.size", "[1, 2]", {"new", "size"}), nlohmann::json::array({1, 2}));
  EXPECT_EQ(set("new.name", "plain words", {"new", "name"}), "plain words");
}

TEST_F(SetByName, ListsWhatThereIsToSet) {
  EXPECT_THAT(complaint("promt", "x"),
      AllOf(HasSubstr("there is nothing named 'promt' to set: did you mean "
                      "'prompt'? there is: prompt, seed, load.name"),
          HasSubstr("sample.steps")));
  EXPECT_THAT(complaint("sample.stpes", "1"), HasSubstr("did you mean 'sample.steps'?"));
  EXPECT_THAT(complaint("", "1"), HasSubstr("there is nothing named ''"));
}

TEST_F(SetByName, RefusesTextThatIsNoNumber) {
  EXPECT_EQ(
      complaint("sample.steps", "many"), "node \"sample\", port \"steps\": 'many' is not a number: give a number");
  EXPECT_THAT(complaint("sample.steps", ""), HasSubstr("'' is not a number"));
  EXPECT_THAT(complaint("sample.steps", "5 "), HasSubstr("is not a number"));
  EXPECT_THAT(complaint("sample.cfg", "nan"), HasSubstr("not a number"));
  EXPECT_THAT(complaint("sample.tiled", "maybe"), HasSubstr("neither true nor false"));
}

TEST_F(SetByName, RefusesValuesThatTheParamDoesNotTake) {
  EXPECT_THAT(
      complaint("sample.steps", "0"), HasSubstr("node \"sample\", port \"steps\": the value is 0, the least is 1"));
  EXPECT_THAT(complaint("sample.steps", "1.5"), HasSubstr("not a whole number"));
  EXPECT_THAT(complaint("seed", "-1"), HasSubstr("not a whole number from 0"));
  EXPECT_THAT(complaint("seed", "18446744073709551616"), HasSubstr("not a whole number from 0"));
  EXPECT_THAT(complaint("sample.sampler", "eulr"), HasSubstr("did you mean 'euler'?"));
}

TEST_F(SetByName, RefusesAnInputThatTakesALink) {
  EXPECT_THAT(complaint("sample.model", "small"), HasSubstr("the input takes a link of type 'model'"));
}

TEST_F(SetByName, RefusesTextThatIsNotUtf8) { EXPECT_THAT(complaint("prompt", "\xff"), HasSubstr("not valid UTF-8")); }

TEST_F(SetByName, LeavesTheWorkflowAsItWasWhenRefused) {
  complaint("sample.steps", "0");
  EXPECT_EQ(to_text(workflow), sketch::kWorkflow);
}

TEST(Upgrade, RenamesTypesPortsAndTheInterface) {
  Workflow workflow = parse_workflow(R"({"weft": 1, "nodes": {
      "load": {"type": "loader.checkpoint", "inputs": {"name": "small"}},
      "words": {"type": "text.encode", "inputs": {"encoder": {"link": "load.text_encoder"}, "prompt": "a fox"}}},
      "interface": {"inputs": {"what": "words.prompt"}, "outputs": {"clip": "load.text_encoder"}}})");
  upgrade(workflow, sketch::registry());
  EXPECT_EQ(workflow, parse_workflow(R"({"weft": 1, "nodes": {
      "load": {"type": "model.load", "inputs": {"name": "small"}},
      "words": {"type": "text.encode", "inputs": {"clip": {"link": "load.clip"}, "text": "a fox"}}},
      "interface": {"inputs": {"what": "words.text"}, "outputs": {"clip": "load.clip"}}})"));
}

TEST(Upgrade, LeavesAloneWhatIsCurrentOrUnknown) {
  const std::string text = sketch::kWorkflow;
  Workflow workflow = parse_workflow(text);
  workflow.graph.add({.id = "new", .type = "who.knows", .inputs = {{"prompt", "x"}}});
  const std::string before = to_text(workflow);
  upgrade(workflow, sketch::registry());
  EXPECT_EQ(to_text(workflow), before);
}

TEST(Upgrade, KeepsTheNewNameWhereAFileHasBoth) {
  Workflow workflow = parse_workflow(
      R"({"weft": 1, "nodes": {"w": {"type": "text.encode", "inputs": {"prompt": "old", "text": "new"}}}})");
  upgrade(workflow, sketch::registry());
  EXPECT_EQ(std::get<Literal>(workflow.graph.node("w").inputs.at("text")), "new");
  EXPECT_EQ(std::get<Literal>(workflow.graph.node("w").inputs.at("prompt")), "old");
}

}  // namespace
}  // namespace weft
