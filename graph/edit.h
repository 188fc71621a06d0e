// Edits as values: applying one gives its inverse, which is all that undo needs. An edit that throws leaves the workflow as
// it was. What is put together of them for subgraphs is in subgraph_edits.h. [main-thread]
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "graph/workflow.h"

namespace weft {

/// The node becomes the last in order of addition, or comes before the node `before`.
struct AddNode {
  GraphNode node;
  std::string before = {};
};
/// Takes the links that it feeds and the interface's names for it away as well.
struct RemoveNode {
  std::string node;
};
/// Links and the interface follow.
struct RenameNode {
  std::string from, to;
};
struct SetInput {
  std::string node, port;
  InputValue value;
};
struct ClearInput {
  std::string node, port;
};
struct SetTitle {
  std::string node, title;
};
struct SetUi {
  std::string node;
  nlohmann::json ui;
};
struct SetInterface {
  Interface interface;
};
struct EditGroup;
struct SetState {
  std::string node;
  NodeState state;
};
/// What stands at the node's ports stays, whether the new type has such ports or not.
struct SetType {
  std::string node, type;
};
/// Workflow::extra as a whole ("ui": frames, bookmarks and such).
struct SetExtra {
  nlohmann::json extra;
};
/// Adds or replaces a definition; nothing: removes it, and its instances become placeholders.
struct SetSubgraph {
  std::string name;
  std::optional<Subgraph> subgraph;
};
struct EditSubgraph;
/// Everything at once, for what is worked out on a copy. What did not change stays shared, so it costs little.
struct SetWorkflow {
  Workflow workflow;
};

using Edit = std::variant<AddNode, RemoveNode, RenameNode, SetInput, ClearInput, SetTitle, SetUi, SetInterface,
    EditGroup, SetState, SetType, SetExtra, SetSubgraph, EditSubgraph, SetWorkflow>;
/// Several edits that are one step to the user; all or nothing.
struct EditGroup {
  std::vector<Edit> edits;
};
/// Edits of the nodes inside a definition, and of its `extra`; all or nothing. Its interface follows renames and removals
/// as a workflow's does. Throws GraphError for edits of other things, and where a definition would come to hold itself.
struct EditSubgraph {
  std::string name;
  std::vector<Edit> edits;
};

/// Applies `edit`; returns the edit that takes it back, which restores the workflow exactly. Throws GraphError; the
/// workflow is unchanged then. Say weft::apply: an Edit is a std::variant, so the bare name finds std::apply as well.
WEFT_EXPORT Edit apply(Workflow& workflow, const Edit& edit);

}  // namespace weft
