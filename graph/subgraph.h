// Subgraph: a graph that stands in other graphs as one node. A workflow holds definitions by name; a node of
// the type "subgraph:NAME" is an *instance*, and its ports are what the definition's interface names. [any thread]
//
// A run knows nothing of them: expand.h puts the nodes of the definition in the place of each instance.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"

namespace weft {

/// How many definitions may stand inside each other.
inline constexpr std::size_t kMaxSubgraphNesting = 32;

/// A port of the instances. What an instance gives goes to every target, in the place of what the definition
/// has there; at an input that takes many, links come behind those of the definition. An instance that gives
/// nothing leaves the targets as the definition has them.
struct SubgraphInput {
  std::string name;
  std::vector<PortRef> targets;  ///< inputs or params of the definition's nodes; at least one
  bool operator==(const SubgraphInput&) const = default;
};

struct SubgraphOutput {
  std::string name;
  PortRef source;  ///< an output of one of the definition's nodes
  bool operator==(const SubgraphOutput&) const = default;
};

/// The ports of the instances, in the order in which they are shown.
struct SubgraphInterface {
  std::vector<SubgraphInput> inputs;
  std::vector<SubgraphOutput> outputs;
  nlohmann::json extra = nlohmann::json::object();  ///< unknown keys of the file's interface, kept
  bool operator==(const SubgraphInterface&) const = default;

  WEFT_EXPORT const SubgraphInput* find_input(std::string_view name) const;
  WEFT_EXPORT const SubgraphOutput* find_output(std::string_view name) const;
};

struct Subgraph {
  std::string title = {};  ///< empty: its name is shown
  Graph graph = {};
  SubgraphInterface interface = {};
  nlohmann::json extra = nlohmann::json::object();  ///< unknown keys of the file, and "ui", kept
  bool operator==(const Subgraph&) const = default;
};

/// Definitions by name.
using Subgraphs = std::map<std::string, Subgraph, std::less<>>;

/// "subgraph:upscale" of "upscale", and back; nothing for other node types.
WEFT_EXPORT std::string subgraph_type(std::string_view name);
WEFT_EXPORT std::optional<std::string_view> subgraph_of_type(std::string_view type);

/// How problems name a node of a definition: "subgraph:upscale/sampler".
WEFT_EXPORT std::string address_in_subgraph(std::string_view subgraph, std::string_view node);

/// Throws GraphError where the name, a port's name or the unknown keys are such that a file could not say
/// them.
WEFT_EXPORT void check_definition(std::string_view name, const Subgraph& subgraph);

/// The names, every definition after those that it holds. Throws GraphError with the chain where one holds
/// itself, and where they are nested deeper than kMaxSubgraphNesting.
WEFT_EXPORT std::vector<std::string> innermost_first(const Subgraphs& subgraphs);

}  // namespace weft
