#include "runs/run_changes.h"

#include <algorithm>
#include <map>

#include "editor/session/node_text.h"
#include "editor/session/text.h"
#include "graph/node_types.h"
#include "runs/seeds.h"

namespace weft::editor {
namespace {

const InputValue* value_at(const GraphNode& node, std::string_view port) {
  const auto found = node.inputs.find(port);
  return found == node.inputs.end() ? nullptr : &found->second;
}

/// What counts at a port: links, the literal, or the default.
InputValue effective(const GraphNode& node, const PortInfo* port, std::string_view name) {
  if (const InputValue* value = value_at(node, name)) {
    const Literal* literal = std::get_if<Literal>(value);
    if (!literal || !literal->is_null() || !port) return *value;
  }
  return port ? InputValue(Literal(port->init)) : InputValue(Literal());
}

/// The ports at which the two differ, by name.
std::vector<std::string> differing_ports(const GraphNode& then, const GraphNode& now, const NodeInfo* type) {
  std::vector<std::string> ports;
  if (then.inputs == now.inputs) return ports;
  const auto compare = [&](const std::string& name) {
    const PortInfo* port = type ? type->find_input(name) : nullptr;
    if (effective(then, port, name) != effective(now, port, name)) ports.push_back(name);
  };
  for (const auto& [name, value] : now.inputs) compare(name);
  for (const auto& [name, value] : then.inputs)
    if (!now.inputs.contains(name)) compare(name);
  return ports;
}

bool is_drawn_anew(const GraphNode& node, const NodeInfo* type, const std::string& port) {
  const PortInfo* info = type ? type->find_input(port) : nullptr;
  return info && info->widget == Widget::Seed && seed_mode(node, port) != SeedMode::Fixed;
}

/// Finds what has changed, graph by graph: a definition once for each of its instances.
class Comparison {
 public:
  Comparison(const Workflow& then, const Workflow& now, const Registry& registry)
      : then_(then), now_(now), types_(now.subgraphs, registry) {}

  Ids changed;

  /// `given`: nodes of a definition that get something else from outside.
  void compare(const Graph& then, const Graph& now, const std::string& path, const Ids& given) {
    Ids own = given;
    for (const GraphNode* node : now.nodes())
      if (differs(then.find(node->id), *node)) own.insert(node->id);
    const bool holds_instances = std::ranges::any_of(
        now.nodes(), [](const GraphNode* node) { return subgraph_of_type(node->type).has_value(); });
    if (own.empty() && !holds_instances) return;
    for (const std::string& id : now.topological_order()) {
      const GraphNode& node = now.node(id);
      if (const auto definition = subgraph_of_type(node.type))
        compare_instance(then.find(id), node, std::string(*definition), now, path, own.contains(id));
      else if (own.contains(id) || gets_something_else(now, node, path))
        changed.insert(path + id);
    }
  }

 private:
  bool differs(const GraphNode* then, const GraphNode& now) const {
    if (then == &now) return false;  // unchanged nodes are shared
    if (!then || then->type != now.type || then->state != now.state) return true;
    const NodeInfo* type = types_.find(now.type);
    return std::ranges::any_of(
        differing_ports(*then, now, type), [&](const std::string& port) { return !is_drawn_anew(now, type, port); });
  }

  bool gets_something_else(const Graph& graph, const GraphNode& node, const std::string& path) const {
    return std::ranges::any_of(node.inputs, [&](const auto& input) {
      const Links* links = std::get_if<Links>(&input.second);
      return links &&
          std::ranges::any_of(*links, [&](const PortRef& source) { return has_changed(graph, source, path); });
    });
  }

  /// Of an instance it depends on the output.
  bool has_changed(const Graph& graph, const PortRef& source, const std::string& path) const {
    const GraphNode* node = graph.find(source.node);
    const auto definition = node ? subgraph_of_type(node->type) : std::nullopt;
    const auto found = definition ? now_.subgraphs.find(*definition) : now_.subgraphs.end();
    const SubgraphOutput* output =
        found == now_.subgraphs.end() ? nullptr : found->second.interface.find_output(source.port);
    if (!output || wholly_.contains(path + source.node)) return changed.contains(path + source.node);
    return has_changed(found->second.graph, output->source, path + source.node + "/");
  }

  /// The instance has changed where one of its nodes has.
  void compare_instance(const GraphNode* then, const GraphNode& now, const std::string& name, const Graph& graph,
      const std::string& path, bool differs) {
    const auto old = then_.subgraphs.find(name), held = now_.subgraphs.find(name);
    if (held == now_.subgraphs.end()) return;
    const Subgraph& definition = held->second;
    const std::string inside = path + now.id + "/";
    const bool comparable = then && old != then_.subgraphs.end() && then->type == now.type &&
        then->state == now.state && old->second.interface == definition.interface && now.state == NodeState::Active;
    Ids given;
    for (const SubgraphInput& input : definition.interface.inputs)
      if (!comparable || input_differs(*then, now, input.name, graph, path, differs))
        for (const PortRef& target : input.targets) given.insert(target.node);
    if (!comparable && (differs || gets_something_else(graph, now, path))) wholly_.insert(path + now.id);
    static const Graph kNothing;
    compare(old == then_.subgraphs.end() ? kNothing : old->second.graph, definition.graph, inside, given);
    const auto first = changed.lower_bound(inside);
    const bool within = first != changed.end() && first->starts_with(inside);
    if (within || wholly_.contains(path + now.id)) changed.insert(path + now.id);
  }

  bool input_differs(const GraphNode& then, const GraphNode& now, const std::string& port, const Graph& graph,
      const std::string& path, bool differs) const {
    const InputValue* value = value_at(now, port);
    const InputValue* before = value_at(then, port);
    if (differs && (!value != !before || (value && *value != *before))) return true;
    const Links* links = value ? std::get_if<Links>(value) : nullptr;
    return links &&
        std::ranges::any_of(*links, [&](const PortRef& source) { return has_changed(graph, source, path); });
  }

  const Workflow& then_;
  const Workflow& now_;
  const NodeTypes types_;
  Ids wholly_;  // instances of which every output counts as changed
};

std::string short_text(const Literal& value) {
  constexpr std::size_t kLongest = 24;
  std::string text = value.is_string() ? value.get<std::string>()
      : value.is_number_float()        ? fmt::format("{:.6g}", value.get<double>())
                                       : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::ranges::replace(text, '\n', ' ');
  if (text.size() <= kLongest) return text;
  std::size_t end = kLongest;
  while ((static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // not within a letter
  return text.substr(0, end) + "\u2026";
}

std::string title_of(const GraphNode& node, const NodeInfo* type) {
  return !node.title.empty() ? node.title : type ? shown_title(*type) : node.type;
}

void add_differences(const Graph& before, const Graph& now, const NodeTypes& types, std::vector<std::string>& lines) {
  for (const GraphNode* node : now.nodes()) {
    const GraphNode* old = before.find(node->id);
    const NodeInfo* type = types.find(node->type);
    if (old == node) continue;
    if (!old) {
      lines.push_back("+ " + title_of(*node, type));
      continue;
    }
    if (old->state != node->state) {
      const char* const states[] = {tr("on"), tr("muted"), tr("bypassed")};
      lines.push_back(title_of(*node, type) + " " + states[static_cast<int>(node->state)]);
    }
    for (const std::string& port : differing_ports(*old, *node, type)) {
      const InputValue value = effective(*node, type ? type->find_input(port) : nullptr, port);
      if (const Literal* literal = std::get_if<Literal>(&value))
        lines.push_back(port_label(port) + " " + short_text(*literal));
      else
        for (const PortRef& source : std::get<Links>(value))
          lines.push_back(port_label(port) + " \u2190 " + source.node);
    }
  }
  for (const GraphNode* old : before.nodes())
    if (!now.contains(old->id)) lines.push_back("\u2212 " + title_of(*old, types.find(old->type)));
}

}  // namespace

Ids changed_nodes(const Workflow& then, const Workflow& now, const Registry& registry) {
  Comparison comparison(then, now, registry);
  comparison.compare(then.graph, now.graph, "", {});
  return std::move(comparison.changed);
}

bool StaleResults::is_stale(const Document& document, const Registry& registry,
    const std::shared_ptr<const Workflow>& then, std::string_view address) {
  if (!then) return false;
  Known& known = known_[document.id()];
  if (known.revision != document.revision()) known = {.revision = document.revision(), .changed = {}};
  auto since = std::ranges::find(known.changed, then, [](const auto& each) { return each.first; });
  if (since == known.changed.end())
    since = known.changed.insert(since, {then, changed_nodes(*then, document.workflow(), registry)});
  return since->second.contains(address);
}

std::vector<std::string> job_differences(const Workflow& before, const Workflow& now, const Registry& registry) {
  constexpr std::size_t kMost = 6;
  const NodeTypes types(now.subgraphs, registry);
  std::vector<std::string> lines;
  add_differences(before.graph, now.graph, types, lines);
  for (const auto& [name, definition] : now.subgraphs)
    if (const auto old = before.subgraphs.find(name); old != before.subgraphs.end())
      add_differences(old->second.graph, definition.graph, types, lines);
  if (lines.size() > kMost) {
    lines.resize(kMost);
    lines.emplace_back("\u2026");
  }
  return lines;
}

}  // namespace weft::editor
