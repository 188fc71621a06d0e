// cancel_point(): where a cancel lands in long work that knows no RunContext: between the layers of a network, the
// tensors of a file that is read, the pieces of a file that is hashed. The executor opens a CancelScope around each
// node's run(); outside of one, as in the trainer and on OpenMP's threads, a cancel point does nothing.
#pragma once

#include "base/export.h"

namespace weft {

/// Throws Cancelled if a cancel was asked for of the node that runs on this thread. Costs a look at one pointer, so it
/// may stand before anything that takes a millisecond. Not to be called where no exception may leave.
WEFT_EXPORT void cancel_point();

/// What a cancel point asks.
class CancelCheck {
 public:
  /// Throws Cancelled if a cancel was asked for. [run-thread]
  virtual void check_cancel() = 0;

 protected:
  ~CancelCheck() = default;
};

/// As long as it lives, cancel points of its thread ask `check` (borrowed). Null: they do nothing, for work that must
/// come to its end, such as a recording of GPU work.
class WEFT_EXPORT CancelScope {
 public:
  explicit CancelScope(CancelCheck* check);
  ~CancelScope();
  CancelScope(const CancelScope&) = delete;
  CancelScope& operator=(const CancelScope&) = delete;

 private:
  CancelCheck* outer_;
};

}  // namespace weft
