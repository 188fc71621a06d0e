// Bypasses: which input a bypassed node passes on at each of its outputs, for one graph. Among the linked inputs it is
// [any thread]
//
//   of a known type    the one of the output's type and name, else the first of its type
//   of a placeholder   that states its ports: the one of the same place, if its type fits, else the first of the output's
//                      type, as ComfyUI has it. Where it states none, types are those at the other ends of links, and
//                      among several of a type the one that bears the name of the port that is fed goes first.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph_impl.h"
#include "graph/node_types.h"
#include "graph/placeholder.h"

namespace weft {

class Bypasses {
 public:
  /// Both are borrowed.
  Bypasses(const Graph::Impl& graph, const NodeTypes& types) : graph_(graph), types_(types) {}

  /// The outputs that a node has, as far as they are known.
  std::vector<std::string> outputs(Vertex vertex) const;
  /// Among the inputs that are `fed`; nothing if none fits.
  std::optional<std::string> input_for(Vertex vertex, std::string_view output, std::span<const std::string> fed) const;
  /// Empty if nothing is known of it.
  std::string output_type(Vertex vertex, std::string_view output) const;

 private:
  /// Types of ports by node type and port.
  using Shown = std::map<std::pair<std::string_view, std::string_view>, std::string>;
  struct ShownTypes {
    Shown inputs, outputs;
  };

  const NodeInfo* info_of(Vertex vertex) const { return types_.find(graph_[vertex].node->type); }
  std::optional<std::string> input_of_placeholder(
      Vertex vertex, std::string_view output, std::span<const std::string> fed) const;
  std::string type_at_input(Vertex vertex, std::string_view input, const ShownTypes& shown) const;
  std::string type_at_output(Vertex vertex, std::string_view output, const ShownTypes& shown) const;
  const ShownTypes& shown() const;
  bool learn(ShownTypes& shown) const;
  template <class Visit>
  void for_each_link_from(Vertex vertex, const Visit& visit) const;
  bool feeds_port_named(Vertex vertex, std::string_view output, std::string_view name) const;

  const Graph::Impl& graph_;
  const NodeTypes& types_;
  mutable std::optional<ShownTypes> shown_;
};

}  // namespace weft
