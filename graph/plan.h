// Plan: the nodes that a request needs, in an order in which they can run, with names resolved to numbers.
// Immutable, so that the executor keeps it and a second run of the same snapshot starts at once. [any thread]
//
// Keys: what a plan's nodes are called in the cache, this time. Apart from the plan, because a file may
// change, and with it a fingerprint, while the graph stays as it is.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/content_hash.h"
#include "graph/device.h"
#include "graph/graph.h"
#include "graph/registry.h"

namespace weft {

/// Place of a node in its plan.
using PlanIndex = std::uint32_t;
inline constexpr PlanIndex kNoNode = std::numeric_limits<PlanIndex>::max();

/// The output at the other end of a link.
struct Source {
  PlanIndex node;
  std::uint16_t output;
  bool to_float;  ///< an "int" that feeds a "float"
};

/// What stands at one input or param: links, a literal, or neither (then the type's default, or nothing).
struct PortSource {
  std::uint32_t first_link = 0;  ///< in Plan::links
  std::uint32_t link_count = 0;
  const nlohmann::json* literal = nullptr;
};

struct PlanType {
  const NodeInfo* info = nullptr;
  std::vector<Value> defaults;  ///< by input index; empty values for inputs
};

struct PlanNode {
  const GraphNode* node;
  std::uint32_t type;          ///< in Plan::types
  std::uint32_t first_port;    ///< in Plan::ports; as many as the type has inputs
  std::uint32_t first_link;    ///< in Plan::links; the next node's first_link ends them
  std::uint32_t first_output;  ///< number of this node's first output among all outputs of the plan
  ContentHash params;          ///< of type, revision and literals with defaults filled in
};

class Plan {
 public:
  /// Opens no plugin. Throws GraphError with every problem of what `wanted` needs; empty: what default_results() says.
  WEFT_EXPORT static std::shared_ptr<const Plan> make(
      const Graph& graph, const Registry& registry, const std::vector<std::string>& wanted);

  const Graph& graph() const { return graph_; }
  /// The snapshot that the plan was made with; it keeps what types() point to.
  const Registry& registry() const { return registry_; }
  std::span<const PlanType> types() const { return types_; }
  /// In an order in which they can run.
  std::span<const PlanNode> nodes() const { return {nodes_.data(), size()}; }
  std::size_t size() const { return nodes_.size() - 1; }
  std::size_t output_count() const { return nodes_.back().first_output; }
  std::span<const PlanIndex> wanted() const { return wanted_; }

  const std::string& id(PlanIndex i) const { return nodes_[i].node->id; }
  const PlanType& type(PlanIndex i) const { return types_[nodes_[i].type]; }
  std::span<const PortSource> ports(PlanIndex i) const {
    return std::span(ports_).subspan(nodes_[i].first_port, type(i).info->inputs.size());
  }
  std::span<const Source> links(const PortSource& port) const {
    return std::span(links_).subspan(port.first_link, port.link_count);
  }
  /// All links of a node, port by port.
  std::span<const Source> links(PlanIndex i) const {
    return std::span(links_).subspan(nodes_[i].first_link, nodes_[i + 1].first_link - nodes_[i].first_link);
  }
  /// The nodes that read this one, once for each link.
  std::span<const PlanIndex> readers(PlanIndex i) const {
    return std::span(readers_).subspan(first_reader_[i], first_reader_[i + 1] - first_reader_[i]);
  }
  /// kNoNode if it is not in the plan.
  PlanIndex find(std::string_view id) const;

 private:
  friend class Planner;

  Plan(const Graph& graph, const Registry& registry) : graph_(graph), registry_(registry) {}

  Graph graph_;  // this and the next keep what the pointers below point to
  Registry registry_;
  std::vector<PlanIndex> wanted_;
  std::vector<PlanType> types_;
  std::vector<PlanNode> nodes_;  // one more than there are, to end the last one's ranges
  std::vector<PortSource> ports_;
  std::vector<Source> links_;
  std::vector<PlanIndex> readers_;
  std::vector<std::uint32_t> first_reader_;
  std::vector<PlanIndex> by_vertex_;
};

/// The code of a plan's node types, from their plugins, which are opened for it. Stays valid as long as the plan.
class WEFT_EXPORT PlanCode {
 public:
  explicit PlanCode(const Plan& plan);

  /// Null if the plugin could not be loaded.
  const Node* find(const PlanNode& node) const { return types_[node.type].code; }
  /// Why it could not be.
  const std::string& problem(const PlanNode& node) const { return types_[node.type].problem; }

 private:
  struct Type {
    const Node* code = nullptr;
    std::string problem;
  };
  std::vector<Type> types_;  // as Plan::types()
};

/// What of a run's surroundings results depend on. Paths are not in it: nodes whose results depend on files
/// say so by their fingerprint.
struct KeyEnvironment {
  std::string dtype;
  std::string device_kind;
  bool operator==(const KeyEnvironment&) const = default;
};

struct Keys {
  KeyEnvironment environment;
  std::vector<ContentHash> keys;  ///< by PlanIndex
  std::vector<bool> once;  ///< the key is of this run alone: nothing to keep
  std::size_t once_count = 0;
  std::unordered_map<PlanIndex, std::string> fingerprints;  ///< of those nodes that have one
  std::unordered_map<PlanIndex, Problem> problems;  ///< nodes that cannot run, known before they are tried
};

/// The keys of this run, or `before` itself if they would be the same. `run_number` is in the keys of nodes
/// that are never cached.
std::shared_ptr<const Keys> make_keys(const Plan& plan, const PlanCode& code, const RunEnvironment& environment,
    const Device& device, std::uint64_t run_number, std::shared_ptr<const Keys> before);

}  // namespace weft
