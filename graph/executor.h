// Executor: runs what is wanted of a graph. Plans the ancestors of the wanted nodes, takes what the cache
// holds, runs the rest: ready nodes at the same time, each on its lane (one heavy node at a time on a device,
// light and I/O nodes beside it). Keeps results in a content-addressed cache: a node's key is its type,
// revision, params, its inputs' keys and its fingerprint - not its id, so renaming keeps the cache, and
// instances of a subgraph share it. Subgraphs, muted and bypassed nodes are resolved first (expand.h).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "graph/device.h"
#include "graph/events.h"
#include "graph/memory.h"
#include "graph/node_watch.h"
#include "graph/registry.h"
#include "graph/workflow.h"

namespace weft {

struct ExecutorOptions {
  unsigned light_workers = 0;  ///< 0: as many as there are cores, at least 2
  Device device;               ///< where heavy nodes run; nodes are told by RunContext::device()
  /// Results that are kept beyond a run, least recently used first out.
  std::uint64_t cache_bytes = std::uint64_t{8} << 30;
  bool previews = false;
  NodeWatch* watch = nullptr;  ///< borrowed; may be null
};

struct RunRequest {
  Graph graph;                      ///< a snapshot: later edits do not touch the run
  /// Node ids, or paths into instances of subgraphs ("upscale/sampler"); empty: default_results() of the graph.
  std::vector<std::string> wanted;
  RunEnvironment environment;
  Subgraphs subgraphs = {};  ///< definitions of the instances in the graph
};

struct NodeResult {
  enum class State : std::uint8_t { Cached, Finished, Failed, Skipped, Cancelled };
  State state;
  std::vector<Value> outputs;  ///< by output index; empty if the node did not come to its end. Of an instance: by
                               ///< output of its definition, an empty Value where one did not come
  std::vector<Note> notes;
  std::vector<Problem> problems;
};

struct RunResult {
  bool ok = false;  ///< every wanted node has its outputs, those apart that are muted or need what is muted
  bool cancelled = false;
  /// Wanted nodes, and all that failed, were skipped or cancelled. Nodes of an instance go by their paths.
  std::map<std::string, NodeResult, std::less<>> nodes;
  std::vector<Problem> problems;
};

struct Expansion;

/// Adds the results of instances and bypassed nodes, made of those of the nodes that stand for their outputs. A run does
/// so itself; for whoever has kept results of single nodes.
WEFT_EXPORT void add_composed_results(const Expansion& expansion, const Registry& registry, RunResult& result);

class WEFT_EXPORT Executor {
 public:
  /// Both are borrowed and must outlive the executor. Each run takes a snapshot of the registry when it begins.
  Executor(const Registry& registry, DeviceRuntime& runtime, ExecutorOptions options = {});
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Runs and waits. One run at a time; a second call waits for the first. Failures of nodes are in the result, not thrown: a
  /// node that throws fails its descendants only. Throws GraphError if the request does not validate. A stop request ends the
  /// run at the next progress() or cancel_point() of each running node. Light and I/O nodes also run on the calling thread.
  /// Not to be called from a node or an observer. [any thread]
  RunResult run(const RunRequest& request, const Observer& observer = {}, std::stop_token stop = {});

  /// Memory that the cache and models hold, by device; what may be evicted.
  MemoryLedger& ledger();
  void clear_cache();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft
