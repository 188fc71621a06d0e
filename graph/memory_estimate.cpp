#include "graph/memory_estimate.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <variant>

#include "base/byte_text.h"
#include "graph/graph.h"

namespace weft {
namespace {

struct Size {
  double width = 0, height = 0, batch = 1;
  double pixels() const { return width * height * batch; }
};
using Sizes = std::unordered_map<std::string, Size>;

/// What stands at a numeric param; nothing if there is no such param, or a link decides.
std::optional<double> number_at(const GraphNode& node, const NodeInfo& info, std::string_view name) {
  const PortInfo* port = info.find_input(name);
  if (!port || port->kind != PortKind::Param) return std::nullopt;
  const auto given = node.inputs.find(name);
  const Literal* literal = &port->init;
  if (given != node.inputs.end()) literal = std::get_if<Literal>(&given->second);
  if (!literal || !literal->is_number()) return std::nullopt;
  return literal->get<double>();
}

/// The largest picture that comes in.
Size incoming(const GraphNode& node, const Sizes& sizes) {
  Size largest;
  for (const auto& [port, value] : node.inputs) {
    const auto* links = std::get_if<Links>(&value);
    if (!links) continue;
    for (const PortRef& source : *links) {
      const auto found = sizes.find(source.node);
      if (found != sizes.end() && found->second.pixels() > largest.pixels()) largest = found->second;
    }
  }
  return largest;
}

Size size_of(const GraphNode& node, const NodeInfo& info, const Sizes& sizes) {
  Size size = incoming(node, sizes);
  const auto width = number_at(node, info, "width"), height = number_at(node, info, "height");
  if (width && height && *width > 0 && *height > 0) {
    size.width = *width;
    size.height = *height;
  }
  size.batch = number_at(node, info, "batch").value_or(size.batch) * number_at(node, info, "times").value_or(1);
  return size;
}

}  // namespace

std::vector<Problem> memory_warnings(
    const Graph& graph, const Registry& registry, std::span<const std::string> wanted, std::uint64_t total) {
  const auto counts = [&](const GraphNode* node) {
    const NodeInfo* info = registry.find(node->type);
    return info && info->options.bytes_per_pixel > 0;
  };
  if (std::ranges::none_of(graph.nodes(), counts)) return {};  // large graphs are made of other nodes
  Sizes sizes;
  std::vector<Problem> warnings;
  for (const std::string& id : graph.with_ancestors(wanted)) {
    const GraphNode& node = graph.node(id);
    const NodeInfo* info = registry.find(node.type);
    if (!info || info->options.bytes_per_pixel <= 0) continue;
    const Size size = size_of(node, *info, sizes);
    sizes.emplace(id, size);
    const double bytes = size.pixels() * info->options.bytes_per_pixel;
    if (bytes <= static_cast<double>(total)) continue;
    warnings.push_back({.node = id,
        .what = fmt::format("{} will need about {} for {} x {}, batch {}, with a model of the usual size; "
                            "{} are there",
            node.type, byte_text(static_cast<std::uint64_t>(std::min(bytes, 0x1p63))), size.width, size.height,
            size.batch, byte_text(total)),
        .remedy = "choose a smaller size, a smaller batch or tiles"});
  }
  return warnings;
}

}  // namespace weft
