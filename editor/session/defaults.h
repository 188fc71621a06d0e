// What a new node begins with, beside what its type says: the model that there is, the size of that model's pictures, the
// links about which there is no doubt. [main-thread]
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "editor/session/document.h"
#include "editor/session/links.h"
#include "graph/node_types.h"

namespace weft::editor {

/// The models of this machine, as far as they are known by now.
struct KnownModels {
  /// What a new loader of this kind ("checkpoints") chooses: the only one, or the last that was used; empty: none.
  std::function<std::string(const std::string& folder)> choice;
  /// The side of its pictures in pixels.
  std::function<std::optional<std::int64_t>(const std::string& folder, const std::string& name)> size;
};

/// Values for a new node of this type: a model where one is wanted; for an empty latent the size of the checkpoint that is
/// in the graph, or would be chosen; for a painting none at all, as it is about to be made.
std::map<std::string, Literal> first_values(
    const Graph& graph, const NodeTypes& types, const NodeInfo& type, const KnownModels& models);

/// Links to the node's required inputs for which the graph has just one output, and the node one input, of their type.
std::vector<Link> obvious_links(const Graph& graph, const NodeTypes& types, const std::string& node);

/// Chooses a model as one step. Empty latents that end up with it in one sampler, and have the size of the model before,
/// take the size of this one.
void choose_model(Document& document, const Registry& registry, const std::string& node, const PortInfo& port,
    const std::string& name, const KnownModels& models);

}  // namespace weft::editor
