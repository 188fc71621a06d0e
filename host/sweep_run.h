// Runs a sweep: the cells one after the other on one executor, so that what they share is computed once, then the table of
// their pictures (node image.table), and its file (image.save), which carries the workflow with the sweep. A cell that
// fails leaves its place in the table empty.
#pragma once

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "graph/executor.h"
#include "host/sweep.h"

namespace weft::host {

/// What a sweep makes a table of: a picture that a result of the workflow shows or saves.
struct SweepPicture {
  PortRef source;  ///< what makes it; the node is a path into instances
  std::string result;  ///< what shows or saves it: a path, too
  std::string prefix;  ///< of the table's file
};

/// A sweep that can run: everything was checked, each value of each axis included.
struct PreparedSweep {
  Workflow workflow;  ///< with the sweep under its key
  std::vector<SweptAxis> axes;
  std::vector<SweepPicture> pictures;
};

/// `wanted`: results; empty: default_results(). Throws GraphError with every problem, also of a workflow that cannot run or
/// has no picture among its results.
PreparedSweep prepare_sweep(const Workflow& workflow, const Registry& registry, const Sweep& sweep,
    const RunEnvironment& environment, const std::vector<std::string>& wanted = {});

/// The table of one picture.
struct SweepTable {
  SweepPicture picture;
  std::vector<Value> cells;  ///< those that came, row by row
  std::vector<std::string> captions;  ///< of `cells`
  Value table;  ///< empty if there is none
  std::filesystem::path file;
};

struct SweepResult {
  bool ok = false;  ///< every cell has its pictures, and every table is written
  bool cancelled = false;
  std::size_t failed = 0;  ///< cells
  std::vector<SweepTable> tables;
  std::vector<Problem> problems;
  std::vector<std::string> warnings;
};

/// Called on the thread of run_sweep(), but `events` as an executor's observer.
struct SweepObserver {
  std::function<void(std::size_t cell, const Workflow& workflow)> begins = [](std::size_t, const Workflow&) {};
  std::function<void(std::size_t cell, const RunResult& result)> ended = [](std::size_t, const RunResult&) {};
  Observer events = {};
};

/// `seen`: nodes whose outputs the observer wants to have in the results, too. `environment.workflow` is filled here. Runs
/// and waits; failures are in the result. A stop request ends it within a step, without a table.
SweepResult run_sweep(const PreparedSweep& sweep, const Registry& registry, Executor& executor,
    RunEnvironment environment, const std::vector<std::string>& seen, const SweepObserver& observer,
    std::stop_token stop);

}  // namespace weft::host
