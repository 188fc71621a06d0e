#include "import/comfyui/formats.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "import/comfyui/classes.h"

namespace weft::comfyui {
namespace {

using nlohmann::json;

/// A member of an object; null where there is none.
const json& member(const json& object, const char* key) {
  static const json kNone;
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() ? *found : kNone;
}

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : std::string(); }

/// Ids are texts in one format and numbers in the other.
std::string id_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_integer() ? value.dump() : std::string();
}

/// Slots were written as texts for a while.
std::size_t slot_of(const json& value) {
  if (value.is_number()) {
    const double slot = value.get<double>();
    return slot >= 0 && slot < 1e6 ? static_cast<std::size_t>(slot) : 0;
  }
  const std::string text = text_of(value);
  const bool digits =
      !text.empty() && text.size() < 6 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  return digits ? std::stoul(text) : 0;
}

/// [x, y], or {"0": x, "1": y} as some files have it.
std::optional<double> number_at(const json& list, std::size_t place) {
  const json& value =
      list.is_array() && place < list.size() ? list[place] : member(list, std::to_string(place).c_str());
  return value.is_number() ? std::optional(value.get<double>()) : std::nullopt;
}

std::optional<std::pair<double, double>> pair_of(const json& list) {
  const auto x = number_at(list, 0), y = number_at(list, 1);
  return x && y ? std::optional(std::pair{*x, *y}) : std::nullopt;
}

[[noreturn]] void refuse(const std::string& source, const std::string& what) {
  throw GraphError(Problem{.what = fmt::format("{} is a damaged workflow of ComfyUI: {}", source, what),
      .remedy = "save it again in ComfyUI"});
}

/// The members of an object are values too, "crop_region.x": they count, and what is stored by their names is an echo.
void take_value(const std::string& name, const json& value, Node& read) {
  read.inputs.try_emplace(name, value);
  if (!value.is_object()) return;
  for (const auto& [member, each] : value.items())
    if (each.is_primitive()) read.inputs.try_emplace(name + '.' + member, each);
}

Input api_input(const json& value) {
  if (value.is_array() && value.size() == 2 && !id_of(value[0]).empty() && value[1].is_number())
    return Output{id_of(value[0]), slot_of(value[1])};
  const json& wrapped = member(value, "__value__");  // a list that is no link
  return wrapped.is_null() ? value : wrapped;
}

/// Reads the editor's file: values of widgets have no names in it, and some nodes are there for the eye only.
class EditorFile {
 public:
  EditorFile(const json& file, const Registry& registry, const std::string& source) : file_(file), registry_(registry) {
    for (const json& node : member(file, "nodes")) {
      if (!node.is_object() || id_of(member(node, "id")).empty() || text_of(member(node, "type")).empty())
        refuse(source, "a node has no id or no type");
      by_id_.emplace(id_of(node["id"]), &node);
    }
    for (const json& link : member(file, "links")) read_link(link);
    for (const json& definition : member(member(file, "definitions"), "subgraphs"))
      definition_titles_[text_of(member(definition, "id"))] = text_of(member(definition, "name"));
  }

  Sheet read() {
    Sheet sheet;
    for (const json& node : member(file_, "nodes")) {
      const std::string type = node["type"];
      if (type == "Note" || type == "MarkdownNote")
        sheet.notes.push_back(note(node));
      else if (type != "Reroute" && type != "PrimitiveNode")
        sheet.nodes.push_back(read_node(node, type));
    }
    for (const json& group : member(file_, "groups")) {
      const json& box = member(group, "bounding");
      const auto at = pair_of(box);
      if (!at) continue;
      sheet.groups.push_back({text_of(member(group, "title")), at->first, at->second, number_at(box, 2).value_or(400),
          number_at(box, 3).value_or(300)});
    }
    return sheet;
  }

 private:
  struct Wire {
    std::string node;
    std::size_t slot = 0;
  };

  /// [id, from, slot, to, slot, type], or an object with names.
  void read_link(const json& link) {
    if (link.is_array() && link.size() >= 5)
      wires_[id_of(link[0])] = {id_of(link[1]), slot_of(link[2])};
    else if (link.is_object())
      wires_[id_of(member(link, "id"))] = {id_of(member(link, "origin_id")), slot_of(member(link, "origin_slot"))};
  }

  static Note note(const json& node) {
    const json& values = member(node, "widgets_values");
    const auto at = pair_of(member(node, "pos")).value_or(std::pair{0.0, 0.0});
    const auto size = pair_of(member(node, "size")).value_or(std::pair{280.0, 120.0});
    return {
        values.is_array() && !values.empty() ? text_of(values[0]) : "", at.first, at.second, size.first, size.second};
  }

  /// What comes over a link, through reroutes and from primitives; nothing if its start is gone.
  std::optional<Input> at_end_of(std::string link) const {
    for (std::size_t hops = 0; hops <= by_id_.size(); ++hops) {
      const auto wire = wires_.find(link);
      const auto found = wire == wires_.end() ? by_id_.end() : by_id_.find(wire->second.node);
      if (found == by_id_.end()) return std::nullopt;
      const json& node = *found->second;
      const std::string type = node["type"];
      if (type == "PrimitiveNode") {
        const json& values = member(node, "widgets_values");
        return values.is_array() && !values.empty() ? std::optional<Input>(values[0]) : std::nullopt;
      }
      if (type != "Reroute") return Output{wire->second.node, wire->second.slot};
      const json& inputs = member(node, "inputs");
      link = inputs.is_array() && !inputs.empty() ? id_of(member(inputs[0], "link")) : "";
    }
    return std::nullopt;  // reroutes in a circle
  }

  /// A type that is no text is a list of choices, or a number that stands for any.
  static std::vector<Slot> slots_of(const json& list) {
    std::vector<Slot> slots;
    for (const json& slot : list.is_array() ? list : json::array()) {
      const json& type = member(slot, "type");
      slots.push_back({text_of(member(slot, "name")),
          type.is_array()        ? "COMBO"
              : type.is_string() ? text_of(type)
                                 : "*"});
    }
    return slots;
  }

  Node read_node(const json& node, const std::string& type) const {
    Node read{.id = id_of(node["id"]), .type = type, .title = text_of(member(node, "title"))};
    if (const auto known = definition_titles_.find(type); known != definition_titles_.end() && read.title.empty())
      read.title = known->second;
    read.at = pair_of(member(node, "pos"));
    read.collapsed = member(member(node, "flags"), "collapsed") == true;
    const json& mode = member(node, "mode");
    if (mode == 2) read.state = NodeState::Muted;
    if (mode == 4) read.state = NodeState::Bypassed;
    read.input_slots = slots_of(member(node, "inputs"));
    read.output_slots = slots_of(member(node, "outputs"));
    for (const json& input : member(node, "inputs"))
      if (const std::string link = id_of(member(input, "link")); !link.empty())
        if (auto value = at_end_of(link)) read.inputs[text_of(member(input, "name"))] = *std::move(value);
    read_widgets(node, read);
    return read;
  }

  /// A link wins over the value of its widget, which stays in the file.
  void read_widgets(const json& node, Node& read) const {
    const json& named = member(node, "widgets_values_named");
    const json& values = named.is_object() ? named : member(node, "widgets_values");
    if (values.is_object()) {
      for (const auto& [name, value] : values.items()) read.inputs.try_emplace(name, value);
    } else if (values.is_array()) {
      if (const Known known = registry_.find_foreign(kProgram, read.type); known.type)
        take_in_order(known, values, read);
      else
        take_unknown(node, values, read);
    }
  }

  static void take_in_order(const Known& known, const json& values, Node& read) {
    std::size_t place = 0;
    for (const ForeignInput& input : known.declared->inputs) {
      if (!has_widget(known, input) || !is_there_with(input, choice_of_parent(input.theirs, read))) continue;
      if (place >= values.size()) break;
      take_value(input.theirs, values[place++], read);
      // What shall happen to the seed after a run. It is not taken over: a file that is opened has to give its picture
      // again before anything else happens.
      const PortInfo* port = port_of(known, input);
      const bool seed = port && port->widget == Widget::Seed;
      if (seed && place < values.size() && is_seed_control(values[place])) ++place;
    }
  }

  /// "scale width" for "resize_type.width" where that is what "resize_type" says.
  static std::string choice_of_parent(const std::string& name, const Node& read) {
    const std::size_t dot = name.find('.');
    const auto parent = dot == std::string::npos ? read.inputs.end() : read.inputs.find(name.substr(0, dot));
    const json* choice = parent == read.inputs.end() ? nullptr : std::get_if<json>(&parent->second);
    return choice ? text_of(*choice) : std::string();
  }

  static bool is_seed_control(const json& value) {
    static constexpr std::array<std::string_view, 5> kWords = {
        "fixed", "increment", "decrement", "randomize", "increment-wrap"};
    return value.is_boolean() ||
        (value.is_string() && std::ranges::find(kWords, value.get<std::string>()) != kWords.end());
  }

  /// Files of newer editors tell which inputs have widgets; else values are numbered.
  static void take_unknown(const json& node, const json& values, Node& read) {
    std::vector<std::string> names;
    for (const json& input : member(node, "inputs"))
      if (member(input, "widget").is_object()) names.push_back(text_of(member(member(input, "widget"), "name")));
    for (std::size_t i = 0; i < values.size(); ++i)
      read.inputs.try_emplace(names.size() == values.size() ? names[i] : fmt::format("widget_{}", i), values[i]);
  }

  const json& file_;
  const Registry& registry_;
  std::map<std::string, const json*> by_id_;
  std::map<std::string, Wire> wires_;
  std::map<std::string, std::string> definition_titles_;
};

}  // namespace

bool is_api(const json& json) {
  return json.is_object() && !json.empty() &&
      std::ranges::all_of(json, [](const auto& node) { return node.is_object() && node.contains("class_type"); });
}

bool is_editor_file(const json& json) { return member(json, "nodes").is_array() && member(json, "links").is_array(); }

Sheet read_api(const json& json, const std::string& source) {
  Sheet sheet;
  for (const auto& [id, node] : json.items()) {
    Node read{.id = id,
        .type = text_of(member(node, "class_type")),
        .title = text_of(member(member(node, "_meta"), "title"))};
    if (read.type.empty()) refuse(source, fmt::format("node '{}' has no class_type", id));
    if (const auto& inputs = member(node, "inputs"); inputs.is_object())
      for (const auto& [name, value] : inputs.items()) read.inputs.emplace(name, api_input(value));
    sheet.nodes.push_back(std::move(read));
  }
  return sheet;
}

Sheet read_editor_file(const json& json, const Registry& registry, const std::string& source) {
  return EditorFile(json, registry, source).read();
}

}  // namespace weft::comfyui
