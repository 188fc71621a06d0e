// Draft: a copy of a document's workflow on which a gesture tries its edits, so that each sees what those
// before it did. What it collected becomes one step.
#pragma once

#include <utility>
#include <vector>

#include "editor/session/document.h"

namespace weft::editor {

class Draft {
 public:
  explicit Draft(const Document& document) : workflow_(document.workflow()) {}

  const Workflow& workflow() const { return workflow_; }
  const Graph& graph() const { return workflow_.graph; }
  /// Throws GraphError.
  void apply(Edit edit) {
    weft::apply(workflow_, edit);
    edits_.push_back(std::move(edit));
  }
  std::vector<Edit> edits() && { return std::move(edits_); }

 private:
  Workflow workflow_;
  std::vector<Edit> edits_;
};

}  // namespace weft::editor
