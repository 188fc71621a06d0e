// RunRecord: turns the events of one run into what a window shows of it. Belongs to whoever guards it with a
// lock.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "graph/events.h"
#include "runs/expected_time.h"
#include "runs/run_state.h"

namespace weft::runs {

class RunRecord {
 public:
  using Clock = std::chrono::steady_clock;

  /// `past` is borrowed, and must outlive this.
  RunRecord(std::shared_ptr<const RunOrigin> origin, PastTimes& past) : origin_(std::move(origin)), past_(past) {}

  /// Notes the event in `run`.
  void take(const Event& event, OwnerRun& run, Clock::time_point now);

  struct Outlook {
    double fraction = 0;
    std::optional<double> seconds_left;
  };
  /// How far it is, by what nodes took before and by their own progress.
  Outlook outlook(const OwnerRun& run, Clock::time_point now);

 private:
  struct Times {
    Clock::time_point started, first_progress;
    std::int64_t first_done = 0;
    std::string type;
    Work work;
    std::optional<double> expected;
  };
  Times queued(std::string_view node, Clock::time_point now) const;
  void progress(const std::string& id, const NodeProgress& progress, NodeRun& node, Clock::time_point now);
  std::optional<double> seconds_left(const std::string& id, const NodeRun& node, Clock::time_point now) const;

  const std::shared_ptr<const RunOrigin> origin_;
  PastTimes& past_;
  std::map<std::string, Times, std::less<>> times_;  // of nodes that this run has queued
  double furthest_ = 0;                              // a bar that goes back helps nobody
};

}  // namespace weft::runs
