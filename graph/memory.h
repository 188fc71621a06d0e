// MemoryLedger: who holds how much on which device, and in which order it may go. Cached results and loaded
// models are entered with what it would cost to have them again; when room is needed, the cheapest per byte
// among the eight least recently used goes first. [any thread]
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/device.h"

namespace weft {

class WEFT_EXPORT MemoryLedger {
 public:
  using EntryId = std::uint64_t;
  struct Entry {
    std::string name;  ///< for messages: "model v1-5.safetensors", "result of sample.ksampler"
    Device device;
    std::uint64_t bytes = 0;
    double cost_seconds = 0;      ///< to compute or load it again
    bool result = false;          ///< a node's cached result: counts against ExecutorOptions::cache_bytes
    std::function<void()> evict;  ///< frees it; called without the ledger's lock, at most once
  };

  enum class InUse : bool { No, Yes };

  MemoryLedger();
  ~MemoryLedger();

  EntryId enter(Entry entry, InUse in_use = InUse::No);  ///< in use: pinned once
  void leave(EntryId id);  ///< without calling evict; ignores an unknown id
  void touch(EntryId id);  ///< used just now
  bool pin(EntryId id);  ///< may not go while in use; counted; false for an unknown id, such as one that was evicted
  void unpin(EntryId id);  ///< counts as used just now

  /// Evicts until `bytes` more were freed on `device`, or nothing unpinned is left. Returns what was freed.
  std::uint64_t make_room(const Device& device, std::uint64_t bytes);
  /// Evicts until at most `bytes` are held on `device`.
  void shrink_to(const Device& device, std::uint64_t bytes);
  /// Evicts results, on whichever device holds most of them, until all together hold at most `bytes`.
  void shrink_results_to(std::uint64_t bytes);

  std::uint64_t held(const Device& device) const;
  std::uint64_t held_by_results() const;  ///< on all devices
  std::vector<Entry> entries() const;  ///< without their callbacks, largest first
  /// "model a.safetensors holds 6.0 GiB, results of nodes hold 1.2 GiB"; empty if nothing is held on `device`.
  std::string holders(const Device& device) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft
