// JobRunner: runs one job after the other on one executor, so that they share its cache. Knows no queue. The device runtime is
// opened with the first job. [queue-thread]
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "graph/executor.h"
#include "graph/registry.h"
#include "host/sweep_run.h"
#include "runs/address.h"
#include "runs/run_state.h"

namespace weft::runs {

struct JobRunnerOptions {
  /// Called once, on the runner's thread. Throws where the device cannot be had: every job fails with that then.
  std::function<std::unique_ptr<DeviceRuntime>()> open_runtime = make_cpu_runtime;
  /// Folders and such for a workflow that lies in `folder`; `workflow` of it is filled by the runner. On its thread.
  std::function<RunEnvironment(const std::filesystem::path& folder)> environment;
  std::uint64_t cache_bytes = std::uint64_t{8} << 30;
  unsigned light_workers = 0;  ///< see ExecutorOptions
};

/// Hears what becomes of a job. On the runner's thread, but for event(), which comes as an executor's observer is called.
class JobListener {
 public:
  virtual void event(const Job& job, const Event& event) = 0;
  /// The next cell of a sweep.
  virtual void cell_begins(std::size_t cell) = 0;
  /// Outputs of a node that was wanted or watched, and the files that it wrote.
  virtual void has_result(const Job& job, const std::string& node, std::vector<OutputView> outputs,
      std::vector<std::filesystem::path> files) = 0;
  virtual void has_table(
      const Job& job, const host::SweepTable& table, OutputView view, const std::vector<std::string>& warnings) = 0;
  /// The job cannot run.
  virtual void refused(const Job& job, const std::vector<Problem>& problems) = 0;
  /// Whose outputs the owner wants to see wherever they are computed anyway.
  virtual Addresses watched(OwnerId owner) = 0;

 protected:
  ~JobListener() = default;
};

class JobRunner {
 public:
  /// The registry is borrowed.
  JobRunner(const Registry& registry, JobRunnerOptions options) : registry_(registry), options_(std::move(options)) {}

  /// Runs the job and waits. The same job with its end: state, problems, files. A stop request ends it within a step.
  /// `origin` goes with its results.
  Job run(Job job, std::shared_ptr<const RunOrigin> origin, JobListener& listener, const std::stop_token& stop);
  void clear_cache() {
    if (executor_) executor_->clear_cache();
  }

 private:
  class Task;
  Executor& executor();

  const Registry& registry_;
  const JobRunnerOptions options_;
  std::unique_ptr<DeviceRuntime> runtime_;
  std::unique_ptr<Executor> executor_;
};

}  // namespace weft::runs
