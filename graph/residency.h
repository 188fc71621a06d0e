// Residency: where a node computes, and on what terms large things may stay there. It knows the device, what is free on
// it, and the ledger of who holds memory, in which whatever stays between runs is entered.
//
// Resident: one such thing, as a network that a value has on a device. It is built by whoever uses it first, cannot go
// while it is used, and is evicted when room is needed; used again, it is built again.
//
//   const auto network = resident.use(ctx.memory(), {.name = "model a.safetensors", .bytes = 6e9}, [&] { ... });
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "graph/memory.h"

namespace weft {

/// Cheap to copy. [any thread]
class WEFT_EXPORT Residency {
 public:
  /// Without a ledger: what is built stays as long as its owner. For programs without an executor, and tests.
  Residency(Device device = {}) : device_(std::move(device)) {}  // NOLINT: a device is a place to stay
  /// `runtime` is borrowed.
  Residency(Device device, std::shared_ptr<MemoryLedger> ledger, const DeviceRuntime& runtime)
      : device_(std::move(device)), ledger_(std::move(ledger)), runtime_(&runtime) {}

  const Device& device() const { return device_; }
  /// Null where there is none.
  const std::shared_ptr<MemoryLedger>& ledger() const { return ledger_; }

  /// Evicts what nobody uses until `bytes` are free, or nothing is left to evict. Returns what is there then; a total of
  /// 0: not known.
  DeviceMemory make_room(std::uint64_t bytes) const;

 private:
  Device device_;
  std::shared_ptr<MemoryLedger> ledger_;
  const DeviceRuntime* runtime_ = nullptr;
};

/// Thread-safe: of those who ask at once, one builds and the others wait.
class WEFT_EXPORT Resident {
 public:
  struct What {
    std::string name;  ///< as MemoryLedger::Entry::name
    std::uint64_t bytes = 0;
  };
  using Object = std::shared_ptr<const void>;

  Resident();
  /// Whoever uses it keeps it.
  ~Resident();
  Resident(const Resident&) = delete;
  Resident& operator=(const Resident&) = delete;

  /// The object, which `build` makes if it is not there, after room was made for it. It cannot be evicted as long as
  /// what is returned, or a copy of that, lives. Throws what `build` throws; an OutOfMemory with the numbers of the whole.
  Object use(const Residency& where, const What& what, const std::function<Object()>& build);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace weft
