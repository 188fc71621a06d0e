// Expansion: the plain graph that a run works on. Subgraphs have given way to their nodes, whose ids are paths
// ("upscale/sampler"); muted nodes and what needs them are left out; links lead around bypassed nodes. So scheduler, cache
// and events know nothing of all that, and equal nodes of two instances are computed once. [any thread]
//
// What a muted node feeds goes without it where that is possible: at an optional input, and in a list of
// links that has others.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "graph/registry.h"
#include "graph/subgraph.h"

namespace weft {

/// A node that does not run, as it or what it needs is muted.
struct SkippedNode {
  std::string node;  ///< a path
  std::string because_of;  ///< the muted node; `node` itself if it is that
};

struct Expansion {
  Graph graph;
  std::vector<std::string> wanted;  ///< nodes of `graph`
  std::vector<SkippedNode> skipped;
  /// Of wanted instances and bypassed nodes, by output: what stands for it in `graph`; nothing where it is
  /// skipped.
  std::map<std::string, std::vector<std::optional<PortRef>>, std::less<>> outputs;
};

/// `wanted`: ids, or paths into instances; empty: what default_results() says. A graph without subgraphs and
/// without muted or bypassed nodes comes back as it is, `wanted` too. Throws GraphError where a bypassed node
/// has nothing to pass to one that is needed, where all that is wanted is muted, or the result has more than
/// 250,000 nodes.
WEFT_EXPORT Expansion expand(
    const Graph& graph, const Subgraphs& subgraphs, const Registry& registry, std::span<const std::string> wanted = {});

/// The node of `graph` that a path leads into: "upscale" of "upscale/sampler". Empty if there is none.
WEFT_EXPORT std::string node_of_path(const Graph& graph, const std::string& path);

}  // namespace weft
