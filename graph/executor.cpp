#include "graph/executor.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "graph/run.h"

namespace weft {
namespace {

/// So many runs are remembered: to plan anew only what changed, and to say why a node runs again.
constexpr std::size_t kRemembered = 4;

ExecutorOptions with_defaults(ExecutorOptions options) {
  if (options.light_workers == 0) options.light_workers = std::max(2u, std::thread::hardware_concurrency());
  return options;
}

}  // namespace

struct Executor::Impl {
  Impl(const Registry& r, DeviceRuntime& runtime, ExecutorOptions o)
      : registry(r),
        options(with_defaults(std::move(o))),
        cache(ledger, options.cache_bytes),
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

  RunResult run(const RunRequest& request, const Observer& observer, const std::stop_token& stop) {
    const auto known = std::ranges::find_if(
        past, [&](const PastRun& run) { return run.plan->is_for(request.graph, request.wanted); });
    PastRun now{.plan =
                    known == past.end() ? Plan::make(request.graph, registry, request.wanted) : known->plan};
    now.keys = make_keys(*now.plan, request.environment, options.device, ++runs,
                         known == past.end() ? nullptr : known->keys);

    Run run({options, ledger, cache, streams, lanes, {past.begin(), past.end()}}, *now.plan, *now.keys,
            request.environment, observer, stop);
    RunResult result = run.execute();
    now.unfinished = run.unfinished();

    if (known != past.end()) past.erase(known);
    past.insert(past.begin(), std::move(now));
    if (past.size() > kRemembered) past.pop_back();
    return result;
  }

  const Registry& registry;
  const ExecutorOptions options;
  MemoryLedger ledger;
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
  if (!impl_->begin_turn(stop)) return {.cancelled = true};
  struct Turn {
    Impl& impl;
    ~Turn() { impl.end_turn(); }
  } const turn{*impl_};
  return impl_->run(request, observer, stop);
}

MemoryLedger& Executor::ledger() { return impl_->ledger; }

void Executor::clear_cache() { impl_->cache.clear(); }

}  // namespace weft
