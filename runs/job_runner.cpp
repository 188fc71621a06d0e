#include "runs/job_runner.h"

#include "base/foreign_json.h"
#include "graph/node_types.h"
#include "graph/validate.h"
#include "host/problems.h"
#include "runs/output_views.h"
#include "runs/seen_anyway.h"

namespace weft::runs {

namespace fs = std::filesystem;

/// One job on its way.
class JobRunner::Task {
 public:
  Task(JobRunner& runner, Job& job, std::shared_ptr<const RunOrigin> origin, JobListener& listener)
      : runner_(runner), registry_(runner.registry_), job_(job), origin_(std::move(origin)), listener_(listener) {}

  void run(const std::stop_token& stop) {
    try {
      RunEnvironment environment =
          runner_.options_.environment ? runner_.options_.environment(job_.folder) : RunEnvironment();
      if (job_.cells > 0)
        run_sweep(std::move(environment), stop);
      else
        run_plainly(std::move(environment), stop);
    } catch (const GraphError& error) {
      refuse(error.problems());
    } catch (const std::exception& error) {
      refuse({{.what = error.what()}});
    } catch (...) {
      refuse({{.what = "a plugin threw something that is no std::exception"}});
    }
  }

 private:
  void run_plainly(RunEnvironment environment, const std::stop_token& stop) {
    RunRequest request{.graph = job_.workflow->graph,
        .wanted = job_.wanted,
        .environment = std::move(environment),
        .subgraphs = job_.workflow->subgraphs};
    if (request.wanted.empty()) request.wanted = default_results(*job_.workflow, registry_);
    const std::vector<Problem> problems =
        host::problems_of_run(*job_.workflow, registry_, request.environment, request.wanted);
    if (!problems.empty()) return refuse(problems);
    request.environment.workflow = read_foreign_json(to_text(*job_.workflow), "workflow");
    add_watched(request.wanted);

    const RunResult result =
        runner_.executor().run(request, [&](const Event& event) { listener_.event(job_, event); }, stop);
    give_results(result);
    end(result);
  }

  void run_sweep(RunEnvironment environment, const std::stop_token& stop) {
    const host::Sweep sweep = host::sweep_of(*job_.workflow).value_or(host::Sweep());
    const host::PreparedSweep prepared =
        host::prepare_sweep(*job_.workflow, registry_, sweep, environment, job_.wanted);
    std::vector<std::string> seen;
    for (const host::SweepPicture& picture : prepared.pictures) seen.push_back(picture.source.node);
    add_watched(seen);
    const host::SweepResult result =
        host::run_sweep(prepared, registry_, runner_.executor(), std::move(environment), seen,
            {.begins = [&](std::size_t cell, const Workflow&) { listener_.cell_begins(cell); },
                .ended = [&](std::size_t, const RunResult& ran) { give_results(ran); },
                .events = [&](const Event& event) { listener_.event(job_, event); }},
            stop);
    for (const host::SweepTable& table : result.tables) give_table(table, result.warnings);
    end(result);
  }

  /// Watched nodes that run anyway are wanted too, so that their outputs are kept.
  void add_watched(std::vector<std::string>& wanted) {
    const std::vector<std::string> seen = seen_anyway(*job_.workflow, registry_, wanted, listener_.watched(job_.owner));
    wanted.insert(wanted.end(), seen.begin(), seen.end());
  }

  void give_results(const RunResult& result) {
    const NodeTypes types(job_.workflow->subgraphs, registry_);
    for (const auto& [id, node] : result.nodes) {
      const GraphNode* in_graph = node_at(*job_.workflow, id);
      const NodeInfo* info = in_graph ? types.find(in_graph->type) : nullptr;
      if (!info || node.outputs.empty()) continue;
      std::vector<OutputView> views = views_of(registry_, *info, node);
      for (OutputView& view : views) view.origin = origin_;
      std::vector<fs::path> files = files_of(*info, node);
      job_.files.insert(job_.files.end(), files.begin(), files.end());
      listener_.has_result(job_, id, std::move(views), std::move(files));
    }
  }

  void give_table(const host::SweepTable& table, const std::vector<std::string>& warnings) {
    if (!table.table) return;
    OutputView view = view_of_table(registry_, table);
    view.origin = origin_;
    if (!table.file.empty()) job_.files.push_back(fs::absolute(table.file));
    listener_.has_table(job_, table, std::move(view), warnings);
  }

  template <class Result>
  void end(const Result& result) {
    job_.problems = result.problems;
    job_.state = result.cancelled ? Job::State::Cancelled : result.ok ? Job::State::Done : Job::State::Failed;
  }

  void refuse(const std::vector<Problem>& problems) {
    job_.problems = problems;
    job_.state = Job::State::Failed;
    listener_.refused(job_, problems);
  }

  JobRunner& runner_;
  const Registry& registry_;
  Job& job_;
  const std::shared_ptr<const RunOrigin> origin_;
  JobListener& listener_;
};

Job JobRunner::run(
    Job job, std::shared_ptr<const RunOrigin> origin, JobListener& listener, const std::stop_token& stop) {
  Task(*this, job, std::move(origin), listener).run(stop);
  return job;
}

Executor& JobRunner::executor() {
  if (!executor_) {
    runtime_ = options_.open_runtime();
    executor_ = std::make_unique<Executor>(registry_, *runtime_,
        ExecutorOptions{.light_workers = options_.light_workers,
            .device = runtime_->devices().front(),
            .cache_bytes = options_.cache_bytes,
            .previews = true});
  }
  return *executor_;
}

}  // namespace weft::runs
