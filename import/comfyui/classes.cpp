#include "import/comfyui/classes.h"

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
