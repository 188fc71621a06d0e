// Bypassed placeholders: nodes of a type that no plugin brings pass on what comes in, as ComfyUI's bypass does.
#include <gmock/gmock.h>

#include "graph/expand.h"
#include "graph/placeholder.h"
#include "graph/validate.h"
#include "graph/workflow.h"
#include "tests/graph/sketch_nodes.h"

namespace weft {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

/// load -> [placeholders] -> words, sample -> save.
class BypassedPlaceholders : public testing::Test {
 protected:
  BypassedPlaceholders() {
    workflow.graph.add({.id = "load", .type = "model.load", .inputs = {{"name", "small"}}});
    workflow.graph.add({.id = "plus", .type = "text.encode", .inputs = {{"clip", Links{{"load", "clip"}}}}});
    workflow.graph.add({.id = "minus", .type = "text.encode", .inputs = {{"clip", Links{{"load", "clip"}}}}});
    workflow.graph.add({.id = "sample",
        .type = "sample.image",
        .inputs = {{"model", Links{{"load", "model"}}}, {"words", Links{{"plus", "words"}}}}});
    workflow.graph.add({.id = "save", .type = "image.save", .inputs = {{"image", Links{{"sample", "image"}}}}});
  }

  void placeholder(const std::string& id, const std::string& type,
      std::map<std::string, InputValue, std::less<>> inputs, const StatedPorts& ports = {}) {
    GraphNode node{.id = id, .type = type, .inputs = std::move(inputs), .state = NodeState::Bypassed};
    if (!ports.inputs.empty()) state_ports(node, ports);
    workflow.graph.add(std::move(node));
  }

  void link(const std::string& node, const std::string& port, PortRef source) {
    workflow.graph.set_input(node, port, Links{std::move(source)});
  }

  /// What comes to an input in the plain graph, as "node.port".
  std::string source_of(const std::string& node, const std::string& port) {
    EXPECT_THAT(validate(workflow, registry, std::vector<std::string>{"save"}), IsEmpty());
    const Expansion plain = expand(workflow.graph, workflow.subgraphs, registry, std::vector<std::string>{"save"});
    const PortRef source = std::get<Links>(plain.graph.node(node).inputs.at(port)).at(0);
    return source.node + "." + source.port;
  }

  Registry registry = sketch::registry();
  Workflow workflow;
};

const StatedPorts kLora = {{{"model", "model"}, {"clip", "clip"}}, {{"model", "model"}, {"clip", "clip"}}};

TEST_F(BypassedPlaceholders, PassOnTheInputOfTheSamePlace) {
  const StatedPorts pair = {{{"a", "words"}, {"b", "words"}, {"hint", "image"}}, {{"x", "words"}, {"y", "words"}}};
  placeholder("control", "x.control", {{"a", Links{{"plus", "words"}}}, {"b", Links{{"minus", "words"}}}}, pair);
  link("sample", "words", {"control", "y"});
  EXPECT_EQ(source_of("sample", "words"), "minus.words");
  link("sample", "words", {"control", "x"});
  EXPECT_EQ(source_of("sample", "words"), "plus.words");
}

TEST_F(BypassedPlaceholders, ElsePassOnTheFirstOfTheType) {
  const StatedPorts turned = {{{"clip", "clip"}, {"model", "model"}, {"more", "model"}}, {{"model", "model"}}};
  placeholder("patch", "x.patch", {{"clip", Links{{"load", "clip"}}}, {"model", Links{{"load", "model"}}}}, turned);
  link("sample", "model", {"patch", "model"});
  EXPECT_EQ(source_of("sample", "model"), "load.model");
}

TEST_F(BypassedPlaceholders, TakeAnyAndListsOfTypesAsTheyAreStated) {
  const StatedPorts any = {{{"first", "any"}, {"second", "any"}}, {{"out", "any"}}};
  placeholder("switch", "x.switch", {{"first", Links{{"minus", "words"}}}, {"second", Links{{"load", "model"}}}}, any);
  link("sample", "words", {"switch", "out"});
  EXPECT_EQ(source_of("sample", "words"), "minus.words");
  const StatedPorts either = {{{"first", "clip"}, {"second", "image,model"}}, {{"out", "image,model"}}};
  placeholder("either", "x.either", {{"first", Links{{"load", "clip"}}}, {"second", Links{{"load", "model"}}}}, either);
  link("sample", "model", {"either", "out"});
  EXPECT_EQ(source_of("sample", "model"), "load.model");
}

TEST_F(BypassedPlaceholders, PassOnThroughAChainOfThem) {
  placeholder("one", "x.lora", {{"model", Links{{"load", "model"}}}, {"clip", Links{{"load", "clip"}}}}, kLora);
  placeholder("two", "x.lora", {{"model", Links{{"one", "model"}}}, {"clip", Links{{"one", "clip"}}}}, kLora);
  link("sample", "model", {"two", "model"});
  link("plus", "clip", {"two", "clip"});
  EXPECT_EQ(source_of("sample", "model"), "load.model");
  EXPECT_EQ(source_of("plus", "clip"), "load.clip");
}

TEST_F(BypassedPlaceholders, HaveTheTypesThatLinksShowWhereNoneAreStated) {
  placeholder(
      "one", "x.lora", {{"model", Links{{"load", "model"}}}, {"clip", Links{{"load", "clip"}}}, {"strength", 1}});
  placeholder("two", "x.lora", {{"model", Links{{"one", "output_0"}}}, {"clip", Links{{"one", "output_1"}}}});
  link("sample", "model", {"two", "output_0"});
  link("plus", "clip", {"two", "output_1"});
  EXPECT_EQ(source_of("sample", "model"), "load.model");
  EXPECT_EQ(source_of("plus", "clip"), "load.clip");
}

TEST_F(BypassedPlaceholders, OfSeveralInputsOfATypeTakeTheOneOfTheNameThatIsFed) {
  placeholder("control", "x.control", {{"negative", Links{{"minus", "words"}}}, {"words", Links{{"plus", "words"}}}});
  link("sample", "words", {"control", "output_0"});
  EXPECT_EQ(source_of("sample", "words"), "plus.words");
}

TEST_F(BypassedPlaceholders, WithNothingOfTheTypeAreAProblemWhereTheyAreNeeded) {
  placeholder("patch", "x.patch", {{"clip", Links{{"load", "clip"}}}}, {{{"clip", "clip"}}, {{"model", "model"}}});
  link("sample", "model", {"patch", "model"});
  const std::vector<Problem> problems = validate(workflow, registry, std::vector<std::string>{"save"});
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems.front().text(),
      HasSubstr("node \"patch\": the node is bypassed, but nothing of type 'model' comes in "
                "that 'model' could pass on to 'sample.model'"));
  EXPECT_THROW(expand(workflow.graph, {}, registry, std::vector<std::string>{"save"}), GraphError);
}

TEST_F(BypassedPlaceholders, BehindAMutedNodeAreSkippedWithIt) {
  placeholder("one", "x.lora", {{"model", Links{{"load", "model"}}}, {"clip", Links{{"load", "clip"}}}}, kLora);
  link("sample", "model", {"one", "model"});
  workflow.graph.add({.id = "keep", .type = "image.save", .inputs = {{"image", Links{{"sample", "image"}}}}});
  workflow.graph.add({.id = "words", .type = "text.encode", .inputs = {{"clip", Links{{"load", "clip"}}}}});
  workflow.graph.set_state("load", NodeState::Muted);
  try {
    expand(workflow.graph, {}, registry, std::vector<std::string>{"save"});
    FAIL();
  } catch (const GraphError& error) {
    EXPECT_THAT(error.what(), HasSubstr("all that is wanted is muted"));
  }
}

TEST_F(BypassedPlaceholders, InsideADefinitionPassOnWhatTheInstanceGets) {
  GraphNode inner{.id = "lora", .type = "x.lora", .state = NodeState::Bypassed};
  state_ports(inner, kLora);
  Subgraph& patch = workflow.subgraphs["patch"];
  patch.graph.add(std::move(inner));
  patch.interface = {.inputs = {{"model", {{"lora", "model"}}}, {"clip", {{"lora", "clip"}}}},
      .outputs = {{"model", {"lora", "model"}}, {"clip", {"lora", "clip"}}}};
  workflow.graph.add({.id = "p",
      .type = "subgraph:patch",
      .inputs = {{"model", Links{{"load", "model"}}}, {"clip", Links{{"load", "clip"}}}}});
  link("sample", "model", {"p", "model"});
  link("plus", "clip", {"p", "clip"});
  EXPECT_EQ(source_of("sample", "model"), "load.model");
  EXPECT_EQ(source_of("plus", "clip"), "load.clip");
}

TEST_F(BypassedPlaceholders, KeepTheirPortsInTheFile) {
  placeholder("one", "x.lora", {{"model", Links{{"load", "model"}}}}, kLora);
  const Workflow read = parse_workflow(to_text(workflow));
  EXPECT_EQ(read.graph, workflow.graph);
  EXPECT_EQ(stated_ports(read.graph.node("one")), kLora);
}

TEST(StatedPorts, OfAnyOtherShapeAreLeftOut) {
  GraphNode node{.id = "a", .type = "x.y"};
  EXPECT_EQ(stated_ports(node), std::nullopt);
  for (const char* wrong : {"3", "[]", R"("x")"}) {
    node.extra["ports"] = nlohmann::json::parse(wrong);
    EXPECT_EQ(stated_ports(node), std::nullopt) << wrong;
  }
  node.extra["ports"] =
      nlohmann::json::parse(R"({"inputs": [3, {}, {"name": 5}, {"name": "a", "type": []}], "outputs": {}})");
  EXPECT_EQ(stated_ports(node), (StatedPorts{{{"a", ""}}, {}}));
}

TEST(Validate, ThatAPlaceholderDoesNotRunIsNoProblem) {
  const Registry registry = sketch::registry();
  Workflow workflow = parse_workflow(sketch::kWorkflow);
  workflow.graph.add({.id = "note", .type = "x.note"});
  EXPECT_EQ(validate(workflow, registry).size(), 1u);
  for (const NodeState state : {NodeState::Muted, NodeState::Bypassed}) {
    workflow.graph.set_state("note", state);
    EXPECT_THAT(validate(workflow, registry), IsEmpty());
  }
}

}  // namespace
}  // namespace weft
