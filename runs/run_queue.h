// RunQueue: what shall run, in order, and the thread that runs it. It knows no document and no window: an editor, or a server with
// clients, asks for jobs and reads the RunState.
//
// All of it returns at once, wait_until_idle() apart. [any thread] The queue's own, [queue-thread], owns the executor
// with its cache, and opens the device runtime on its first job, so that a program is there before libtorch is. What waits or
// runs is kept in `folder`, and so survives a crash and a quit: take_up() finds it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "graph/executor.h"
#include "runs/address.h"
#include "runs/job_differences.h"
#include "runs/job_runner.h"
#include "runs/run_state.h"

namespace weft::runs {

struct RunQueueOptions {
  JobRunnerOptions runner = {};
  std::filesystem::path folder;  ///< where what waits is kept; empty: nowhere
  std::function<void()> wake;  ///< called after state() has changed; any thread; must be quick and not call the queue
  std::function<std::uint64_t()> random;  ///< for seeds; empty: of the system
  Wording wording = {};  ///< of Job::differs; on the thread of add()
};

/// What shall run: see Job.
struct JobRequest {
  OwnerId owner = 0;
  std::string title;
  std::filesystem::path file = {};
  std::filesystem::path folder = {};
  std::uint64_t revision = 0;
  Workflow workflow = {};
  std::vector<std::string> wanted = {};  ///< addresses; empty: all results
  /// The sweep that the workflow holds, as one job that draws its seeds once. One that cannot run fails, and says why.
  bool sweep = false;
};

class RunQueue {
 public:
  /// The registry is borrowed.
  explicit RunQueue(const Registry& registry, RunQueueOptions options = {});
  /// Stops what runs. Jobs stay in the folder: cancel_all() before, if they shall not.
  ~RunQueue();
  RunQueue(const RunQueue&) = delete;
  RunQueue& operator=(const RunQueue&) = delete;

  /// Queues a run, and draws its seeds.
  JobId add(JobRequest request);
  /// The same ahead of all that wait: "run now".
  JobId add_first(JobRequest request);
  /// Takes a job out, or stops it if it runs: it ends within a step. Unknown ids are ignored.
  void cancel(JobId job);
  void cancel_all();
  /// To a place among those that wait; 0: next.
  void move(JobId job, std::size_t place);
  /// While paused no job is begun; the one that runs goes on.
  void pause(bool paused);

  /// Takes over the jobs that another queue left in its folder; they go from there. The queue is paused if there are any. What
  /// cannot be read is left out. How many there were.
  std::size_t take_up(const std::filesystem::path& folder);

  /// Outputs of these nodes are kept for the owner whenever they run, beside those that are wanted.
  void watch(OwnerId owner, Addresses nodes);
  /// Forgets results and previews of an owner that is gone.
  void forget(OwnerId owner);
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

}  // namespace weft::runs
