#include "runs/run_queue.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <stop_token>
#include <thread>

#include "base/c_locale.h"
#include "host/sweep.h"
#include "runs/job_file.h"
#include "runs/job_journal.h"
#include "runs/kept_runs.h"
#include "runs/run_record.h"

namespace weft::runs {
namespace {

namespace fs = std::filesystem;
using SystemClock = std::chrono::system_clock;

constexpr std::size_t kMostHistory = 100;

JobId next_job() {
  static std::atomic<JobId> last = 0;
  return ++last;
}

}  // namespace

struct RunQueue::Impl final : private JobListener {
  Impl(const Registry& r, RunQueueOptions o)
      : registry(r), options(std::move(o)), runner(registry, options.runner), journal(options.folder), thread([this] {
          work();
        }) {}

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

  JobId add(JobRequest request, bool first) {
    Job job{.id = next_job(),
        .owner = request.owner,
        .title = std::move(request.title),
        .file = std::move(request.file),
        .folder = std::move(request.folder),
        .revision = request.revision,
        .wanted = std::move(request.wanted)};
    if (request.sweep) job.cells = std::max<std::size_t>(host::sweep_size(request.workflow, registry), 1);
    job.queued_at = SystemClock::now();
    const std::scoped_lock lock(mutex);
    LastSeeds& last = last_seeds[job.owner];
    job.seeds = draw_seeds(request.workflow, registry, last, [this] { return random_seed(); });
    for (const SeedUse& use : job.seeds) last[use.port] = use.seed;
    job.workflow = std::make_shared<const Workflow>(std::move(request.workflow));
    std::shared_ptr<const Workflow>& before = last_workflows[job.owner];
    if (before) job.differs = job_differences(*before, *job.workflow, registry, options.wording);
    before = job.workflow;
    return enqueue(std::move(job), first);
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
    journal.keep_order(queue);
    touch();
  }

  std::size_t take_up(const fs::path& folder) {
    std::vector<Job> jobs = read_jobs(folder);
    const std::scoped_lock lock(mutex);
    for (Job& job : jobs) {
      job.id = next_job();
      job.queued_at = SystemClock::now();
      paused = true;
      enqueue(std::move(job), false);
    }
    journal.discard(folder);
    return jobs.size();
  }

  std::shared_ptr<const RunState> state() {
    const std::scoped_lock lock(mutex);
    if (published && published->revision == revision) return published;
    if (record && running() == 1) look_ahead(queue.front());
    published = std::make_shared<const RunState>(
        RunState{.revision = revision, .paused = paused, .queue = queue, .history = history, .owners = kept.publish()});
    return published;
  }

  // The queue's thread.

  void work() {
    const CLocale locale;
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [this] { return stopping || clearing || can_begin(); });
      if (stopping) return;
      if (std::exchange(clearing, false)) {
        runner.clear_cache();
        continue;
      }
      queue.front().state = Job::State::Running;
      queue.front().started_at = SystemClock::now();
      stop = std::stop_source();
      kept.begin(queue.front());
      const Job job = queue.front();
      origin = std::make_shared<const RunOrigin>(
          RunOrigin{.job = job.id, .workflow = job.workflow, .seeds = job.seeds, .time = job.started_at});
      begin_cell(0);
      lock.unlock();
      Job ended = runner.run(job, origin, *this, stop.get_token());
      lock.lock();
      record.reset();
      if (stopping) return;  // the job stays in the folder
      queue.erase(queue.begin());
      end(std::move(ended));
    }
  }

  void event(const Job& job, const Event& event) override {
    const std::scoped_lock lock(mutex);
    record->take(event, kept.of(job.owner), RunRecord::Clock::now());
    touch();
  }

  void cell_begins(std::size_t begun) override {
    const std::scoped_lock lock(mutex);
    begin_cell(begun);
  }

  void has_result(
      const Job& job, const std::string& node, std::vector<OutputView> outputs, std::vector<fs::path> files) override {
    const std::scoped_lock lock(mutex);
    kept.keep(job.owner, node, std::move(outputs), std::move(files));
    touch();
  }

  void has_table(const Job& job, const host::SweepTable& table, OutputView view,
      const std::vector<std::string>& warnings) override {
    const std::scoped_lock lock(mutex);
    kept.keep_table(job.owner, table, std::move(view), warnings);
    touch();
  }

  void refused(const Job& job, const std::vector<Problem>& problems) override {
    const std::scoped_lock lock(mutex);
    kept.refuse(job, problems);
    touch();
  }

  Addresses watched(OwnerId owner) override {
    const std::scoped_lock lock(mutex);
    const auto found = watched_nodes.find(owner);
    return found == watched_nodes.end() ? Addresses() : found->second;
  }

  // Locked.

  std::size_t running() const { return !queue.empty() && queue.front().state == Job::State::Running ? 1 : 0; }
  bool can_begin() const { return !paused && !queue.empty() && running() == 0; }
  bool idle() const { return running() == 0 && (queue.empty() || paused); }

  JobId enqueue(Job job, bool first) {
    const JobId id = job.id;
    journal.keep(job);
    queue.insert(first ? queue.begin() + static_cast<std::ptrdiff_t>(running()) : queue.end(), std::move(job));
    journal.keep_order(queue);
    touch();
    return id;
  }

  /// A job leaves the queue for the history.
  void end(Job job) {
    job.ended_at = SystemClock::now();
    job.fraction = job.state == Job::State::Done ? 1 : job.fraction;
    job.seconds_left.reset();
    journal.remove(job.id);
    history.push_back(std::move(job));
    if (history.size() > kMostHistory) history.erase(history.begin());
    journal.keep_order(queue);
    touch();
  }

  void begin_cell(std::size_t begun) {
    cell = begun;
    record.emplace(origin, past);
    touch();
  }

  /// How far the job that runs is.
  void look_ahead(Job& job) {
    const RunRecord::Outlook outlook = record->outlook(kept.of(job.owner), RunRecord::Clock::now());
    job.fraction = outlook.fraction;
    job.seconds_left = outlook.seconds_left;
    job.outlook_at = SystemClock::now();
    if (job.cells == 0) return;
    const double all = static_cast<double>(job.cells);  // what was said is of the cell
    job.fraction = (static_cast<double>(cell) + job.fraction) / all;
    job.seconds_left.reset();
    if (cell == 0) return;  // the first loads models, and says little of the others
    const double passed = std::chrono::duration<double>(job.outlook_at - job.started_at).count();
    job.seconds_left = passed / job.fraction * (1 - job.fraction);
  }

  /// Something is new: whoever waits is told, the caller once until it looks.
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

  const Registry& registry;
  const RunQueueOptions options;
  JobRunner runner;  // of the queue's thread

  std::mutex mutex;  // guards all below
  std::condition_variable changed;
  std::vector<Job> queue;
  std::vector<Job> history;
  KeptRuns kept;
  std::map<OwnerId, Addresses> watched_nodes;
  std::map<OwnerId, LastSeeds> last_seeds;
  std::map<OwnerId, std::shared_ptr<const Workflow>> last_workflows;  // that were queued
  PastTimes past;
  std::shared_ptr<const RunOrigin> origin;  // of the job that runs
  std::optional<RunRecord> record;  // of the cell that runs
  std::size_t cell = 0;  // of the sweep that runs
  std::uint64_t revision = 1;
  std::shared_ptr<const RunState> published;
  std::stop_source stop;
  bool paused = false;
  bool clearing = false;
  bool stopping = false;
  std::mt19937_64 random{std::random_device{}()};

  JobJournal journal;
  std::thread thread;  // last: it uses all of the above
};

RunQueue::RunQueue(const Registry& registry, RunQueueOptions options)
    : impl_(std::make_unique<Impl>(registry, std::move(options))) {}

RunQueue::~RunQueue() = default;

JobId RunQueue::add(JobRequest request) { return impl_->add(std::move(request), false); }
JobId RunQueue::add_first(JobRequest request) { return impl_->add(std::move(request), true); }
void RunQueue::cancel(JobId job) { impl_->cancel(job); }
void RunQueue::cancel_all() { impl_->cancel_all(); }
void RunQueue::move(JobId job, std::size_t place) { impl_->move(job, place); }

void RunQueue::pause(bool paused) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->paused = paused;
  impl_->touch();
}

std::size_t RunQueue::take_up(const fs::path& folder) { return impl_->take_up(folder); }

void RunQueue::watch(OwnerId owner, Addresses nodes) {
  const std::scoped_lock lock(impl_->mutex);
  impl_->watched_nodes[owner] = std::move(nodes);
}

void RunQueue::forget(OwnerId owner) {
  const std::scoped_lock lock(impl_->mutex);
  if (impl_->running() == 0 || impl_->queue.front().owner != owner) impl_->kept.forget(owner);
  impl_->watched_nodes.erase(owner);
  impl_->last_seeds.erase(owner);
  impl_->last_workflows.erase(owner);
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
  impl_->journal.flush();
}

std::string RunQueue::problem() const { return impl_->journal.problem(); }

}  // namespace weft::runs
