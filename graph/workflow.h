// Workflow: a graph, the names that callers use for its inputs and outputs, and its file. One JSON format for editor and
// headless runs; docs/workflow-format.md is its specification. [any thread]
//
//   {"weft": 1,
//    "nodes": {"sampler": {"type": "sample.ksampler", "inputs": {"model": {"link": "checkpoint.model"}, "steps": 20},
//                          "ui": {"x": 0, "y": 0}}},
//    "interface": {"inputs": {"prompt": "positive.text"}, "outputs": {"picture": "save.path"}},
//    "subgraphs": {"upscale": {"nodes": {...}, "interface": {...}}}}
//
// A link is {"link": "node.port"}, or {"links": ["a.image", "b.image"]} on an input that takes many; a literal that is
// itself a JSON object is {"value": {...}}. Unknown node types, ports and keys are kept and written back.
#pragma once

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "graph/graph.h"
#include "graph/registry.h"
#include "graph/subgraph.h"

namespace weft {

inline constexpr int kWorkflowVersion = 1;

/// Names for callers: what may be set from outside, and what is wanted by default.
struct Interface {
  std::map<std::string, PortRef> inputs;
  std::map<std::string, PortRef> outputs;  ///< `port` empty: the node is wanted, whatever its outputs
  nlohmann::json extra = nlohmann::json::object();  ///< unknown keys of the file's interface, kept
  bool operator==(const Interface&) const = default;
};

struct Workflow {
  Graph graph;
  Interface interface;
  nlohmann::json extra = nlohmann::json::object();  ///< unknown keys of the file's top level, and "ui", kept
  Subgraphs subgraphs = {};  ///< definitions; a node of type "subgraph:NAME" stands for one
  bool operator==(const Workflow&) const = default;
};

/// Reads a workflow from JSON text. `source` names it in messages. Throws GraphError with every problem: not JSON (with
/// line and column), nested deeper than 100, a version that this program does not know, links to missing nodes, cycles,
/// subgraphs that hold themselves.
WEFT_EXPORT Workflow parse_workflow(std::string_view text, const std::string& source = "workflow");
WEFT_EXPORT Workflow load_workflow(const std::filesystem::path& file);

/// Renames node types and ports that the registry knows under old names.
WEFT_EXPORT void upgrade(Workflow& workflow, const Registry& registry);

/// Keys in a stable order, nodes in order of addition, two spaces of indent, a newline at the end. Throws GraphError for
/// what JSON cannot hold or load_workflow() would refuse: numbers that are not finite, text that is not UTF-8, values
/// nested too deep.
WEFT_EXPORT std::string to_text(const Workflow& workflow);
/// Writes beside the file and renames, so that a crash or a full disk leaves the old file whole. Throws GraphError.
WEFT_EXPORT void save_workflow(const Workflow& workflow, const std::filesystem::path& file);

/// Sets the interface input `name`, or `node.port`, to a literal. The text is read as the param's type says (JSON where
/// the registry does not know the node). Throws GraphError naming what there is to set.
WEFT_EXPORT void set_by_name(
    Workflow& workflow, const Registry& registry, const std::string& name, const std::string& text);

}  // namespace weft
