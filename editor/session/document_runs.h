// Runs of documents: what is asked of the run queue, which knows no document (runs/run_queue.h), and what it knows of the nodes
// that a document shows. A document is the owner of its runs, by its id. [main-thread]
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "editor/session/document.h"
#include "runs/run_queue.h"

namespace weft::editor {

/// A run of the document as it is now: everything, or up to the nodes that are `wanted`.
runs::JobRequest run_of(const Document& document, std::vector<std::string> wanted = {});
/// Of its sweep.
runs::JobRequest sweep_run_of(const Document& document);
/// What jobs say of themselves, in the user's language.
runs::Wording shown_wording();

/// What is known of a node that the document shows; of an instance, what its nodes together say. Nothing if no run has met it.
std::optional<runs::NodeRun> node_run(const runs::OwnerRun& run, const Document& document, const std::string& node);

/// Which results are of an earlier version of a document (runs/run_changes.h), worked out once for each of its revisions.
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

}  // namespace weft::editor
