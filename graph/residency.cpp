#include "graph/residency.h"

#include <chrono>
#include <mutex>
#include <utility>

#include "base/error.h"

namespace weft {

DeviceMemory Residency::make_room(std::uint64_t bytes) const {
  if (!runtime_) return {};
  const DeviceMemory memory = runtime_->memory(device_);
  if (memory.free >= bytes || ledger_->make_room(device_, bytes - memory.free) == 0) return memory;
  return runtime_->memory(device_);
}

/// Shared with the ledger's callback, which may come while the Resident goes.
struct Resident::State {
  std::mutex building;  ///< held by who builds; never by who evicts
  std::mutex mutex;     ///< of what follows
  Object object;
  std::shared_ptr<MemoryLedger> ledger;  ///< in which it is entered, if in one
  MemoryLedger::EntryId entry = 0;
  std::uint64_t builds = 0;

  /// The object, pinned; null if it is not there, or is just being evicted.
  Object in_use() {
    Object gone;  // freed without the lock
    const std::scoped_lock lock(mutex);
    if (!object || !ledger) return object;
    if (ledger->pin(entry)) return pinned();
    gone = std::exchange(object, nullptr);
    return nullptr;
  }

  /// A pointer to the object whose end takes the pin away.
  Object pinned() const {
    return {object.get(), [object = object, ledger = ledger, entry = entry](const void*) mutable {
              object.reset();
              ledger->unpin(entry);
            }};
  }
};

Resident::Resident() : state_(std::make_shared<State>()) {}

Resident::~Resident() {
  if (state_->ledger) state_->ledger->leave(state_->entry);
}

Resident::Object Resident::use(const Residency& where, const What& what, const std::function<Object()>& build) {
  const std::scoped_lock one_builder(state_->building);
  if (Object there = state_->in_use()) return there;

  const DeviceMemory before = where.make_room(what.bytes);
  const auto start = std::chrono::steady_clock::now();
  Object built;
  try {
    built = build();
  } catch (const OutOfMemory& error) {  // knows of the piece that did not fit any more
    if (error.device() != where.device().name() || before.total == 0) throw;
    throw OutOfMemory(error.device(), what.bytes, before.free);
  }
  const std::chrono::duration<double> cost = std::chrono::steady_clock::now() - start;

  const std::scoped_lock lock(state_->mutex);
  state_->object = built;
  state_->ledger = where.ledger();
  if (!state_->ledger) return built;
  const auto evict = [weak = std::weak_ptr(state_), which = ++state_->builds] {
    const auto state = weak.lock();
    if (!state) return;
    Object gone;
    const std::scoped_lock evicting(state->mutex);
    if (state->builds == which) gone.swap(state->object);  // else it was built again since
  };
  state_->entry = state_->ledger->enter(
      {.name = what.name, .device = where.device(), .bytes = what.bytes, .cost_seconds = cost.count(), .evict = evict},
      MemoryLedger::InUse::Yes);
  return state_->pinned();
}

}  // namespace weft
