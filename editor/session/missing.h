// What a workflow names and this machine does not have: node types, models, files; and the gestures that do without, each
// one step for all places at once, also inside definitions. [main-thread]
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "editor/session/document.h"

namespace weft::editor {

/// A node, or a port of one, wherever it is in the workflow.
struct Spot {
  std::string scope;  ///< the definition that holds it; empty: the workflow's own graph
  std::string node;
  std::string port;  ///< empty where the node is meant
  bool operator==(const Spot&) const = default;
};

/// Where a problem is: its node as validate() names it, "subgraph:NAME/NODE", or by the path of a run, "instance/NODE".
/// Nothing if the workflow has no such node.
std::optional<Spot> spot_of(const Workflow& workflow, const Problem& problem);
/// The graph that holds it, and the node itself. The spot is one of the workflow.
const Graph& graph_at(const Workflow& workflow, const Spot& spot);
const GraphNode& node_at(const Workflow& workflow, const Spot& spot);

struct Missing {
  enum class Kind : std::uint8_t { NodeType, Model, File };
  Kind kind = Kind::NodeType;
  std::string name;  ///< the type, or what the params say
  std::string title;  ///< to show: of a type of another program without that one's name
  std::string folder;  ///< of a model: "checkpoints"
  std::vector<Spot> spots;  ///< that name it, each once
};

/// What the problems of the document say is not there, each once: node types first, then models, then files.
std::vector<Missing> what_is_missing(
    const Document& document, const Registry& registry, const std::vector<Problem>& problems);

/// The nodes pass on what comes in.
void bypass_all(Document& document, const std::vector<Spot>& nodes);
/// All of these params have the value then.
void set_all(Document& document, const std::vector<Spot>& params, const nlohmann::json& value);
/// Makes nodes of another type of them. Links stay at ports of the same name, else go to the first free one that takes what
/// they carry; what fits nowhere goes.
void replace_all(Document& document, const Registry& registry, const std::vector<Spot>& nodes, const std::string& type);
/// Node types that could stand for the node, best first: those that take and give most of what it is linked to.
std::vector<const NodeInfo*> types_like(const Document& document, const Registry& registry, const Spot& node);

/// "KSampler": the node's title, else its type's, else the type; of another program's node without "comfyui.".
std::string title_of(const GraphNode& node, const NodeTypes& types);

}  // namespace weft::editor
