#include "import/comfyui/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <tuple>

#include "base/error.h"
#include "graph/placeholder.h"
#include "import/comfyui/classes.h"
#include "import/comfyui/formats.h"
#include "import/comfyui/switches.h"

namespace weft::comfyui {
namespace {

using nlohmann::json;

/// Lower case, digits and '_', as names of ports are: "CONDITIONING" and "sampler name".
std::string as_port(const std::string& name) {
  std::string port;
  for (const char c : name) {
    const bool upper = c >= 'A' && c <= 'Z', word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    port += upper ? static_cast<char>(c - 'A' + 'a') : word ? c : '_';
  }
  if (port.empty() || port[0] < 'a' || port[0] > 'z') port.insert(0, "in_");
  return port;
}

/// The ports of a placeholder; names that would be the same twice are told apart by their place.
std::vector<StatedPort> own_ports(const std::vector<Slot>& slots) {
  std::vector<StatedPort> ports;
  std::set<std::string> taken;
  for (const Slot& slot : slots) {
    std::string name = as_port(slot.name);
    while (!taken.insert(name).second) name += fmt::format("_{}", ports.size());
    ports.push_back({std::move(name), own_type(slot.type)});
  }
  return ports;
}

/// What ComfyUI writes beside inputs, and its server does not read either.
bool is_idle(const std::string& input) {
  static constexpr std::array<std::string_view, 4> kIdle = {
      "is_changed", "upload", "choose file to upload", "control_after_generate"};
  return std::ranges::find(kIdle, input) != kIdle.end();
}

/// Names with their numbers counted: "image2" before "image10".
std::vector<std::string> in_natural_order(const std::map<std::string, Input>& inputs) {
  const auto split = [](const std::string& name) {
    const std::size_t digits = name.find_last_not_of("0123456789") + 1;
    return std::tuple(std::string_view(name).substr(0, digits), name.size() - digits, name);
  };
  std::vector<std::string> names;
  for (const auto& [name, input] : inputs) names.push_back(name);
  std::ranges::sort(names, {}, split);
  return names;
}

class Importer {
 public:
  explicit Importer(const Registry& registry) : registry_(registry) {}

  Imported convert(Sheet sheet) {
    made_.remarks = resolve_switches(sheet);
    for (const Node& node : sheet.nodes)
      sources_[node.id] = {&node, registry_.find_foreign(kProgram, node.type), own_ports(node.output_slots)};
    std::vector<GraphNode> nodes;
    for (const Node& node : sheet.nodes) nodes.push_back(converted(node));
    made_.workflow.graph.add_all(std::move(nodes));
    add_notes(sheet);
    for (const std::string& type : missing_)
      made_.remarks.push_back(fmt::format("Weft has no node for '{}' of ComfyUI: it stays as a placeholder", type));
    return std::move(made_);
  }

 private:
  /// Instances of subgraphs are addressed with '/'.
  static std::string own_id(std::string id) {
    std::ranges::replace(id, '/', '_');
    return id;
  }

  GraphNode converted(const Node& node) {
    const Known known = sources_.at(node.id).known;
    if (!known.type) missing_.insert(node.title.empty() ? node.type : node.title);
    GraphNode made{.id = own_id(node.id),
        .type = known.type ? known.type->id : fmt::format("{}.{}", kProgram, node.type),
        .title = node.title,
        .state = node.state};
    if (node.at) made.ui = {{"x", node.at->first}, {"y", node.at->second}};
    if (node.collapsed) made.ui["collapsed"] = true;
    for (const std::string& name : in_natural_order(node.inputs))
      take_input(node, known, name, node.inputs.at(name), made);
    if (!known.type && !(node.input_slots.empty() && node.output_slots.empty()))
      state_ports(made, {own_ports(node.input_slots), sources_.at(node.id).outputs});
    return made;
  }

  void take_input(const Node& node, const Known& known, const std::string& name, const Input& input, GraphNode& made) {
    const ForeignInput* declared = nullptr;
    const PortInfo* port = nullptr;
    if (known.type) {
      declared = declared_input(known, name);
      if (!declared && !is_idle(name))
        made_.remarks.push_back(
            fmt::format("'{}' of node {} ({}) is not known: it is left out", name, node.id, node.type));
      port = declared ? port_of(known, *declared) : nullptr;
      if (declared && !port && std::holds_alternative<Output>(input))
        made_.remarks.push_back(
            fmt::format("'{}' of node {} ({}) takes no link: it is left out", name, node.id, node.type));
      if (declared) take_members(node, known, name, input, made);
      if (!port) return;
    }
    const std::string ours = port ? port->name : as_port(name);
    if (const auto* output = std::get_if<Output>(&input)) {
      if (auto source = port_of_output(*output, node)) add_link(made, ours, port, *std::move(source));
    } else if (const json& value = std::get<json>(input); !value.is_null()) {
      const json own = port ? own_value(*port, *declared, value) : value;
      made.inputs.insert_or_assign(ours, own.is_structured() ? json(own.dump()) : own);
    }
  }

  /// An object's members, where the class declares them as "region.x"; a value that is there by that name wins.
  void take_members(
      const Node& node, const Known& known, const std::string& name, const Input& input, GraphNode& made) {
    const json* const object = std::get_if<json>(&input);
    if (!object || !object->is_object()) return;
    for (const auto& [member, value] : object->items())
      if (const std::string inner = name + '.' + member; declared_input(known, inner) && !node.inputs.contains(inner))
        take_input(node, known, inner, value, made);
  }

  /// Several inputs there may be one here that takes many.
  static void add_link(GraphNode& made, const std::string& ours, const PortInfo* port, PortRef source) {
    const auto given = made.inputs.find(ours);
    Links* const links = given == made.inputs.end() ? nullptr : std::get_if<Links>(&given->second);
    if (links && port && port->many)
      links->push_back(std::move(source));
    else
      made.inputs.insert_or_assign(ours, Links{std::move(source)});
  }

  struct Source {
    const Node* node = nullptr;
    Known known = {};
    std::vector<StatedPort> outputs = {};
  };

  /// Behind nodes that give a picture again as it came to them.
  std::optional<Output> where_made(Output output) const {
    for (std::size_t hops = 0; hops <= sources_.size(); ++hops) {
      const auto source = sources_.find(output.node);
      if (source == sources_.end() || !source->second.known.type || output.slot > 0) return output;
      const std::string& passed_on = source->second.known.declared->passes_on;
      const Node& node = *source->second.node;
      const auto input = passed_on.empty() ? node.inputs.end() : node.inputs.find(passed_on);
      const auto* next = input == node.inputs.end() ? nullptr : std::get_if<Output>(&input->second);
      if (!next || node.state == NodeState::Muted) return output;
      output = *next;
    }
    return std::nullopt;  // in a circle
  }

  std::optional<PortRef> port_of_output(const Output& output, const Node& reader) {
    const auto leave_out = [&](const std::string& why) {
      made_.remarks.push_back(fmt::format("node {} has a link from {}: it is left out", reader.id, why));
      return std::nullopt;
    };
    const std::optional<Output> made = where_made(output);
    if (!made) return leave_out(fmt::format("node {}, which has it from itself", output.node));
    const auto source = sources_.find(made->node);
    if (source == sources_.end()) return leave_out(fmt::format("node {}, which is not there", made->node));
    const auto& [node, known, outputs] = source->second;
    if (known.type && made->slot >= known.declared->outputs.size())
      return leave_out(
          fmt::format("output {} of node {} ({}), which has none", made->slot, made->node, known.declared->name));
    std::string port = known.type     ? known.declared->outputs[made->slot]
        : made->slot < outputs.size() ? outputs[made->slot].name
                                      : fmt::format("output_{}", made->slot);
    return PortRef{own_id(made->node), std::move(port)};
  }

  void add_notes(const Sheet& sheet) {
    const auto listed = [](const std::vector<Note>& notes, const char* id, const char* text) {
      json list = json::array();
      for (const Note& note : notes)
        list.push_back({{"id", fmt::format("{}_{}", id, list.size() + 1)}, {text, note.text}, {"x", note.x},
            {"y", note.y}, {"width", note.width}, {"height", note.height}});
      return list;
    };
    json ui = json::object();
    if (!sheet.groups.empty()) ui["frames"] = listed(sheet.groups, "group", "title");
    if (!sheet.notes.empty()) ui["comments"] = listed(sheet.notes, "note", "text");
    if (!ui.empty()) made_.workflow.extra["ui"] = std::move(ui);
  }

  const Registry& registry_;
  std::map<std::string, Source> sources_;  // by the node's id
  std::set<std::string> missing_;
  Imported made_;
};

/// Places, titles, types of ports, groups and notes.
void take_looks(Sheet from, Sheet& into) {
  for (Node& node : into.nodes)
    if (const auto same = std::ranges::find(from.nodes, node.id, &Node::id); same != from.nodes.end()) {
      node.at = same->at;
      node.collapsed = same->collapsed;
      if (!same->title.empty()) node.title = same->title;
      node.input_slots = same->input_slots;
      node.output_slots = same->output_slots;
    }
  into.groups = std::move(from.groups);
  into.notes = std::move(from.notes);
}

}  // namespace

bool is_workflow(const json& json) { return is_api(json) || is_editor_file(json); }

Imported import_workflow(
    const json& json, const Registry& registry, const std::string& source, const nlohmann::json& editor_file) {
  if (is_api(json)) {
    Sheet sheet = read_api(json, source);
    if (is_editor_file(editor_file)) take_looks(read_editor_file(editor_file, registry, source), sheet);
    return Importer(registry).convert(std::move(sheet));
  }
  if (is_editor_file(json)) return Importer(registry).convert(read_editor_file(json, registry, source));
  throw GraphError(Problem{.what = fmt::format("{} is no workflow of ComfyUI", source),
      .remedy = "give its API format or the file that its editor saves"});
}

}  // namespace weft::comfyui
