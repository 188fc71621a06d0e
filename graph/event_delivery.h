// EventDelivery: takes a run's events from its threads to the observer, one call at a time, in order.
//
// Rationale. Whoever brings an event while nobody delivers becomes the one who delivers, until none is left;
// others only leave theirs and go on. So no lock is held while the observer runs: a slow one, or one that
// waits for another node, keeps one thread and not all.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string_view>
#include <vector>

#include "graph/events.h"

namespace weft {

class EventDelivery {
 public:
  /// Borrowed; may be empty.
  explicit EventDelivery(const Observer& observer) : observer_(observer) {}

  /// Whether anybody looks: nothing needs to be sent otherwise.
  explicit operator bool() const { return static_cast<bool>(observer_); }
  /// `node` must stay valid until wait() has returned. [any thread]
  void send(std::string_view node, EventKind kind);
  /// Returns when all that was sent is delivered.
  void wait();

 private:
  const Observer& observer_;
  std::mutex mutex_;
  std::condition_variable delivered_;
  std::vector<Event> waiting_;
  bool delivering_ = false;
};

}  // namespace weft
