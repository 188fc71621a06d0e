// Random workflows and edits for property tests: odd names, odd values, and edits that are refused about as
// often as not.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "graph/edit.h"

namespace weft::random {

/// Checks `property` on that many random cases; rapidcheck prints the smallest failure and its seed.
template <class Property>
void check(int cases, Property property) {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = cases;
  const auto result = rc::detail::checkTestable(property, rc::detail::TestMetadata{}, params);
  if (result.template is<rc::detail::SuccessResult>()) return;
  std::ostringstream message;
  rc::detail::printResultMessage(result, message);
  ADD_FAILURE() << message.str();
}

inline int up_to(int most) { return *rc::gen::inRange(0, most + 1); }

template <class T>
T one_of(const std::vector<T>& choices) {
  return choices[static_cast<std::size_t>(up_to(static_cast<int>(choices.size()) - 1))];
}

inline std::string id() {
  return one_of<std::string>(
      {"a", "b", "c", "d", "e", "save me", "x.y", "späti", "日本", "\"quoted\"", "sl/ash", "til~de"});
}

inline std::string port() { return one_of<std::string>({"image", "in", "steps", "p/q", "größe"}); }

inline std::string text() {
  return one_of<std::string>({"", "words", "two\nlines", "\\ \" \t", "日本語", std::string("nul\0", 4)});
}

inline Literal literal(int depth = 0) {
  switch (up_to(depth < 3 ? 8 : 6)) {
    case 0:
      return nullptr;
    case 1:
      return up_to(1) == 1;
    case 2:
      return *rc::gen::arbitrary<std::int64_t>();
    case 3:
      return *rc::gen::arbitrary<std::uint64_t>();
    case 4:
      return one_of<double>({0.1, -0.0, 1e300, 5e-324, 20.0, 1.0 / 3});
    case 5:
    case 6:
      return text();
    case 7: {
      Literal list = Literal::array();
      for (int i = up_to(3); i > 0; --i) list.push_back(literal(depth + 1));
      return list;
    }
    default: {
      Literal object = Literal::object();
      for (int i = up_to(3); i > 0; --i)
        object[one_of<std::string>({"link", "links", "value", "k", "ü"})] = literal(depth + 1);
      return object;
    }
  }
}

inline InputValue input_value() {
  if (up_to(1) == 0) return literal();
  Links links;
  for (int i = up_to(3); i > 0; --i) links.push_back({id(), port()});
  return links;
}

inline nlohmann::json object_with(const std::string& key) {
  return up_to(2) == 0 ? nlohmann::json{{key, literal(2)}} : nlohmann::json::object();
}

inline GraphNode node() {
  GraphNode node{.id = id(),
      .type = one_of<std::string>({"image.load", "image.blur", "who.knows", "subgraph:up", "subgraph:日本"})};
  node.state = one_of<NodeState>({NodeState::Active, NodeState::Active, NodeState::Muted, NodeState::Bypassed});
  node.title = up_to(3) == 0 ? text() : "";
  for (int i = up_to(3); i > 0; --i) node.inputs[port()] = input_value();
  node.ui = object_with("x");
  node.extra = object_with("colour");
  return node;
}

inline Interface interface() {
  Interface interface;
  for (int i = up_to(2); i > 0; --i) interface.inputs[one_of<std::string>({"prompt", "seed"})] = {id(), port()};
  for (int i = up_to(2); i > 0; --i)
    interface.outputs[one_of<std::string>({"picture", "mask"})] = {id(), up_to(1) ? port() : ""};
  interface.extra = object_with("doc");
  return interface;
}

/// `node` without the links whose sources the graph does not hold.
inline GraphNode fitted_to(const Graph& graph, GraphNode node) {
  for (auto& [name, value] : node.inputs)
    if (Links* links = std::get_if<Links>(&value))
      std::erase_if(*links, [&](const PortRef& source) { return !graph.contains(source.node); });
  return node;
}

inline Graph graph(int most) {
  Graph graph;
  for (int i = up_to(most); i > 0; --i) {
    GraphNode added = fitted_to(graph, node());
    if (!graph.contains(added.id)) graph.add(std::move(added));
  }
  return graph;
}

inline std::string subgraph_name() { return one_of<std::string>({"up", "down", "日本"}); }

inline Subgraph subgraph() {
  Subgraph subgraph{.title = text(), .graph = graph(3)};
  for (const char* name : {"in", "größe"}) {
    if (up_to(1)) subgraph.interface.inputs.push_back({name, {{id(), port()}}});
    if (up_to(1)) subgraph.interface.outputs.push_back({name, {id(), port()}});
  }
  if (up_to(2) == 0) subgraph.interface.inputs.push_back({"many", {{id(), port()}, {id(), port()}}});
  subgraph.interface.extra = object_with("doc");
  subgraph.extra = object_with("ui");
  return subgraph;
}

inline Edit edit(int depth = 0);

inline std::vector<Edit> edits(int depth) {
  std::vector<Edit> edits;
  for (int i = up_to(3); i > 0; --i) edits.push_back(edit(depth));
  return edits;
}

inline Edit edit(int depth) {
  switch (up_to(depth < 2 ? 14 : 12)) {
    case 0:
      return RemoveNode{id()};
    case 1:
      return RenameNode{id(), id()};
    case 2:
    case 3:
      return SetInput{id(), port(), input_value()};
    case 4:
      return ClearInput{id(), port()};
    case 5:
      return SetTitle{id(), text()};
    case 6:
      return SetUi{id(), object_with("y")};
    case 7:
      return SetInterface{interface()};
    case 8:
      return AddNode{node(), up_to(1) ? id() : ""};
    case 9:
      return SetState{id(), node().state};
    case 10:
      return SetType{id(), node().type};
    case 11:
      return SetExtra{object_with("ui")};
    case 12:
      return SetSubgraph{subgraph_name(), up_to(3) ? std::optional(subgraph()) : std::nullopt};
    case 13:
      return EditSubgraph{subgraph_name(), edits(depth + 1)};
    default:
      return EditGroup{edits(depth + 1)};
  }
}

inline Workflow workflow() {
  Workflow workflow{.graph = graph(12), .interface = interface(), .extra = object_with("author")};
  for (int i = up_to(3); i > 0; --i) {
    try {
      weft::apply(workflow, SetSubgraph{subgraph_name(), subgraph()});
    } catch (const GraphError&) {  // it would hold itself
    }
  }
  return workflow;
}

}  // namespace weft::random
