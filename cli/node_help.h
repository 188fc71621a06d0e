// Node help: what a node type's declaration says, as text for a terminal and as Markdown for docs/nodes.md.
#pragma once

#include <span>
#include <string>

#include "graph/registry.h"

namespace weft::cli {

/// One line a node, grouped by menu.
std::string catalogue_text(std::span<const NodeInfo* const> nodes);
/// Everything of one node.
std::string node_text(const NodeInfo& node);
/// A page with every node, grouped by menu.
std::string catalogue_markdown(std::span<const NodeInfo* const> nodes);

const char* lane_name(Lane lane);

}  // namespace weft::cli
