// KeptRuns: what is known of each owner's nodes from the runs that they were in. What was published is never changed: the next
// change makes a copy. Belongs to whoever guards it with a lock.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/sweep_run.h"
#include "runs/run_state.h"

namespace weft::runs {

class KeptRuns {
 public:
  /// For changing.
  OwnerRun& of(OwnerId owner);
  /// For a RunState.
  std::map<OwnerId, std::shared_ptr<const OwnerRun>> publish();
  void forget(OwnerId owner) { held_.erase(owner); }

  /// What failed or did not end before is no longer said of the nodes.
  void begin(const Job& job);
  /// The run did not begin: its problems stand at their nodes.
  void refuse(const Job& job, const std::vector<Problem>& problems);
  void keep(OwnerId owner, const std::string& node, std::vector<OutputView> outputs,
      std::vector<std::filesystem::path> files);
  /// The table stands at what made its pictures, for a viewer, and at what would have saved them.
  void keep_table(
      OwnerId owner, const host::SweepTable& table, OutputView view, const std::vector<std::string>& warnings);

 private:
  struct Held {
    std::shared_ptr<OwnerRun> run;
    bool published = false;
  };
  std::map<OwnerId, Held> held_;
};

}  // namespace weft::runs
