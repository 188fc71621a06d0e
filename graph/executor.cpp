#include "graph/executor.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/c_locale.h"
#include "graph/expand.h"
#include "graph/graph_impl.h"
#include "graph/run.h"

namespace weft {
namespace {

/// So many runs are remembered: to plan anew only what changed, and to say why a node runs again.
constexpr std::size_t kRemembered = 4;

ExecutorOptions with_defaults(ExecutorOptions options) {
  if (options.light_workers == 0) options.light_workers = std::max(2u, std::thread::hardware_concurrency());
  return options;
}

/// Which of the states of its parts is that of a whole.
int weight(NodeResult::State state) {
  switch (state) {
    case NodeResult::State::Cached:
      return 0;
    case NodeResult::State::Finished:
      return 1;
    case NodeResult::State::Skipped:
      return 2;
    case NodeResult::State::Cancelled:
      return 3;
    case NodeResult::State::Failed:
      break;
  }
  return 4;
}

/// The result of an instance, or of a bypassed node, from those of the nodes that stand for its outputs.
NodeResult composed(const std::vector<std::optional<PortRef>>& outputs, const RunResult& result,
    const Registry& registry, const Graph& graph) {
  NodeResult whole{.state = NodeResult::State::Cached};
  for (const std::optional<PortRef>& output : outputs) {
    const auto source = output ? result.nodes.find(output->node) : result.nodes.end();
    const bool known = source != result.nodes.end();
    whole.state = std::ranges::max(whole.state, known ? source->second.state : NodeResult::State::Skipped, {}, weight);
    Value& value = whole.outputs.emplace_back();
    if (!known || source->second.outputs.empty()) continue;
    const std::vector<PortInfo>& ports = registry.find(graph.node(output->node).type)->outputs;
    const auto port = std::ranges::find(ports, output->port, &PortInfo::name);
    value = source->second.outputs[static_cast<std::size_t>(port - ports.begin())];
  }
  return whole;
}

}  // namespace

void add_composed_results(const Expansion& expansion, const Registry& registry, RunResult& result) {
  for (const auto& [id, outputs] : expansion.outputs)
    result.nodes.emplace(id, composed(outputs, result, registry, expansion.graph));
}

struct Executor::Impl {
  Impl(const Registry& r, DeviceRuntime& runtime, ExecutorOptions o)
      : registry(r),
        options(with_defaults(std::move(o))),
        cache(*ledger, options.cache_bytes),
        streams(runtime, options.device),
        lanes(options.light_workers) {}

  /// Waits until no other run is under way; false if a stop was asked for first.
  bool begin_turn(const std::stop_token& stop) {
    std::unique_lock lock(turn_mutex);
    if (!turn_free.wait(lock, stop, [this] { return !busy; })) return false;
    busy = true;
    return true;
  }

  void end_turn() {
    {
      const std::scoped_lock lock(turn_mutex);
      busy = false;
    }
    turn_free.notify_one();
  }

  /// Whether it was a run of exactly these snapshots.
  static bool is_for(const PastRun& run, const RunRequest& request, const Registry& types) {
    return run.plan->registry().same_as(types) && &GraphAccess::impl(run.graph) == &GraphAccess::impl(request.graph) &&
        run.wanted == request.wanted && run.subgraphs == request.subgraphs;
  }

  static PastRun prepare(const RunRequest& request, const Registry& types) {
    PastRun run{.graph = request.graph, .subgraphs = request.subgraphs, .wanted = request.wanted};
    run.expansion = std::make_shared<const Expansion>(expand(request.graph, request.subgraphs, types, request.wanted));
    run.plan = Plan::make(run.expansion->graph, types, run.expansion->wanted);
    run.code = std::make_shared<const PlanCode>(*run.plan);
    return run;
  }

  RunResult run(const RunRequest& request, const Observer& observer, const std::stop_token& stop) {
    const Registry types = registry;  // of this run, whatever is replaced meanwhile
    const auto known = std::ranges::find_if(past, [&](const PastRun& run) { return is_for(run, request, types); });
    PastRun now = known == past.end() ? prepare(request, types) : *known;
    now.keys = make_keys(*now.plan, *now.code, request.environment, options.device, ++runs, now.keys);

    Run run({options, ledger, cache, streams, lanes, {past.begin(), past.end()}}, *now.plan, *now.code, *now.keys,
        request.environment, now.expansion->skipped, observer, stop);
    RunResult result = run.execute();
    now.unfinished = run.unfinished();
    add_composed_results(*now.expansion, types, result);

    if (known != past.end()) past.erase(known);
    past.insert(past.begin(), std::move(now));
    if (past.size() > kRemembered) past.pop_back();
    return result;
  }

  const Registry& registry;
  const ExecutorOptions options;
  const std::shared_ptr<MemoryLedger> ledger = std::make_shared<MemoryLedger>();  // values may outlive the executor
  ResultCache cache;
  StreamPool streams;
  Lanes lanes;

  std::mutex turn_mutex;
  std::condition_variable_any turn_free;
  bool busy = false;

  // Of the run whose turn it is.
  std::vector<PastRun> past;  // latest first
  std::uint64_t runs = 0;
};

Executor::Executor(const Registry& registry, DeviceRuntime& runtime, ExecutorOptions options)
    : impl_(std::make_unique<Impl>(registry, runtime, std::move(options))) {}

Executor::~Executor() = default;

RunResult Executor::run(const RunRequest& request, const Observer& observer, std::stop_token stop) {
  const CLocale locale;  // fingerprints run on this thread
  if (!impl_->begin_turn(stop)) return {.cancelled = true};
  struct Turn {
    Impl& impl;
    ~Turn() { impl.end_turn(); }
  } const turn{*impl_};
  return impl_->run(request, observer, stop);
}

MemoryLedger& Executor::ledger() { return *impl_->ledger; }

void Executor::clear_cache() { impl_->cache.clear(); }

}  // namespace weft
