#include "runs/run_queue.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <set>
#include <stop_token>
#include <thread>

#include "base/background_writer.h"
#include "base/c_locale.h"
#include "base/foreign_json.h"
#include "editor/session/sweeps.h"
#include "editor/session/text.h"
#include "graph/node_types.h"
#include "graph/validate.h"
#include "host/problems.h"
#include "host/sweep_run.h"
#include "runs/job_file.h"
#include "runs/output_views.h"
#include "runs/run_changes.h"
#include "runs/run_record.h"
#include "runs/watched.h"

namespace weft::editor {
namespace {

namespace fs = std::filesystem;
using SystemClock = std::chrono::system_clock;

constexpr std::size_t kMostHistory = 100;

JobId next_job() {
  static std::atomic<JobId> last = 0;
  return ++last;
}

std::string job_title(const Document& document, const std::vector<std::string>& wanted) {
  return wanted.empty() ? document.name() : fmt::format("{}: {}", document.name(), fmt::join(wanted, ", "));
}

/// A new run begins: what failed or did not end before is no longer said of the nodes.
void forget_failures(DocumentRun& run) {
  for (auto& [id, node] : run.nodes) {
    if (node.state == NodeRun::State::Done || node.state == NodeRun::State::Cached) continue;
    node.state = NodeRun::State::Idle;
    node.problem.reset();
    node.because_of.clear();
  }
}

}  // namespace

struct RunQueue::Impl {
  Impl(const Registry& r, RunQueueOptions o) : registry(r), options(std::move(o)), thread([this] { work(); }) {}

  ~Impl() {
    {
      const std::scoped_lock lock(mutex);
      stopping = true;
      stop.request_stop();
    }
    changed.notify_all();
    thread.join();
  }

  // Any thread.

  JobId add(const Document& document, std::vector<std::string> wanted, bool first, std::size_t cells = 0) {
    Job job{.id = next_job(),
        .document = document.id(),
        .title = cells > 0 ? tr_format("{}: sweep", document.name()) : job_title(document, wanted),
        .file = document.file(),
        .folder = document.folder(),
        .revision = document.revision(),
        .wanted = std::move(wanted),
        .cells = cells};
    job.queued_at = SystemClock::now();
    Workflow workflow = document.workflow();
    const std::scoped_lock lock(mutex);
    LastSeeds& last = last_seeds[document.id()];
    job.seeds = draw_seeds(workflow, registry, last, [this] { return random_seed(); });
    for (const SeedUse& use : job.seeds) last[use.port] = use.seed;
    job.workflow = std::make_shared<const Workflow>(std::move(workflow));
    std::shared_ptr<const Workflow>& before = last_workflows[document.id()];
    if (before) job.differs = job_differences(*before, *job.workflow, registry);
    before = job.workflow;
    folders[job.id] = document.folder();
    return enqueue(std::move(job), first);
  }

  /// [locked]
  JobId enqueue(Job job, bool first) {
    const JobId id = job.id;
    if (!options.folder.empty()) writer.add([job, folder = options.folder] { write_job(job, folder); });
    queue.insert(first ? queue.begin() + static_cast<std::ptrdiff_t>(running()) : queue.end(), std::move(job));
    keep_order();
    touch();
    return id;
  }

  void cancel(JobId id) {
    const std::scoped_lock lock(mutex);
    const auto found = std::ranges::find(queue, id, &Job::id);
    if (found == queue.end()) return;
    if (found->state == Job::State::Running) {
      stop.request_stop();
      return;
    }
    Job job = std::move(*found);
    queue.erase(found);
    job.state = Job::State::Cancelled;
    end(std::move(job));
  }

  void cancel_all() {
    std::vector<JobId> ids;
    {
      const std::scoped_lock lock(mutex);
      for (const Job& job : queue) ids.push_back(job.id);
    }
    for (auto id = ids.rbegin(); id != ids.rend(); ++id) cancel(*id);
  }

  void move(JobId id, std::size_t place) {
    const std::scoped_lock lock(mutex);
    const auto found = std::ranges::find(queue, id, &Job::id);
    if (found == queue.end() || found->state == Job::State::Running) return;
    Job job = std::move(*found);
    queue.erase(found);
    const std::size_t at = std::min(running() + place, queue.size());
    queue.insert(queue.begin() + static_cast<std::ptrdiff_t>(at), std::move(job));
    keep_order();
    touch();
  }

  std::size_t take_up(const fs::path& folder) {
    std::vector<Job> jobs = read_jobs(folder);
    const std::scoped_lock lock(mutex);
    for (Job& job : jobs) {
      job.id = next_job();
      job.queued_at = SystemClock::now();
      folders[job.id] = job.folder;
      paused = true;
      enqueue(std::move(job), false);
    }
    writer.add([folder] { remove_jobs(folder); });  // after they were written to ours
    return jobs.size();
  }

  std::shared_ptr<const RunState> state() {
    const std::scoped_lock lock(mutex);
    if (published && published->revision == revision) return published;
    if (record && running() == 1) {
      const DocumentRun& run = change_run(queue.front().document);
      const RunRecord::Outlook outlook = record->outlook(run, RunRecord::Clock::now());
      queue.front().fraction = outlook.fraction;
      queue.front().seconds_left = outlook.seconds_left;
      queue.front().outlook_at = SystemClock::now();
      if (queue.front().cells > 0) look_at_whole_sweep(queue.front());
    }
    auto now = std::make_shared<RunState>();
    now->revision = revision;
    now->paused = paused;
    now->queue = queue;
    now->history = history;
    for (auto& [id, held] : runs) {
      held.published = true;
      now->documents[id] = held.run;
    }
    published = std::move(now);
    return published;
  }

  /// [locked] From what the cell that runs says, to the whole job.
  void look_at_whole_sweep(Job& job) const {
    const double all = static_cast<double>(job.cells);
    job.fraction = (static_cast<double>(cell) + job.fraction) / all;
    job.seconds_left.reset();
    if (cell == 0) return;  // the first loads models, and says little of the others
    const double passed = std::chrono::duration<double>(SystemClock::now() - job.started_at).count();
    job.seconds_left = passed / job.fraction * (1 - job.fraction);
  }

  // The queue's thread.

  void work() {
    const CLocale locale;
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return stopping || clearing || can_begin(); });
      if (stopping) return;
      if (clearing) {
        clearing = false;
        if (executor) executor->clear_cache();
        continue;
      }
      queue.front().state = Job::State::Running;
      queue.front().started_at = SystemClock::now();
      stop = std::stop_source();
      DocumentRun& run = change_run(queue.front().document);
      run.job = queue.front().id;
      forget_failures(run);
      for (const SeedUse& use : queue.front().seeds) run.seeds[use.port] = use;
      cell = 0;
      const Job job = queue.front();
      const fs::path folder = folders[job.id];
      const auto origin = std::make_shared<const RunOrigin>(
          RunOrigin{.job = job.id, .workflow = job.workflow, .seeds = job.seeds, .time = job.started_at});
      record.emplace(origin, past);
      touch();
      lock.unlock();
      Job ended = execute(job, origin, folder, stop.get_token());
      lock.lock();
      record.reset();
      if (stopping) return;  // the job stays in the folder
      queue.erase(queue.begin());
      end(std::move(ended));
    }
  }

  Job execute(
      Job job, const std::shared_ptr<const RunOrigin>& origin, const fs::path& folder, const std::stop_token& token) {
    try {
      run(job, origin, folder, token);
    } catch (const GraphError& error) {
      fail(job, error.problems());
    } catch (const std::exception& error) {
      fail(job, {{.what = error.what()}});
    } catch (...) {
      fail(job, {{.what = tr("a plugin threw something that is no std::exception")}});
    }
    return job;
  }

  void run(
      Job& job, const std::shared_ptr<const RunOrigin>& origin, const fs::path& folder, const std::stop_token& token) {
    RunRequest request{.graph = job.workflow->graph, .wanted = job.wanted, .subgraphs = job.workflow->subgraphs};
    if (options.environment) request.environment = options.environment(folder);
    if (job.cells > 0) return run_sweep(job, origin, std::move(request.environment), token);
    if (request.wanted.empty()) request.wanted = default_results(*job.workflow, registry);
    const std::vector<Problem> problems =
        host::problems_of_run(*job.workflow, registry, request.environment, request.wanted);
    if (!problems.empty()) return fail(job, problems);
    request.environment.workflow = read_foreign_json(to_text(*job.workflow), "workflow");
    add_watched(job, request.wanted);

    const RunResult result =
        opened_executor().run(request, [&](const Event& event) { take(job.document, event); }, token);
    keep_results(job, origin, result);
    job.problems = result.problems;
    job.state = result.cancelled ? Job::State::Cancelled : result.ok ? Job::State::Done : Job::State::Failed;
  }

  void run_sweep(Job& job, const std::shared_ptr<const RunOrigin>& origin, RunEnvironment environment,
      const std::stop_token& token) {
    const host::Sweep sweep = host::sweep_of(*job.workflow).value_or(host::Sweep());
    const host::PreparedSweep prepared = host::prepare_sweep(*job.workflow, registry, sweep, environment, job.wanted);
    std::vector<std::string> seen;
    for (const host::SweepPicture& picture : prepared.pictures) seen.push_back(picture.source.node);
    add_watched(job, seen);
    const host::SweepResult result =
        host::run_sweep(prepared, registry, opened_executor(), std::move(environment), seen,
            {.begins = [&](std::size_t begun, const Workflow&) { begin_cell(origin, begun); },
                .ended = [&](std::size_t, const RunResult& ran) { keep_results(job, origin, ran); },
                .events = [&](const Event& event) { take(job.document, event); }},
            token);
    for (const host::SweepTable& table : result.tables) keep_table(job, origin, table, result.warnings);
    job.problems = result.problems;
    job.state = result.cancelled ? Job::State::Cancelled : result.ok ? Job::State::Done : Job::State::Failed;
  }

  void begin_cell(const std::shared_ptr<const RunOrigin>& origin, std::size_t begun) {
    const std::scoped_lock lock(mutex);
    cell = begun;
    record.emplace(origin, past);
    touch();
  }

  /// The table stands at what made its pictures, for the viewer, and at what would have saved them.
  void keep_table(Job& job, const std::shared_ptr<const RunOrigin>& origin, const host::SweepTable& table,
      const std::vector<std::string>& warnings) {
    if (!table.table) return;
    OutputView view = view_of_table(registry, table);
    view.origin = origin;
    if (!table.file.empty()) job.files.push_back(fs::absolute(table.file));
    const std::scoped_lock lock(mutex);
    DocumentRun& run = change_run(job.document);
    NodeRun& result = run.nodes[table.picture.result];
    result.state = table.file.empty() ? NodeRun::State::Failed : NodeRun::State::Done;
    result.warnings = warnings;
    result.origin = origin;
    if (!view.pictures.empty()) {
      result.preview = view.pictures.front();
      result.preview_origin = origin;
      ++result.preview_number;
    }
    if (!table.file.empty()) result.files = {fs::absolute(table.file)};
    std::vector<OutputView>& outputs = run.nodes[table.picture.source.node].outputs;
    const auto known = std::ranges::find(outputs, view.port, &OutputView::port);
    if (known != outputs.end())
      *known = std::move(view);
    else
      outputs.push_back(std::move(view));
    touch();
  }

  Executor& opened_executor() {
    if (!executor) {
      runtime = options.open_runtime();
      executor = std::make_unique<Executor>(registry, *runtime,
          ExecutorOptions{.light_workers = options.light_workers,
              .device = runtime->devices().front(),
              .cache_bytes = options.cache_bytes,
              .previews = true});
    }
    return *executor;
  }

  /// Watched nodes that run anyway are wanted too, so that their outputs are kept.
  void add_watched(const Job& job, std::vector<std::string>& wanted) {
    Ids ids;
    {
      const std::scoped_lock lock(mutex);
      const auto found = watched.find(job.document);
      if (found != watched.end()) ids = found->second;
    }
    const std::vector<std::string> seen = seen_anyway(*job.workflow, registry, wanted, ids);
    wanted.insert(wanted.end(), seen.begin(), seen.end());
  }

  void take(DocumentId document, const Event& event) {
    const std::scoped_lock lock(mutex);
    record->take(event, change_run(document), RunRecord::Clock::now());
    touch();
  }

  void keep_results(Job& job, const std::shared_ptr<const RunOrigin>& origin, const RunResult& result) {
    const NodeTypes types(job.workflow->subgraphs, registry);
    for (const auto& [id, node] : result.nodes) {
      const GraphNode* in_graph = node_at(*job.workflow, id);
      const NodeInfo* info = in_graph ? types.find(in_graph->type) : nullptr;
      if (!info || node.outputs.empty()) continue;
      std::vector<OutputView> views = views_of(registry, *info, node);
      for (OutputView& view : views) view.origin = origin;
      std::vector<fs::path> files = files_of(*info, node);
      job.files.insert(job.files.end(), files.begin(), files.end());
      const std::scoped_lock lock(mutex);
      NodeRun& kept = change_run(job.document).nodes[id];
      kept.outputs = std::move(views);
      kept.files = std::move(files);
      touch();
    }
  }

  /// The run did not begin: its problems stand at their nodes.
  void fail(Job& job, const std::vector<Problem>& problems) {
    job.problems = problems;
    job.state = Job::State::Failed;
    const std::scoped_lock lock(mutex);
    DocumentRun& run = change_run(job.document);
    for (const Problem& problem : problems) {
      if (problem.node.empty()) continue;
      NodeRun& node = run.nodes[problem.node];
      node.state = NodeRun::State::Failed;
      if (!node.problem) node.problem = problem;
      node.refused_at = job.revision;
    }
    touch();
  }

  // Locked.

  std::size_t running() const { return !queue.empty() && queue.front().state == Job::State::Running ? 1 : 0; }
  bool can_begin() const { return !paused && !queue.empty() && running() == 0; }
  bool idle() const { return running() == 0 && (queue.empty() || paused); }

  /// A job leaves the queue for the history.
  void end(Job job) {
    job.ended_at = SystemClock::now();
    job.fraction = job.state == Job::State::Done ? 1 : job.fraction;
    job.seconds_left.reset();
    folders.erase(job.id);
    if (!options.folder.empty()) writer.add([id = job.id, folder = options.folder] { remove_job(id, folder); });
    history.push_back(std::move(job));
    if (history.size() > kMostHistory) history.erase(history.begin());
    keep_order();
    touch();
  }

  void keep_order() {
    if (options.folder.empty()) return;
    std::vector<JobId> order;
    for (const Job& job : queue) order.push_back(job.id);
    writer.add([order, folder = options.folder] {
      if (order.empty())
        remove_jobs(folder);
      else
        write_order(order, folder);
    });
  }

  /// What is known of a document's nodes, for changing: a copy of its own if a window holds the last one.
  DocumentRun& change_run(DocumentId document) {
    Held& held = runs[document];
    if (!held.run || held.published)
      held = {held.run ? std::make_shared<DocumentRun>(*held.run) : std::make_shared<DocumentRun>()};
    return *held.run;
  }

  /// Something is new: whoever waits is told, the window once until it looks.
  void touch() {
    const bool first = !published || published->revision == revision;
    ++revision;
    changed.notify_all();
    if (first && options.wake) options.wake();
  }

  std::uint64_t random_seed() {
    if (options.random) return options.random();
    return std::uniform_int_distribution<std::uint32_t>()(random);  // what one can read out and type
  }

  struct Held {
    std::shared_ptr<DocumentRun> run;
    bool published = false;
  };

  const Registry& registry;
  const RunQueueOptions options;

  // Of the queue's thread.
  std::unique_ptr<DeviceRuntime> runtime;
  std::unique_ptr<Executor> executor;

  std::mutex mutex;  // guards all below
  std::condition_variable changed;
  std::vector<Job> queue;
  std::vector<Job> history;
  std::map<JobId, fs::path> folders;  // where relative files of a job's workflow are looked up
  std::map<DocumentId, Held> runs;
  std::map<DocumentId, Ids> watched;
  std::map<DocumentId, LastSeeds> last_seeds;
  std::map<DocumentId, std::shared_ptr<const Workflow>> last_workflows;  // that were queued
  PastTimes past;
  std::optional<RunRecord> record;
  std::size_t cell = 0;  // of the sweep that runs
  std::uint64_t revision = 1;
  std::shared_ptr<const RunState> published;
  std::stop_source stop;
  bool paused = false;
  bool clearing = false;
  bool stopping = false;
  std::mt19937_64 random{std::random_device{}()};

  BackgroundWriter writer;
  std::thread thread;  // last: it uses all of the above
};

RunQueue::RunQueue(const Registry& registry, RunQueueOptions options)
    : impl_(std::make_unique<Impl>(registry, std::move(options))) {}

RunQueue::~RunQueue() = default;

JobId RunQueue::add(const Document& document, std::vector<std::string> wanted) {
  return impl_->add(document, std::move(wanted), false);
}

JobId RunQueue::add_first(const Document& document, std::vector<std::string> wanted) {
  return impl_->add(document, std::move(wanted), true);
}

JobId RunQueue::add_sweep(const Document& document) {
  const std::size_t cells = sweep_size(document, impl_->registry);
  return impl_->add(document, {}, false, std::max<std::size_t>(cells, 1));
}

void RunQueue::cancel(JobId job) { impl_->cancel(job); }
void RunQueue::cancel_all() { impl_->cancel_all(); }
void RunQueue::move(JobId job, std::size_t place) { impl_->move(job, place); }

void RunQueue::pause(bool paused) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->paused = paused;
  impl_->touch();
}

std::size_t RunQueue::take_up(const fs::path& folder) { return impl_->take_up(folder); }

void RunQueue::watch(DocumentId document, Ids nodes) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->watched[document] = std::move(nodes);
}

void RunQueue::forget(DocumentId document) {
  const std::scoped_lock lock(impl_->mutex);
  if (impl_->running() == 0 || impl_->queue.front().document != document) impl_->runs.erase(document);
  impl_->watched.erase(document);
  impl_->last_seeds.erase(document);
  impl_->last_workflows.erase(document);
  impl_->touch();
}

void RunQueue::clear_cache() {
  const std::scoped_lock lock(impl_->mutex);
  impl_->clearing = true;
  impl_->changed.notify_all();
}

std::shared_ptr<const RunState> RunQueue::state() const { return impl_->state(); }

void RunQueue::wait_until_idle() const {
  std::unique_lock lock(impl_->mutex);
  impl_->changed.wait(lock, [this] { return impl_->idle(); });
  lock.unlock();
  impl_->writer.flush();
}

std::string RunQueue::problem() const { return impl_->writer.problem(); }

}  // namespace weft::editor
