// RunRecord: turns the events of one run into what a window shows of it. Belongs to whoever guards it with a
// lock.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>

#include "editor/session/run_state.h"
#include "graph/events.h"

namespace weft::editor {

/// The node that an address leads to: "upscale/sampler" is in the definition of the instance "upscale". Null
/// if there is none.
const GraphNode* node_at(const Workflow& workflow, std::string_view address);

/// How long nodes of a type took the last time.
using SecondsByType = std::map<std::string, double, std::less<>>;

class RunRecord {
 public:
  using Clock = std::chrono::steady_clock;

  /// `workflow` tells the nodes' types; borrowed, must outlive this.
  RunRecord(const Workflow& workflow, SecondsByType& seconds) : workflow_(workflow), seconds_(seconds) {}

  /// Notes the event in `run`.
  void take(const Event& event, DocumentRun& run, Clock::time_point now);

  struct Outlook {
    double fraction = 0;
    std::optional<double> seconds_left;
  };
  /// How far it is, by what nodes took before and by their own progress.
  Outlook outlook(const DocumentRun& run, Clock::time_point now);

 private:
  struct Times {
    Clock::time_point started, first_progress;
    std::int64_t first_done = 0;
  };
  std::string type_of(std::string_view node) const;
  void progress(const std::string& id, const NodeProgress& progress, NodeRun& node, Clock::time_point now);
  std::optional<double> seconds_left(const std::string& id, const NodeRun& node, Clock::time_point now) const;
  std::optional<double> expected(std::string_view node) const;

  const Workflow& workflow_;
  SecondsByType& seconds_;
  std::map<std::string, Times, std::less<>> times_;  // of nodes that this run has queued
  double furthest_ = 0;                              // a bar that goes back helps nobody
};

}  // namespace weft::editor
