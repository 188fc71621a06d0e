#include "import/comfyui/classes.h"

#include <fmt/format.h>

#include <algorithm>

namespace weft::comfyui {
namespace {

using nlohmann::json;

std::string file_name(std::string name) {
  for (const std::string_view folder : {" [input]", " [output]", " [temp]"})
    if (name.ends_with(folder)) name.resize(name.size() - folder.size());
  std::ranges::replace(name, '\\', '/');
  return name;
}

}  // namespace

const ForeignInput* declared_input(const Known& known, std::string_view name) {
  const auto is_it = [&](const ForeignInput& input) {
    const std::string_view theirs = input.theirs;
    if (!theirs.ends_with('*')) return theirs == name;
    const std::string_view stem = theirs.substr(0, theirs.size() - 1);
    return name.size() > stem.size() && name.starts_with(stem) &&
        name.find_first_not_of("0123456789", stem.size()) == std::string_view::npos;
  };
  const auto found = std::ranges::find_if(known.declared->inputs, is_it);
  return found == known.declared->inputs.end() ? nullptr : &*found;
}

bool is_there_with(const ForeignInput& input, const std::string& parent) {
  return parent.empty() || input.values.empty() || input.values.contains(parent);
}

const PortInfo* port_of(const Known& known, const ForeignInput& input) {
  return input.ours.empty() ? nullptr : known.type->find_input(input.ours);
}

bool has_widget(const Known& known, const ForeignInput& input) {
  const PortInfo* port = port_of(known, input);
  return !port || port->kind == PortKind::Param;
}

json own_value(const PortInfo& port, const ForeignInput& input, const json& value) {
  const bool file = port.widget == Widget::File || port.widget == Widget::Model;
  if (file && value.is_string()) return file_name(value.get<std::string>());
  if (port.widget == Widget::Color && value.is_number_integer())
    return fmt::format("#{:06x}", value.get<std::int64_t>() & 0xffffff);
  return input.value_of(value);
}

std::string own_type(std::string_view theirs) {
  if (theirs == "*") return "any";
  if (theirs == "BOOLEAN") return "bool";
  if (theirs == "COMBO") return "string";
  std::string type(theirs);
  std::ranges::transform(
      type, type.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return type;
}

}  // namespace weft::comfyui
