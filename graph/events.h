// Events of a run, in the order in which they happen to each node: queued, then cached, or started -
// progress, preview, warning ... - finished | failed | cancelled, or skipped (an ancestor failed). Observers
// are called one at a time; they must be quick and not throw. [run-thread]
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "graph/device.h"
#include "graph/value.h"

namespace weft {

struct RunStarted {
  std::size_t nodes;  ///< how many the plan holds: those that run, and those that the cache has
};
struct NodeQueued {};
struct NodeCached {};
struct NodeStarted {
  Device device;
  std::string why;  ///< why it runs: "not cached: param 'steps' changed", "never cached" ...
};
struct NodeProgress {
  std::int64_t done, total;
};
struct NodePreview {
  Picture picture;
};
struct NodeWarning {
  std::string text;
};
struct NodeFinished {
  std::chrono::nanoseconds time;
  std::uint64_t bytes;  ///< of its outputs
};
struct NodeFailed {
  Problem problem;
};
struct NodeSkipped {
  std::string because_of;  ///< id of the ancestor that failed, or that is muted; of the node itself if that is muted
  bool muted = false;      ///< nothing failed: the user has switched it off. The only event of such a node.
};
struct NodeCancelled {};
struct RunFinished {
  std::size_t ran, cached, failed, skipped;
  bool cancelled;
  std::chrono::nanoseconds time;
};

using EventKind = std::variant<RunStarted, NodeQueued, NodeCached, NodeStarted, NodeProgress, NodePreview, NodeWarning,
    NodeFinished, NodeFailed, NodeSkipped, NodeCancelled, RunFinished>;

struct Event {
  std::string_view node;  ///< id; empty for the run's own events. Valid during the call.
  EventKind kind;
};

using Observer = std::function<void(const Event&)>;

/// "node_progress", ...: the stable names that `--progress json` prints.
WEFT_EXPORT nlohmann::json to_json(const Event& event);

}  // namespace weft
