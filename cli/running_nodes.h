// RunningNodes: which node each thread is in, and what the wanted ones have given so far. So that a line on stderr can be
// told with the node it comes from, and a node that brings the process down is named and costs nobody else's results.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/executor.h"
#include "graph/node_watch.h"

namespace weft::cli {

/// A node that runs. Both are the run's.
struct RunningNode {
  const std::string* id = nullptr;
  const NodeInfo* type = nullptr;
};

class RunningNodes final : public NodeWatch {
 public:
  /// Keeps text and numbers of the nodes of `wanted`, and of nodes inside of instances among them.
  explicit RunningNodes(std::vector<std::string> wanted) : wanted_(std::move(wanted)) {}

  /// Called on the run's threads while `here()` is still the node that ends; may be empty.
  std::function<void()> before_leave;

  void enter(const std::string& node, const NodeInfo& type) override;
  void leave(std::span<const Value> outputs) override;

  /// Of the calling thread; no id if it runs none. Async-signal-safe.
  static const RunningNode& here();
  /// The one that runs; none if several do. [any thread]
  std::optional<RunningNode> only() const;

  /// What the nodes gave that came to their ends. [any thread]
  RunResult so_far() const;

 private:
  bool is_wanted(std::string_view id) const;

  const std::vector<std::string> wanted_;
  mutable std::mutex mutex_;
  std::vector<RunningNode> running_;
  RunResult so_far_;
};

}  // namespace weft::cli
