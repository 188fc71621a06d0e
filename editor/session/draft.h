// Draft: a copy of a document's workflow on which a gesture tries its edits, so that each sees what those
// before it did, in the graph that is shown. What it collected becomes one step.
#pragma once

#include <utility>
#include <vector>

#include "editor/session/document.h"

namespace weft::editor {

class Draft {
 public:
  Draft(const Document& document, const Registry& registry)
      : workflow_(document.workflow()), scope_(document.scope()), types_(workflow_.subgraphs, registry) {}

  const Workflow& workflow() const { return workflow_; }
  const Graph& graph() const { return scope_.empty() ? workflow_.graph : workflow_.subgraphs.at(scope_).graph; }
  /// As they were before the gesture.
  const NodeTypes& types() const { return types_; }

  /// In the graph that is shown. Throws GraphError.
  void apply(Edit edit) {
    if (scope_.empty()) return apply_to_workflow(std::move(edit));
    weft::apply(workflow_, EditSubgraph{scope_, {edit}});
    EditSubgraph* last = edits_.empty() ? nullptr : std::get_if<EditSubgraph>(&edits_.back());
    if (last && last->name == scope_)
      last->edits.push_back(std::move(edit));
    else
      edits_.push_back(EditSubgraph{scope_, {std::move(edit)}});
  }
  /// In the whole workflow.
  void apply_to_workflow(Edit edit) {
    weft::apply(workflow_, edit);
    edits_.push_back(std::move(edit));
  }
  /// For Document::apply_to_workflow().
  std::vector<Edit> edits() && { return std::move(edits_); }

 private:
  Workflow workflow_;
  const std::string scope_;
  const NodeTypes types_;
  std::vector<Edit> edits_;
};

}  // namespace weft::editor
