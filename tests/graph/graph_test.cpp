#include "graph/graph.h"

#include <gmock/gmock.h>

#include <thread>

#include "tests/graph/random_workflows.h"

namespace weft {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

GraphNode node(const std::string& id, const std::vector<std::string>& sources = {}) {
  GraphNode node{.id = id, .type = "test.node"};
  if (sources.empty()) return node;
  Links links;
  for (const std::string& source : sources) links.push_back({source, "out"});
  node.inputs["in"] = links;
  return node;
}

/// top -> left, right -> bottom
Graph diamond() {
  Graph graph;
  graph.add_all({node("top"), node("left", {"top"}), node("right", {"top"}), node("bottom", {"left", "right"})});
  return graph;
}

std::vector<std::string> ids(const Graph& graph) {
  std::vector<std::string> ids;
  for (const GraphNode* node : graph.nodes()) ids.push_back(node->id);
  return ids;
}

/// What `change` complains about; empty if it goes through.
template <class Change>
std::string complaint(Change change) {
  try {
    change();
    return "";
  } catch (const GraphError& error) {
    return error.what();
  }
}

TEST(Graph, KeepsTheOrderOfAddition) { EXPECT_THAT(ids(diamond()), ElementsAre("top", "left", "right", "bottom")); }

TEST(Graph, AddsANodeBeforeAnother) {
  Graph graph = diamond();
  graph.add(node("middle", {"top"}), "right");
  EXPECT_THAT(ids(graph), ElementsAre("top", "left", "middle", "right", "bottom"));
}

TEST(Graph, RefusesAnIdThatIsTaken) {
  Graph graph = diamond();
  EXPECT_THAT(complaint([&] { graph.add(node("left")); }), HasSubstr("node \"left\": the id is taken"));
  EXPECT_EQ(graph, diamond());
}

TEST(Graph, RefusesAnEmptyId) {
  Graph graph;
  EXPECT_THAT(complaint([&] { graph.add(node("")); }), HasSubstr("empty id"));
}

TEST(Graph, RefusesAnIdWithControlCharacters) {
  Graph graph;
  EXPECT_THAT(complaint([&] { graph.add(node("two\nlines")); }), HasSubstr("control characters"));
}

TEST(Graph, RefusesALinkFromNowhere) {
  Graph graph;
  EXPECT_THAT(complaint([&] { graph.add(node("a", {"ghost"})); }), HasSubstr("source 'ghost' is not in the graph"));
  EXPECT_EQ(graph.size(), 0u);
}

TEST(Graph, RefusesALinkFromANodeToItself) {
  Graph graph;
  EXPECT_THAT(complaint([&] { graph.add(node("a", {"a"})); }), HasSubstr("links to itself"));
}

TEST(Graph, RefusesALinkThatWouldMakeACycleAndNamesIt) {
  Graph graph = diamond();
  EXPECT_THAT(complaint([&] { graph.set_input("top", "in", Links{{"bottom", "out"}}); }),
      HasSubstr("node \"top\", port \"in\": links make a cycle: top -> left -> bottom -> top"));
  EXPECT_EQ(graph, diamond());
}

TEST(Graph, RefusesAPortNameThatAFileCouldNotSay) {
  Graph graph = diamond();
  EXPECT_THAT(complaint([&] { graph.set_input("left", "in", Links{{"top", "a.b"}}); }), HasSubstr("'a.b' cannot be"));
  EXPECT_THAT(complaint([&] { graph.set_input("left", "", 1); }), HasSubstr("empty name"));
}

TEST(Graph, AddsManyInAnyOrderAmongThemselves) {
  Graph graph;
  graph.add_all({node("bottom", {"left", "right"}), node("right", {"top"}), node("left", {"top"}), node("top")});
  EXPECT_EQ(graph, diamond());
  EXPECT_THAT(ids(graph), ElementsAre("bottom", "right", "left", "top"));
}

TEST(Graph, AddsAllOrNothingAndCollectsEveryProblem) {
  Graph graph = diamond();
  const std::string problems = complaint([&] {
    graph.add_all({node("left"), node("lost", {"ghost"}), node("a", {"b"}), node("b", {"a"}), node("c", {"d"}),
        node("d", {"c"})});
  });
  EXPECT_THAT(problems, HasSubstr("4 problems"));
  EXPECT_THAT(problems, HasSubstr("node \"left\": the id is taken"));
  EXPECT_THAT(problems, HasSubstr("source 'ghost'"));
  EXPECT_THAT(problems, HasSubstr("cycle: a -> b -> a"));
  EXPECT_THAT(problems, HasSubstr("cycle: c -> d -> c"));
  EXPECT_EQ(graph, diamond());
}

TEST(Graph, NamesAShortestOfSeveralCycles) {
  Graph graph;
  EXPECT_THAT(complaint([&] { graph.add_all({node("a", {"b", "c"}), node("b", {"c"}), node("c", {"a"})}); }),
      HasSubstr("cycle: a -> c -> a"));
}

TEST(Graph, RemovesANodeWithTheLinksThatItFeeds) {
  Graph graph = diamond();
  graph.remove("left");
  EXPECT_EQ(std::get<Links>(graph.node("bottom").inputs.at("in")), (Links{{"right", "out"}}));
  graph.remove("right");
  EXPECT_THAT(graph.node("bottom").inputs, IsEmpty());
}

TEST(Graph, TakesAnIdAgainAfterItsNodeWasRemoved) {
  Graph graph = diamond();
  graph.remove("top");
  graph.add(node("top", {"bottom"}));
  EXPECT_THAT(graph.topological_order(), ElementsAre("left", "right", "bottom", "top"));
}

TEST(Graph, RenamesANodeWithItsLinksAndKeepsItsPlace) {
  Graph graph = diamond();
  graph.rename("left", "west");
  EXPECT_THAT(ids(graph), ElementsAre("top", "west", "right", "bottom"));
  EXPECT_EQ(std::get<Links>(graph.node("bottom").inputs.at("in")), (Links{{"west", "out"}, {"right", "out"}}));
  EXPECT_FALSE(graph.contains("left"));
}

TEST(Graph, RefusesARenameToATakenId) {
  Graph graph = diamond();
  EXPECT_THAT(complaint([&] { graph.rename("left", "right"); }), HasSubstr("node \"right\": the id is taken"));
}

TEST(Graph, SuggestsTheIdThatWasMeant) {
  EXPECT_THAT(complaint([] { (void)diamond().node("botom"); }), HasSubstr("did you mean 'bottom'?"));
  EXPECT_EQ(diamond().find("botom"), nullptr);
}

TEST(Graph, SetsAndClearsInputs) {
  Graph graph = diamond();
  graph.set_input("top", "steps", 20);
  EXPECT_EQ(std::get<Literal>(graph.node("top").inputs.at("steps")), 20);
  graph.clear_input("top", "steps");
  graph.clear_input("top", "steps");
  EXPECT_EQ(graph, diamond());
}

TEST(Graph, ReplacesLinksByALiteral) {
  Graph graph = diamond();
  graph.set_input("left", "in", 1);
  EXPECT_THAT(graph.descendants("top"), ElementsAre("right", "bottom"));
  EXPECT_THAT(graph.cycle_if_linked("left", "top"), IsEmpty());
}

TEST(Graph, ListsInOrderOfAdditionWhereThatIsATopologicalOrder) {
  EXPECT_THAT(diamond().topological_order(), ElementsAre("top", "left", "right", "bottom"));
}

TEST(Graph, KnowsAncestorsAndDescendants) {
  EXPECT_THAT(diamond().ancestors("bottom"), ElementsAre("top", "left", "right"));
  EXPECT_THAT(diamond().ancestors("left"), ElementsAre("top"));
  EXPECT_THAT(diamond().descendants("top"), ElementsAre("left", "right", "bottom"));
  EXPECT_THAT(diamond().descendants("bottom"), IsEmpty());
}

TEST(Graph, ListsTheLinksFromANode) {
  Graph graph = diamond();
  graph.set_input("bottom", "mask", Links{{"top", "mask"}});
  using Link = std::pair<PortRef, PortRef>;
  EXPECT_THAT(graph.links_from("top"),
      ElementsAre(Link{{"top", "out"}, {"left", "in"}}, Link{{"top", "out"}, {"right", "in"}},
          Link{{"top", "mask"}, {"bottom", "mask"}}));
}

TEST(Graph, TellsTheCycleThatALinkWouldClose) {
  EXPECT_THAT(diamond().cycle_if_linked("bottom", "top"), ElementsAre("top", "left", "bottom", "top"));
  EXPECT_THAT(diamond().cycle_if_linked("top", "top"), ElementsAre("top", "top"));
  EXPECT_THAT(diamond().cycle_if_linked("top", "bottom"), IsEmpty());
}

TEST(Graph, IsAValue) {
  Graph graph = diamond();
  const Graph snapshot = graph;
  graph.remove("bottom");
  graph.set_title("top", "Top");
  EXPECT_EQ(snapshot, diamond());
  EXPECT_NE(snapshot, graph);
}

TEST(Graph, ComparesWithoutTheOrderOfAddition) {
  Graph graph;
  graph.add_all({node("right", {"top"}), node("top"), node("left", {"top"}), node("bottom", {"left", "right"})});
  EXPECT_EQ(graph, diamond());
  graph.set_ui("top", {{"x", 1}});
  EXPECT_NE(graph, diamond());
}

TEST(Graph, MayBeReadFromAThreadWhileAnotherEditsItsCopy) {
  Graph graph = diamond();
  std::jthread reader([snapshot = graph] {
    for (int i = 0; i < 1000; ++i) EXPECT_THAT(snapshot.topological_order(), SizeIs(4));
  });
  for (int i = 0; i < 1000; ++i) graph.set_input("top", "steps", i);
}

TEST(Graph, TakesALongChainWithoutRecursion) {
  constexpr int kNodes = 100'000;
  std::vector<GraphNode> nodes;
  for (int i = kNodes - 1; i > 0; --i) nodes.push_back(node(std::to_string(i), {std::to_string(i - 1)}));
  nodes.push_back(node("0"));
  Graph graph;
  graph.add_all(std::move(nodes));
  EXPECT_EQ(graph.topological_order().front(), "0");
  EXPECT_THAT(graph.ancestors("99999"), SizeIs(kNodes - 1));
  EXPECT_THAT(complaint([&] { graph.set_input("0", "in", Links{{"99999", "out"}}); }), HasSubstr("(99985 more)"));
  const Graph snapshot = graph;
  graph.remove("50000");
  EXPECT_THAT(graph.descendants("0"), SizeIs(49'999));
  EXPECT_EQ(snapshot.size(), 100'000u);
}

TEST(Graph, NamesACycleThroughALongChain) {
  std::vector<GraphNode> nodes{node("0", {"99999"})};
  for (int i = 1; i < 100'000; ++i) nodes.push_back(node(std::to_string(i), {std::to_string(i - 1)}));
  Graph graph;
  EXPECT_THAT(complaint([&] { graph.add_all(std::move(nodes)); }), HasSubstr("0 -> 1 -> 2"));
}

/// All (source, target) pairs of a graph, read from its nodes.
std::vector<std::pair<std::string, std::string>> links(const Graph& graph) {
  std::vector<std::pair<std::string, std::string>> links;
  for (const GraphNode* target : graph.nodes())
    for (const auto& [port, value] : target->inputs)
      if (const Links* sources = std::get_if<Links>(&value))
        for (const PortRef& source : *sources) links.emplace_back(source.node, target->id);
  return links;
}

TEST(GraphProperty, IsTheSameAfterAnyEditsAsWhenBuiltAnew) {
  random::check(300, [] {
    Workflow workflow = random::workflow();
    for (int i = random::up_to(20); i > 0; --i) {
      try {
        weft::apply(workflow, random::edit());
      } catch (const GraphError&) {
      }
    }
    const Graph& graph = workflow.graph;
    Graph anew;
    std::vector<GraphNode> nodes;
    for (const GraphNode* node : graph.nodes()) nodes.push_back(*node);
    anew.add_all(nodes);
    RC_ASSERT(graph == anew);
    RC_ASSERT(graph.topological_order() == anew.topological_order());
    for (const GraphNode& node : nodes) {
      RC_ASSERT(graph.ancestors(node.id) == anew.ancestors(node.id));
      RC_ASSERT(graph.descendants(node.id) == anew.descendants(node.id));
      RC_ASSERT(graph.links_from(node.id) == anew.links_from(node.id));
    }
  });
}

TEST(GraphProperty, OrdersSourcesBeforeTargets) {
  random::check(300, [] {
    const Graph graph = random::workflow().graph;
    const std::vector<std::string> order = graph.topological_order();
    RC_ASSERT(order.size() == graph.size());
    const auto position = [&](const std::string& id) { return std::ranges::find(order, id) - order.begin(); };
    for (const auto& [source, target] : links(graph)) RC_ASSERT(position(source) < position(target));
  });
}

TEST(GraphProperty, TellsACycleExactlyWhereTheSourceDependsOnTheTarget) {
  random::check(300, [] {
    const Graph graph = random::workflow().graph;
    for (const GraphNode* source : graph.nodes()) {
      const std::vector<std::string> before = graph.ancestors(source->id);
      for (const GraphNode* target : graph.nodes()) {
        const bool depends = source == target || std::ranges::count(before, target->id) > 0;
        RC_ASSERT(graph.cycle_if_linked(source->id, target->id).empty() == !depends);
      }
    }
  });
}

}  // namespace
}  // namespace weft
