#include "graph/result_cache.h"

#include <utility>

namespace weft {

std::shared_ptr<const CachedResult> ResultCache::find(const ContentHash& key) {
  std::shared_ptr<const CachedResult> result;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = results_.find(key);
    if (found == results_.end()) return nullptr;
    result = found->second;
  }
  ledger_.touch(result->entry);
  return result;
}

MemoryLedger::EntryId ResultCache::insert(const ContentHash& key, CachedResult result, MemoryLedger::Entry what) {
  if (what.bytes > budget_) return 0;
  MemoryLedger::EntryId entry = 0;
  what.result = true;
  what.evict = [this, key] { erase(key); };
  std::shared_ptr<const CachedResult> older;
  {
    // Under the lock, so that an eviction that comes at once finds the result in its place.
    const std::scoped_lock lock(mutex_);
    result.entry = ledger_.enter(std::move(what), MemoryLedger::InUse::Yes);
    auto kept = std::make_shared<const CachedResult>(std::move(result));
    older = std::exchange(results_[key], kept);
    entry = kept->entry;
  }
  if (older) ledger_.leave(older->entry);
  shrink();
  return entry;
}

void ResultCache::done_with(MemoryLedger::EntryId entry) {
  ledger_.unpin(entry);
  shrink();
}

void ResultCache::shrink() {
  if (ledger_.held_by_results() > budget_) ledger_.shrink_results_to(budget_);
}

void ResultCache::erase(const ContentHash& key) {
  std::shared_ptr<const CachedResult> gone;  // freed after the lock
  const std::scoped_lock lock(mutex_);
  if (const auto found = results_.find(key); found != results_.end()) {
    gone = std::move(found->second);
    results_.erase(found);
  }
}

void ResultCache::clear() {
  Results gone;
  {
    const std::scoped_lock lock(mutex_);
    gone.swap(results_);
  }
  for (const auto& [key, result] : gone) ledger_.leave(result->entry);
}

}  // namespace weft
