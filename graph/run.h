// Run: one execution of a plan. Asks the cache from the wanted nodes upwards, runs what is missing on the
// lanes, hands each result to those who wait for it, and frees it after the last of them. Made and used by
// the executor for one run. [run-thread]
//
// Rationale. A thread that ends a node goes on with one that became ready by it, so a chain stays on its
// thread; what a node leaves for others is published by the count of links that they still wait for, so nodes
// themselves take no lock.
#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <unordered_map>

#include "graph/device_order.h"
#include "graph/event_delivery.h"
#include "graph/executor.h"
#include "graph/expand.h"
#include "graph/lanes.h"
#include "graph/plan.h"
#include "graph/result_cache.h"
#include "graph/why.h"

namespace weft {

class NodeContext;

class Run final : private Lanes::Worker {
 public:
  /// What lives longer than a run; all borrowed.
  struct House {
    const ExecutorOptions& options;
    const std::shared_ptr<MemoryLedger>& ledger;
    ResultCache& cache;
    StreamPool& streams;
    Lanes& lanes;
    std::span<const PastRun> past;
  };

  /// `left_out`: nodes that are muted, or need one that is. All are borrowed.
  Run(const House& house, const Plan& plan, const PlanCode& code, const Keys& keys, const RunEnvironment& environment,
      std::span<const SkippedNode> left_out, const Observer& observer, std::stop_token stop);

  RunResult execute();
  /// Nodes that failed, were skipped or cancelled. After execute().
  std::unordered_set<PlanIndex> unfinished() const;

  // For NodeContext. [run-thread]
  const Plan& plan() const { return plan_; }
  const ContentHash& key(PlanIndex i) const { return keys_.keys[i]; }
  const Value& value(const Source& link) const;
  /// Where a node computes.
  const Residency& memory(PlanIndex i) const { return heavy(i) ? device_ : cpu_; }
  const RunEnvironment& environment() const { return environment_; }
  bool wants_previews() const { return house_.options.previews && events_; }
  bool stop_requested() const { return stop_.stop_requested(); }
  void send(PlanIndex i, EventKind kind);
  std::vector<Note> ancestor_notes(PlanIndex i);

 private:
  /// A twin has the same key as a node that runs, and takes that one's result.
  enum class Phase : std::uint8_t { NotNeeded, Twin, Cached, ToRun, Finished, Failed, Skipped, Cancelled };

  struct State {
    std::atomic<std::uint32_t> waits_for = 0;  ///< links from nodes that have not ended
    std::atomic<std::uint32_t> readers = 0;  ///< links to nodes that have not ended, and one if it is wanted
    std::atomic<PlanIndex> blocked_by = kNoNode;  ///< the ancestor that failed, or kCancelled
    MemoryLedger::EntryId entry = 0;              ///< in use until the last reader ended; 0: not in the cache
    KeptNotes notes;
  };

  struct Hit {
    PlanIndex node;
    std::shared_ptr<const CachedResult> result;
  };

  static constexpr PlanIndex kCancelled = kNoNode - 1;

  /// How one call of Node::run() ended.
  struct Attempt {
    Phase phase = Phase::Finished;
    Problem problem;
    std::optional<OutOfMemory> out_of_memory;
  };

  // Before: what is needed, and who waits for whom.
  void find_what_to_run();
  void count_links();
  void announce();
  void run_all();

  // One node.
  void work(Lanes::Task task) override;
  Phase run_node(PlanIndex i);
  Attempt attempt(PlanIndex i);
  Attempt failure(PlanIndex i, const std::string& what, const std::string& port = {}) const;
  Attempt failure(PlanIndex i, const OutOfMemory& error) const;
  std::optional<Attempt> wrong_outputs(PlanIndex i, std::span<const Value> outputs) const;
  void keep(PlanIndex i, NodeContext& context, std::chrono::nanoseconds time);
  void free_memory(const OutOfMemory& error);
  Problem out_of_memory(PlanIndex i, const OutOfMemory& error) const;

  // After it: whoever waited. Gives the node that this thread goes on with, or kNoNode.
  PlanIndex finish(PlanIndex i, Phase phase);
  PlanIndex cause_of(PlanIndex ended) const;
  void tell_blocked(PlanIndex i, PlanIndex cause);
  void tell_twins(PlanIndex i);
  void release_link(const Source& link);
  void release_wanted(PlanIndex i);
  void release_reader(PlanIndex i);
  void release_output(PlanIndex i, std::size_t output);
  bool has_heavy_readers(PlanIndex i) const;
  KeptNotes notes_of_sources(PlanIndex i, std::vector<KeptNote> own) const;
  std::vector<Note> with_ids(const KeptNotes& notes);

  // In the end.
  RunResult result();
  NodeResult result_of(PlanIndex i);
  NodeResult::State state_of(PlanIndex i) const;
  const CachedResult& hit(PlanIndex i) const;

  bool heavy(PlanIndex i) const { return plan_.type(i).info->options.lane == Lane::Device; }
  const Residency& memory_of(const std::string& device) const;
  std::span<Value> values(PlanIndex i);
  /// The node that runs in place of `i`: itself, unless another one has the same key.
  PlanIndex stand_in(PlanIndex i) const;
  template <class Visit>
  void visit_with_twins(PlanIndex i, const Visit& visit) const;

  const House house_;
  const Plan& plan_;
  const PlanCode& code_;
  const Keys& keys_;
  const RunEnvironment& environment_;
  const std::span<const SkippedNode> left_out_;
  EventDelivery events_;
  const std::stop_token stop_;
  const Residency cpu_, device_;
  DeviceOrder order_;

  std::vector<Phase> phases_;  // each written by the one thread that ends the node
  std::vector<Hit> hits_;      // descending by node
  std::size_t to_run_ = 0;
  std::vector<State> states_;                            // empty if nothing is to run
  std::vector<Value> values_;                            // all outputs of the plan
  std::vector<std::atomic<std::uint32_t>>
      output_readers_;  // of each: links to nodes that have not ended, and one if wanted
  std::unordered_map<PlanIndex, PlanIndex> stand_ins_;   // of twins
  std::unordered_multimap<PlanIndex, PlanIndex> twins_;  // of stand-ins

  std::mutex mutex_;
  std::map<PlanIndex, Problem> problems_;
  std::once_flag producers_once_;
  boost::unordered_flat_map<ContentHash, PlanIndex, KeyHash> producers_;
};

}  // namespace weft
