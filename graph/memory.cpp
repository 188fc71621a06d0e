#include "graph/memory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/byte_text.h"

namespace weft {
namespace {

/// How many of the least recently used entries are compared by cost. Few, so that what is dear but never used
/// again goes in the end, and that an eviction takes constant time.
constexpr int kCompared = 8;

struct Held {
  MemoryLedger::EntryId id;
  MemoryLedger::Entry entry;
  unsigned pins = 0;
};
using Line = std::list<Held>;  // least recently used first

struct Holdings {
  Device device;
  Line evictable;
  Line pinned;
  std::uint64_t bytes = 0;
  std::uint64_t result_bytes = 0;
};

bool cheaper(const MemoryLedger::Entry& a, const MemoryLedger::Entry& b) {
  // a.cost / a.bytes < b.cost / b.bytes without a division by zero
  return a.cost_seconds * static_cast<double>(b.bytes) < b.cost_seconds * static_cast<double>(a.bytes);
}

}  // namespace

struct MemoryLedger::Impl {
  struct Place {
    Holdings* holdings;
    Line::iterator held;
  };

  mutable std::mutex mutex;
  std::list<Holdings> devices;  // a list: entries keep pointers
  std::unordered_map<EntryId, Place> places;
  EntryId last_id = 0;

  Holdings* find(const Device& device) {
    const auto found = std::ranges::find(devices, device, &Holdings::device);
    return found == devices.end() ? nullptr : &*found;
  }

  Holdings& at(const Device& device) {
    Holdings* found = find(device);
    return found ? *found : devices.emplace_back(Holdings{.device = device});
  }

  std::uint64_t result_bytes() const {
    std::uint64_t sum = 0;
    for (const Holdings& holdings : devices) sum += holdings.result_bytes;
    return sum;
  }

  /// Takes an entry off the books.
  Entry remove(const Place& place) {
    Held held = std::move(*place.held);
    place.holdings->bytes -= held.entry.bytes;
    if (held.entry.result) place.holdings->result_bytes -= held.entry.bytes;
    (held.pins > 0 ? place.holdings->pinned : place.holdings->evictable).erase(place.held);
    places.erase(held.id);
    return std::move(held.entry);
  }

  std::optional<Entry> remove_cheapest(Holdings& holdings, bool results_only) {
    auto cheapest = holdings.evictable.end();
    int compared = 0;
    for (auto it = holdings.evictable.begin(); it != holdings.evictable.end() && compared < kCompared; ++it) {
      if (results_only && !it->entry.result) continue;
      ++compared;
      if (cheapest == holdings.evictable.end() || cheaper(it->entry, cheapest->entry)) cheapest = it;
    }
    if (cheapest == holdings.evictable.end()) return std::nullopt;
    return remove(places.at(cheapest->id));
  }

  /// Removes one entry at a time under the lock, and frees it without the lock, as long as `choose` gives
  /// one.
  template <class Choose>
  void evict_while(const Choose& choose) {
    for (;;) {
      std::optional<Entry> entry;
      {
        const std::scoped_lock lock(mutex);
        entry = choose();
      }
      if (!entry) return;
      if (entry->evict) entry->evict();
    }
  }
};

MemoryLedger::MemoryLedger() : impl_(std::make_unique<Impl>()) {}
MemoryLedger::~MemoryLedger() = default;

MemoryLedger::EntryId MemoryLedger::enter(Entry entry, InUse in_use) {
  const std::scoped_lock lock(impl_->mutex);
  Holdings& holdings = impl_->at(entry.device);
  holdings.bytes += entry.bytes;
  if (entry.result) holdings.result_bytes += entry.bytes;
  const EntryId id = ++impl_->last_id;
  const bool pinned = in_use == InUse::Yes;
  Line& line = pinned ? holdings.pinned : holdings.evictable;
  const auto held = line.insert(line.end(), Held{.id = id, .entry = std::move(entry), .pins = pinned ? 1u : 0u});
  impl_->places.emplace(id, Impl::Place{&holdings, held});
  return id;
}

void MemoryLedger::leave(EntryId id) {
  std::optional<Entry> entry;  // outlives the lock: its callback may own things
  const std::scoped_lock lock(impl_->mutex);
  if (const auto found = impl_->places.find(id); found != impl_->places.end()) {
    entry = impl_->remove(Impl::Place(found->second));
  }
}

void MemoryLedger::touch(EntryId id) {
  const std::scoped_lock lock(impl_->mutex);
  const auto found = impl_->places.find(id);
  if (found == impl_->places.end() || found->second.held->pins > 0) return;
  Line& line = found->second.holdings->evictable;
  line.splice(line.end(), line, found->second.held);
}

bool MemoryLedger::pin(EntryId id) {
  const std::scoped_lock lock(impl_->mutex);
  const auto found = impl_->places.find(id);
  if (found == impl_->places.end()) return false;
  const auto& [holdings, held] = found->second;
  if (held->pins++ == 0) holdings->pinned.splice(holdings->pinned.end(), holdings->evictable, held);
  return true;
}

void MemoryLedger::unpin(EntryId id) {
  const std::scoped_lock lock(impl_->mutex);
  const auto found = impl_->places.find(id);
  if (found == impl_->places.end() || found->second.held->pins == 0) return;
  const auto& [holdings, held] = found->second;
  if (--held->pins == 0) holdings->evictable.splice(holdings->evictable.end(), holdings->pinned, held);
}

std::uint64_t MemoryLedger::make_room(const Device& device, std::uint64_t bytes) {
  std::uint64_t freed = 0;
  impl_->evict_while([&]() -> std::optional<Entry> {
    Holdings* holdings = impl_->find(device);
    if (!holdings || freed >= bytes) return std::nullopt;
    std::optional<Entry> entry = impl_->remove_cheapest(*holdings, false);
    if (entry) freed += entry->bytes;
    return entry;
  });
  return freed;
}

void MemoryLedger::shrink_to(const Device& device, std::uint64_t bytes) {
  impl_->evict_while([&]() -> std::optional<Entry> {
    Holdings* holdings = impl_->find(device);
    if (!holdings || holdings->bytes <= bytes) return std::nullopt;
    return impl_->remove_cheapest(*holdings, false);
  });
}

void MemoryLedger::shrink_results_to(std::uint64_t bytes) {
  impl_->evict_while([&]() -> std::optional<Entry> {
    if (impl_->result_bytes() <= bytes) return std::nullopt;
    // The device with most results first; another one if all of them are in use there.
    impl_->devices.sort([](const Holdings& a, const Holdings& b) { return a.result_bytes > b.result_bytes; });
    for (Holdings& holdings : impl_->devices) {
      if (std::optional<Entry> entry = impl_->remove_cheapest(holdings, true)) return entry;
    }
    return std::nullopt;
  });
}

std::uint64_t MemoryLedger::held(const Device& device) const {
  const std::scoped_lock lock(impl_->mutex);
  const Holdings* holdings = impl_->find(device);
  return holdings ? holdings->bytes : 0;
}

std::uint64_t MemoryLedger::held_by_results() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->result_bytes();
}

std::vector<MemoryLedger::Entry> MemoryLedger::entries() const {
  std::vector<Entry> entries;
  const std::scoped_lock lock(impl_->mutex);
  for (const Holdings& holdings : impl_->devices) {
    for (const Line* line : {&holdings.evictable, &holdings.pinned}) {
      for (const Held& held : *line) {
        const Entry& e = held.entry;
        entries.push_back(
            {.name = e.name, .device = e.device, .bytes = e.bytes, .cost_seconds = e.cost_seconds, .result = e.result});
      }
    }
  }
  std::ranges::stable_sort(entries, std::ranges::greater{}, &Entry::bytes);
  return entries;
}

std::string MemoryLedger::holders(const Device& device) const {
  constexpr std::size_t kNamed = 4;
  constexpr std::uint64_t kWorthNaming = 1 << 20;
  std::vector<std::string> parts;
  std::uint64_t results = 0, others = 0;
  for (const Entry& entry : entries()) {
    if (entry.device != device) continue;
    if (entry.result)
      results += entry.bytes;
    else if (parts.size() < kNamed)
      parts.push_back(fmt::format("{} holds {}", entry.name, byte_text(entry.bytes)));
    else
      others += entry.bytes;
  }
  if (others > 0) parts.push_back(fmt::format("others hold {}", byte_text(others)));
  if (results >= kWorthNaming) parts.push_back(fmt::format("results of nodes hold {}", byte_text(results)));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace weft
