#include "runs/node_difference.h"

namespace weft::runs {

const InputValue* value_at(const GraphNode& node, std::string_view port) {
  const auto found = node.inputs.find(port);
  return found == node.inputs.end() ? nullptr : &found->second;
}

InputValue effective(const GraphNode& node, const PortInfo* port, std::string_view name) {
  if (const InputValue* value = value_at(node, name)) {
    const Literal* literal = std::get_if<Literal>(value);
    if (!literal || !literal->is_null() || !port) return *value;
  }
  return port ? InputValue(Literal(port->init)) : InputValue(Literal());
}

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

}  // namespace weft::runs
