#include "graph/node.h"

namespace weft {

std::string Node::fingerprint(const RunContext&) const { return {}; }

namespace detail {

std::uint16_t declare_port(Node& node, PortInfo info) {
  std::vector<PortInfo>& ports = info.kind == PortKind::Output ? node.outputs_ : node.inputs_;
  ports.push_back(std::move(info));
  return static_cast<std::uint16_t>(ports.size() - 1);
}

}  // namespace detail
}  // namespace weft
