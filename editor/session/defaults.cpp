#include "editor/session/defaults.h"

#include <algorithm>

#include "editor/session/links.h"
#include "editor/session/picture_params.h"
#include "editor/session/text.h"

namespace weft::editor {
namespace {

constexpr const char* kCheckpoints = "checkpoints";

const PortInfo* int_param(const NodeInfo& type, std::string_view name) {
  const PortInfo* port = type.find_input(name);
  return port && port->kind == PortKind::Param && port->type == "int" ? port : nullptr;
}

/// A node that says how large a latent is, such as Empty Latent: of one that changes a latent the size is its business.
bool sizes_latents(const NodeInfo& type) {
  const auto is_latent = [](const PortInfo& port) { return port.type == "latent"; };
  return int_param(type, "width") && int_param(type, "height") && std::ranges::any_of(type.outputs, is_latent) &&
      std::ranges::none_of(type.inputs, is_latent);
}

/// The first checkpoint of the graph whose size is known.
std::optional<std::int64_t> size_in(const Graph& graph, const NodeTypes& types, const KnownModels& models) {
  for (const GraphNode* node : graph.nodes()) {
    const NodeInfo* info = types.find(node->type);
    if (!info) continue;
    for (const PortInfo& port : info->inputs) {
      if (port.widget != Widget::Model || port.folder != kCheckpoints) continue;
      const nlohmann::json name = effective_value(*node, port);
      if (!name.is_string()) continue;
      if (const auto size = models.size(kCheckpoints, name.get<std::string>())) return size;
    }
  }
  return std::nullopt;
}

bool has_size(const GraphNode& node, const NodeInfo& type, std::int64_t size) {
  return effective_value(node, *int_param(type, "width")) == size &&
      effective_value(node, *int_param(type, "height")) == size;
}

}  // namespace

std::map<std::string, Literal> first_values(
    const Graph& graph, const NodeTypes& types, const NodeInfo& type, const KnownModels& models) {
  std::map<std::string, Literal> values;
  for (const PortInfo& port : type.inputs)
    if (port.widget == Widget::Model && port.init.is_null())
      if (const std::string name = models.choice(port.folder); !name.empty()) values[port.name] = name;
  if (sizes_latents(type)) {
    std::optional<std::int64_t> size = size_in(graph, types, models);
    if (!size) size = models.size(kCheckpoints, models.choice(kCheckpoints));
    if (size && *size != int_param(type, "width")->init) values["width"] = values["height"] = *size;
  }
  if (const PortInfo* painting = painting_param(type)) values[painting->name] = "";
  return values;
}

std::vector<Link> obvious_links(const Graph& graph, const NodeTypes& types, const std::string& node) {
  const NodeInfo* info = types.find(graph.node(node).type);
  std::vector<Link> links;
  if (!info) return links;
  for (const PortInfo& input : info->inputs) {
    const auto same = [&](const PortInfo& other) { return other.kind == PortKind::Input && other.type == input.type; };
    if (input.kind != PortKind::Input || input.optional || input.many || input.type.empty()) continue;
    if (std::ranges::count_if(info->inputs, same) != 1 || graph.node(node).inputs.contains(input.name)) continue;
    std::vector<Link> fitting;
    for (const GraphNode* other : graph.nodes()) {
      const NodeInfo* type = other->id == node ? nullptr : types.find(other->type);
      if (!type) continue;
      for (const PortInfo& output : type->outputs)
        if (output.type == input.type) fitting.push_back({{other->id, output.name}, {node, input.name}});
    }
    if (fitting.size() == 1 && check_link(graph, types, fitting.front()).ok()) links.push_back(fitting.front());
  }
  return links;
}

void choose_model(Document& document, const Registry& registry, const std::string& node, const PortInfo& port,
    const std::string& name, const KnownModels& models) {
  constexpr std::int64_t kUsual = 512;  // of models of which nothing is known
  const Graph& graph = document.graph();
  const NodeTypes& types = document.types(registry);
  std::vector<Edit> edits{SetInput{node, port.name, name}};
  const nlohmann::json before = effective_value(graph.node(node), port);
  const std::int64_t old_size =
      before.is_string() ? models.size(port.folder, before.get<std::string>()).value_or(kUsual) : kUsual;
  const std::int64_t new_size = models.size(port.folder, name).value_or(kUsual);
  const std::vector<std::string> fed = graph.descendants(node);
  for (const GraphNode* other : graph.nodes()) {
    const NodeInfo* info = types.find(other->type);
    if (port.folder != kCheckpoints || old_size == new_size || !info || !sizes_latents(*info) ||
        !has_size(*other, *info, old_size))
      continue;
    const std::vector<std::string> both = graph.descendants(other->id);
    if (std::ranges::none_of(both, [&](const std::string& id) { return std::ranges::find(fed, id) != fed.end(); }))
      continue;
    for (const char* side : {"width", "height"})
      if (!source_of(*other, side)) edits.push_back(SetInput{other->id, side, new_size});
  }
  document.apply(tr_format("Change {}", port.name), std::move(edits));
  document.end_gesture();
}

}  // namespace weft::editor
