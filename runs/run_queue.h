// RunQueue: what shall run, in order, and the thread that runs it. The thread owns the executor with its
// cache, and opens the device runtime on its first job, so that a window is there before libtorch is.
//
// All of it may be called from the window's thread and returns at once. Events of the executor become a
// RunState, which the window takes with state(). What waits or runs is kept in `folder`, and so survives a
// crash and a quit: take_up() finds it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "editor/session/document.h"
#include "graph/executor.h"
#include "runs/run_state.h"

namespace weft::editor {

struct RunQueueOptions {
  /// Called once on the queue's thread. Throws where the device cannot be had: every job fails with that
  /// then.
  std::function<std::unique_ptr<DeviceRuntime>()> open_runtime = make_cpu_runtime;
  /// Folders and such for a workflow that lies in `folder`; `workflow` of it is filled by the queue. On its
  /// thread.
  std::function<RunEnvironment(const std::filesystem::path& folder)> environment;
  std::filesystem::path folder;  ///< where what waits is kept; empty: nowhere
  std::function<void()> wake;  ///< called after state() has changed; any thread; must be quick and not call the queue
  std::uint64_t cache_bytes = std::uint64_t{8} << 30;
  unsigned light_workers = 0;  ///< see ExecutorOptions
  std::function<std::uint64_t()> random;  ///< for seeds; empty: of the system
};

class RunQueue {
 public:
  /// The registry is borrowed.
  explicit RunQueue(const Registry& registry, RunQueueOptions options = {});
  /// Stops what runs. Jobs stay in the folder: cancel_all() before, if they shall not.
  ~RunQueue();
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;

  /// Queues a run of the document as it is now: everything, or up to the nodes that are `wanted`. Draws its
  /// seeds.
  JobId add(const Document& document, std::vector<std::string> wanted = {});
  /// The same ahead of all that wait: "run now".
  JobId add_first(const Document& document, std::vector<std::string> wanted = {});
  /// Queues the document's sweep, as one job that draws its seeds once. One that cannot run fails, and says why.
  JobId add_sweep(const Document& document);
  /// Takes a job out, or stops it if it runs: it ends within a step. Unknown ids are ignored.
  void cancel(JobId job);
  void cancel_all();
  /// To a place among those that wait; 0: next.
  void move(JobId job, std::size_t place);
  /// While paused no job is begun; the one that runs goes on.
  void pause(bool paused);

  /// Takes over the jobs that another queue left in its folder (Journal::left_queues()); they go from there.
  /// The queue is paused if there are any. What cannot be read is left out. How many there were.
  std::size_t take_up(const std::filesystem::path& folder);

  /// Outputs of these nodes are kept for the viewer whenever they run, beside those that are wanted.
  void watch(DocumentId document, Ids nodes);
  /// Forgets results and previews of a document that was closed.
  void forget(DocumentId document);
  /// Frees cached results once nothing runs.
  void clear_cache();

  /// A picture of now; the same object as before if nothing has changed.
  std::shared_ptr<const RunState> state() const;
  /// Waits until nothing runs and nothing waits (or it is paused); for tests and for `--screenshot`.
  void wait_until_idle() const;
  /// Why jobs could not be kept in the folder; empty if they could.
  std::string problem() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace weft::editor
