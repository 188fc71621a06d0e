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
  GraphNode node{.id = id(), .type = one_of<std::string>({"image.load", "image.blur", "who.knows"})};
  node.title = up_to(3) == 0 ? text() : "";
  for (int i = up_to(3); i > 0; --i) node.inputs[port()] = input_value();
  node.ui = object_with("x");
  node.extra = object_with("colour");
  return node;
}

inline Interface interface() {
  Interface interface;
  for (int i = up_to(2); i > 0; --i)
    interface.inputs[one_of<std::string>({"prompt", "seed"})] = {id(), port()};
  for (int i = up_to(2); i > 0; --i)
    interface.outputs[one_of<std::string>({"picture", "mask"})] = {id(), up_to(1) ? port() : ""};
  interface.extra = object_with("doc");
  return interface;
}

inline Edit edit(int depth = 0) {
  switch (up_to(depth < 2 ? 9 : 8)) {
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
    default: {
      EditGroup group;
      for (int i = up_to(3); i > 0; --i) group.edits.push_back(edit(depth + 1));
      return group;
    }
  }
}

/// `node` without the links whose sources the graph does not hold.
inline GraphNode fitted_to(const Graph& graph, GraphNode node) {
  for (auto& [name, value] : node.inputs)
    if (Links* links = std::get_if<Links>(&value))
      std::erase_if(*links, [&](const PortRef& source) { return !graph.contains(source.node); });
  return node;
}

inline Workflow workflow() {
  Workflow workflow;
  for (int i = up_to(12); i > 0; --i) {
    GraphNode added = fitted_to(workflow.graph, node());
    if (!workflow.graph.contains(added.id)) workflow.graph.add(std::move(added));
  }
  workflow.interface = interface();
  workflow.extra = object_with("author");
  return workflow;
}

}  // namespace weft::random
