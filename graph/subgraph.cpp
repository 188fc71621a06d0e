#include "graph/subgraph.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace weft {
namespace {

constexpr std::string_view kTypePrefix = "subgraph:";
constexpr const char* kOwnKeys[] = {"title", "nodes", "interface"};

bool is_port_name(std::string_view name) {
  return !name.empty() && std::ranges::none_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '.'; });
}

template <class Ports>
void check_port_names(const Ports& ports, const char* kind, const std::string& type, std::vector<Problem>& problems) {
  std::set<std::string_view> names;
  for (const auto& port : ports) {
    if (!is_port_name(port.name))
      problems.push_back(
          {type, "", fmt::format("'{}' cannot be the name of an {}", port.name, kind), "use letters, digits and '_'"});
    if (!names.insert(port.name).second)
      problems.push_back({type, port.name, fmt::format("two {}s have this name", kind), "rename one of them"});
  }
}

/// Walks the definitions, each after those that it holds.
class NestingOrder {
 public:
  explicit NestingOrder(const Subgraphs& subgraphs) : subgraphs_(subgraphs) {}

  std::vector<std::string> names() {
    for (const auto& [name, subgraph] : subgraphs_) visit(name, subgraph);
    return std::move(order_);
  }

 private:
  /// Gives how many definitions stand inside each other here, this one included.
  std::size_t visit(const std::string& name, const Subgraph& subgraph) {
    if (const auto known = heights_.find(name); known != heights_.end()) return known->second;
    if (std::ranges::find(chain_, name) != chain_.end()) refuse_recursion(name);
    chain_.push_back(name);
    if (chain_.size() > kMaxSubgraphNesting) refuse_depth();
    std::size_t height = 1;
    for (const GraphNode* node : subgraph.graph.nodes()) {
      const auto inner = subgraph_of_type(node->type);
      const auto found = inner ? subgraphs_.find(*inner) : subgraphs_.end();
      if (found != subgraphs_.end()) height = std::max(height, visit(found->first, found->second) + 1);
    }
    if (height > kMaxSubgraphNesting) refuse_depth();
    chain_.pop_back();
    heights_.emplace(name, height);
    order_.push_back(name);
    return height;
  }

  [[noreturn]] void refuse_recursion(const std::string& name) {
    const std::vector<std::string> circle(std::ranges::find(chain_, name), chain_.end());
    throw GraphError(Problem{.node = subgraph_type(name),
        .what = fmt::format("the subgraph holds itself: {} -> {}", fmt::join(circle, " -> "), name),
        .remedy = "take one of these instances away"});
  }

  [[noreturn]] void refuse_depth() const {
    throw GraphError(Problem{.node = subgraph_type(chain_.front()),
        .what = fmt::format("subgraphs are nested deeper than {} levels", kMaxSubgraphNesting),
        .remedy = "unpack some of them"});
  }

  const Subgraphs& subgraphs_;
  std::vector<std::string> chain_;
  std::map<std::string, std::size_t> heights_;
  std::vector<std::string> order_;
};

}  // namespace

const SubgraphInput* SubgraphInterface::find_input(std::string_view name) const {
  const auto found = std::ranges::find(inputs, name, &SubgraphInput::name);
  return found == inputs.end() ? nullptr : &*found;
}

const SubgraphOutput* SubgraphInterface::find_output(std::string_view name) const {
  const auto found = std::ranges::find(outputs, name, &SubgraphOutput::name);
  return found == outputs.end() ? nullptr : &*found;
}

std::string subgraph_type(std::string_view name) { return std::string(kTypePrefix).append(name); }

std::optional<std::string_view> subgraph_of_type(std::string_view type) {
  if (!type.starts_with(kTypePrefix)) return std::nullopt;
  return type.substr(kTypePrefix.size());
}

std::string address_in_subgraph(std::string_view subgraph, std::string_view node) {
  return subgraph_type(subgraph).append("/").append(node);
}

void check_definition(std::string_view name, const Subgraph& subgraph) {
  const std::string type = subgraph_type(name);
  std::vector<Problem> problems;
  if (name.empty() || std::ranges::any_of(name, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    problems.push_back({.node = type,
        .what = "this cannot be the name of a subgraph: it is empty or holds control characters",
        .remedy = "give it a name, such as 'upscale'"});
  check_port_names(subgraph.interface.inputs, "input", type, problems);
  check_port_names(subgraph.interface.outputs, "output", type, problems);
  for (const SubgraphInput& input : subgraph.interface.inputs)
    if (input.targets.empty())
      problems.push_back({type, input.name, "the input leads nowhere", "lead it to a port of one of the nodes"});
  for (const char* key : kOwnKeys)
    if (subgraph.extra.contains(key))
      problems.push_back({.node = type,
          .what = fmt::format("'{}' stands among the unknown keys", key),
          .remedy = "set it in its own place"});
  if (!problems.empty()) throw GraphError(std::move(problems));
}

std::vector<std::string> innermost_first(const Subgraphs& subgraphs) { return NestingOrder(subgraphs).names(); }

}  // namespace weft
