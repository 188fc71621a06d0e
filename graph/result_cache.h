// ResultCache: what nodes gave, by the content that it was made from. Every result stands in the memory
// ledger, which decides what goes; results of all devices together are held to a budget of bytes.
// [any thread]
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/content_hash.h"
#include "graph/memory.h"
#include "graph/value.h"

namespace weft {

struct KeyHash {
  std::size_t operator()(const ContentHash& key) const { return key.low; }
};

/// A note and the result that it belongs to, by key: ids may change while a result is kept.
struct KeptNote {
  ContentHash producer;
  std::string key;
  nlohmann::json fact;
};
/// Null if there are none.
using KeptNotes = std::shared_ptr<const std::vector<KeptNote>>;

struct CachedResult {
  std::vector<Value> outputs;
  KeptNotes notes;  ///< of the node and of all that it depends on
  MemoryLedger::EntryId entry = 0;
};

class ResultCache {
 public:
  /// What an entry costs beside the bytes that its values admit to.
  static constexpr std::uint64_t kOverhead = 512;

  /// The ledger is borrowed.
  ResultCache(MemoryLedger& ledger, std::uint64_t budget) : ledger_(ledger), budget_(budget) {}
  ~ResultCache() { clear(); }

  /// Null if there is none; counts as a use.
  std::shared_ptr<const CachedResult> find(const ContentHash& key);
  /// Keeps a result, in use until done_with(). `what` says what the ledger shall know of it. Gives 0, and
  /// keeps nothing, if it is larger than the whole budget.
  MemoryLedger::EntryId insert(const ContentHash& key, CachedResult result, MemoryLedger::Entry what);
  void use(MemoryLedger::EntryId entry) { ledger_.pin(entry); }
  /// The result may be evicted from now on, and is if the budget is exceeded.
  void done_with(MemoryLedger::EntryId entry);
  void clear();

 private:
  using Results = boost::unordered_flat_map<ContentHash, std::shared_ptr<const CachedResult>, KeyHash>;

  void shrink();
  void erase(const ContentHash& key);

  MemoryLedger& ledger_;
  const std::uint64_t budget_;
  std::mutex mutex_;
  Results results_;
};

}  // namespace weft
