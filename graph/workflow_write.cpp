#include <fmt/format.h>

#include "base/atomic_file.h"
#include "base/strict_json.h"
#include "graph/workflow.h"

namespace weft {
namespace {

using Json = nlohmann::ordered_json;

/// The file, its nodes, a node, its inputs: these are broken into lines wherever they hold more than plain
/// values.
constexpr std::size_t kStructure = 4;
/// The definitions and each of them, which hold nodes in their turn.
constexpr NestedStructure kDefinitions{.key = "subgraphs", .levels = 2};

/// Puts a member behind the others. Its key is known to be another than theirs: Json would compare all of them.
void append(Json& object, const std::string& key, Json value) {
  auto& members = static_cast<std::vector<std::pair<const std::string, Json>>&>(object.get_ref<Json::object_t&>());
  members.emplace_back(key, std::move(value));
}

std::string text_of(const PortRef& ref) { return ref.node + "." + ref.port; }

Json json_of(const InputValue& value) {
  if (const Literal* literal = std::get_if<Literal>(&value)) {
    // Plain objects are links: a literal that is one says so.
    return literal->is_object() ? Json{{"value", *literal}} : Json(*literal);
  }
  const Links& links = std::get<Links>(value);
  if (links.size() == 1) return {{"link", text_of(links.front())}};
  Json sources = Json::array();
  for (const PortRef& source : links) sources.push_back(text_of(source));
  return {{"links", std::move(sources)}};
}

void append_unknown_keys(Json& json, const nlohmann::json& extra) {
  for (const auto& [key, value] : extra.items()) json[key] = value;
}

Json json_of(const GraphNode& node) {
  Json json{{"type", node.type}};
  if (!node.title.empty()) json["title"] = node.title;
  if (node.state != NodeState::Active) json["state"] = node.state == NodeState::Muted ? "muted" : "bypassed";
  if (!node.inputs.empty()) {
    Json& inputs = json["inputs"] = Json::object();
    for (const auto& [port, value] : node.inputs) append(inputs, port, json_of(value));
  }
  if (!node.ui.empty()) json["ui"] = node.ui;
  append_unknown_keys(json, node.extra);
  return json;
}

Json json_of(const std::map<std::string, PortRef>& names) {
  Json json = Json::object();
  for (const auto& [name, ref] : names) {
    // "save" for a node alone; "save.me." where its id has dots.
    const bool node_alone = ref.port.empty() && ref.node.find('.') == std::string::npos;
    append(json, name, node_alone ? ref.node : text_of(ref));
  }
  return json;
}

Json json_of(const Interface& interface) {
  Json json = Json::object();
  if (!interface.inputs.empty()) json["inputs"] = json_of(interface.inputs);
  if (!interface.outputs.empty()) json["outputs"] = json_of(interface.outputs);
  append_unknown_keys(json, interface.extra);
  return json;
}

/// The nodes by id.
Json json_of(const Graph& graph) {
  Json json = Json::object();
  for (const GraphNode* node : graph.nodes()) append(json, node->id, json_of(*node));
  return json;
}

Json json_of(const std::vector<PortRef>& targets) {
  if (targets.size() == 1) return text_of(targets.front());
  Json list = Json::array();
  for (const PortRef& target : targets) list.push_back(text_of(target));
  return list;
}

Json json_of(const SubgraphInterface& interface) {
  Json json = Json::object();
  for (const SubgraphInput& input : interface.inputs) json["inputs"][input.name] = json_of(input.targets);
  for (const SubgraphOutput& output : interface.outputs) json["outputs"][output.name] = text_of(output.source);
  append_unknown_keys(json, interface.extra);
  return json;
}

Json json_of(const Subgraph& subgraph) {
  Json json = Json::object();
  if (!subgraph.title.empty()) json["title"] = subgraph.title;
  json["nodes"] = json_of(subgraph.graph);
  if (Json interface = json_of(subgraph.interface); !interface.empty()) json["interface"] = std::move(interface);
  append_unknown_keys(json, subgraph.extra);
  return json;
}

}  // namespace

std::string to_text(const Workflow& workflow) {
  Json json{{"weft", kWorkflowVersion}};
  json["nodes"] = json_of(workflow.graph);
  if (Json interface = json_of(workflow.interface); !interface.empty()) json["interface"] = std::move(interface);
  if (!workflow.subgraphs.empty()) {
    Json& definitions = json["subgraphs"] = Json::object();
    for (const auto& [name, subgraph] : workflow.subgraphs) append(definitions, name, json_of(subgraph));
  }
  append_unknown_keys(json, workflow.extra);
  return write_json(json, kStructure, kDefinitions);
}

void save_workflow(const Workflow& workflow, const std::filesystem::path& file) {
  write_file_atomically(file, to_text(workflow));
}

}  // namespace weft
