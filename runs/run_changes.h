// What has changed since a run: which results are of an earlier version of the workflow, and in what one job differs from
// the one before it. Values are compared, not texts: a param that is taken away counts as its default, and where a node
// lies does not count. [main-thread]
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "editor/session/document.h"
#include "graph/registry.h"

namespace weft::editor {

/// The addresses of those nodes of `now` (instances, and nodes in them, too) that would get or do something else than in
/// `then`: what has changed, what was added, and all that depends on such. Seeds that are drawn anew for each run are no
/// change.
Ids changed_nodes(const Workflow& then, const Workflow& now, const Registry& registry);

/// The same for open documents, worked out once for each of their revisions.
class StaleResults {
 public:
  /// Whether the document would give something else at the node than a run of `then` did. Null: nothing ran.
  bool is_stale(const Document& document, const Registry& registry, const std::shared_ptr<const Workflow>& then,
      std::string_view address);
  void forget(DocumentId document) { known_.erase(document); }

 private:
  struct Known {
    std::uint64_t revision = 0;
    std::vector<std::pair<std::shared_ptr<const Workflow>, Ids>> changed;  ///< since each of these
  };
  std::map<DocumentId, Known> known_;
};

/// In a few words each, what a run of `now` differs in from one of `before`: "CFG 7.5", "Seed 12", "+ Load LoRA". Nodes
/// inside subgraphs among them. At most a handful.
std::vector<std::string> job_differences(const Workflow& before, const Workflow& now, const Registry& registry);

}  // namespace weft::editor
