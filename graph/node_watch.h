// NodeWatch: told around each call of Node::run(), on the thread that makes it. For what has to know at any moment which
// node a thread is in - whose output a line on stderr is, which node brought the process down. Events (events.h) tell
// people; they may come later, and on another thread.
#pragma once

#include <span>
#include <string>

#include "base/export.h"
#include "graph/registry.h"
#include "graph/value.h"

namespace weft {

class WEFT_EXPORT NodeWatch {
 public:
  virtual ~NodeWatch();
  /// Both live until the run has ended. [run-thread]
  virtual void enter(const std::string& node, const NodeInfo& type) = 0;
  /// `outputs`: what it set; empty if it failed. [run-thread]
  virtual void leave(std::span<const Value> outputs) = 0;
};

}  // namespace weft
