#include "runs/seeds.h"

#include "base/json_read.h"
#include "graph/edit.h"
#include "graph/node_types.h"
#include "graph/validate.h"

namespace weft::runs {
namespace {

constexpr const char* kKey = "seed_modes";

/// The seed that stands at a param; nothing if a link does, or a value that is no seed.
std::optional<std::uint64_t> written_seed(const GraphNode& node, const PortInfo& port) {
  const auto input = node.inputs.find(port.name);
  const Literal* literal = input == node.inputs.end() ? &port.init : std::get_if<Literal>(&input->second);
  if (!literal) return std::nullopt;
  try {
    return static_cast<std::uint64_t>(literal_value(port, *literal).as<std::int64_t>());
  } catch (const GraphError&) {
    return std::nullopt;  // the check before the run says why
  }
}

std::uint64_t next_seed(
    SeedMode mode, std::uint64_t written, const std::uint64_t* last, const std::function<std::uint64_t()>& random) {
  if (mode == SeedMode::Random) return random();
  return mode == SeedMode::Increment && last ? *last + 1 : written;
}

/// Of one graph. `address` names its nodes in what is told.
template <class Address>
std::vector<SeedUse> draw_in(Graph& graph, const NodeTypes& types, const LastSeeds& last,
    const std::function<std::uint64_t()>& random, const Address& address) {
  std::vector<SeedUse> used;
  std::vector<SetInput> edits;
  for (const GraphNode* node : graph.nodes()) {
    const NodeInfo* info = types.find(node->type);
    if (!info) continue;
    for (const PortInfo& port : info->inputs) {
      if (port.kind != PortKind::Param || port.widget != Widget::Seed) continue;
      const std::optional<std::uint64_t> written = written_seed(*node, port);
      if (!written) continue;
      const PortRef ref{address(node->id), port.name};
      const SeedMode mode = seed_mode(*node, port.name);
      const auto before = last.find(ref);
      const std::uint64_t* last_seed = before == last.end() ? nullptr : &before->second;
      used.push_back({ref, next_seed(mode, *written, last_seed, random), mode});
      if (mode != SeedMode::Fixed) edits.push_back({node->id, port.name, Literal(used.back().seed)});
    }
  }
  for (SetInput& edit : edits) graph.set_input(edit.node, edit.port, std::move(edit.value));
  return used;
}

}  // namespace

SeedMode seed_mode(const GraphNode& node, std::string_view port) {
  const std::string mode = read_text(read_member(node.ui, kKey), std::string(port).c_str());
  if (mode == "random") return SeedMode::Random;
  return mode == "increment" ? SeedMode::Increment : SeedMode::Fixed;
}

nlohmann::json with_seed_mode(const GraphNode& node, const std::string& port, SeedMode mode) {
  nlohmann::json ui = node.ui;
  nlohmann::json modes = read_member(ui, kKey);
  if (!modes.is_object()) modes = nlohmann::json::object();
  modes.erase(port);
  if (mode != SeedMode::Fixed) modes[port] = mode == SeedMode::Random ? "random" : "increment";
  if (modes.empty())
    ui.erase(kKey);
  else
    ui[kKey] = std::move(modes);
  return ui;
}

std::vector<SeedUse> draw_seeds(
    Workflow& workflow, const Registry& registry, const LastSeeds& last, const std::function<std::uint64_t()>& random) {
  const NodeTypes types(workflow.subgraphs, registry);
  std::vector<SeedUse> all;
  const auto draw = [&](Graph& graph, const auto& address) {
    for (const SeedUse& use : draw_in(graph, types, last, random, address)) all.push_back(use);
  };
  draw(workflow.graph, [](const std::string& node) { return node; });
  for (auto& [name, subgraph] : workflow.subgraphs)
    draw(subgraph.graph, [&name = name](const std::string& node) { return address_in_subgraph(name, node); });
  return all;
}

}  // namespace weft::runs
