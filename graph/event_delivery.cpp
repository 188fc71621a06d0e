#include "graph/event_delivery.h"

#include <utility>

namespace weft {

void EventDelivery::send(std::string_view node, EventKind kind) {
  if (!observer_) return;
  std::unique_lock lock(mutex_);
  waiting_.push_back({node, std::move(kind)});
  if (delivering_) return;
  delivering_ = true;
  while (!waiting_.empty()) {
    const std::vector<Event> events = std::exchange(waiting_, {});
    lock.unlock();
    for (const Event& event : events) observer_(event);
    lock.lock();
  }
  delivering_ = false;
  delivered_.notify_all();
}

void EventDelivery::wait() {
  std::unique_lock lock(mutex_);
  delivered_.wait(lock, [this] { return !delivering_; });
}

}  // namespace weft
