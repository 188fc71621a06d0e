// App and runs: asking for them, and telling what became of them.
#include <algorithm>

#include "editor/app/app.h"
#include "editor/session/text.h"
#include "runs/address.h"

namespace weft::editor {

double seconds_of(const runs::Job& job) {
  using namespace std::chrono;
  if (job.started_at == system_clock::time_point{}) return 0;
  const auto end = job.state == runs::Job::State::Running ? system_clock::now() : job.ended_at;
  return std::max(0.0, duration<double>(end - job.started_at).count());
}

void App::run(std::vector<std::string> wanted) {
  Document* doc = document();
  if (!doc) return;
  attempt([&] {
    queue->watch(doc->id(), runs::addresses(doc->workflow()));  // so that whatever is clicked can be seen
    queue->add(run_of(*doc, std::move(wanted)));
  });
}

void App::run_sweep() {
  Document* doc = document();
  if (!doc) return;
  attempt([&] {
    queue->watch(doc->id(), runs::addresses(doc->workflow()));
    queue->add(sweep_run_of(*doc));
  });
}

const runs::NodeRun* App::node_run(const std::string& node) {
  return document() ? runs->node(document()->id(), document()->address(node)) : nullptr;
}

void App::take_runs() {
  const std::shared_ptr<const runs::RunState> before = std::exchange(runs, queue->state());
  if (before == runs) return;
  gallery.take(*runs);
  log_run_events(*before, *runs);
}

void App::log_run_events(const runs::RunState& before, const runs::RunState& now) {
  for (const runs::Job& job : now.history) {
    const auto known = std::ranges::find(before.history, job.id, &runs::Job::id);
    if (known != before.history.end()) continue;
    if (job.state == runs::Job::State::Done) notify(tr_format("{}: done in {:.1f} s", job.title, seconds_of(job)));
    if (job.state == runs::Job::State::Cancelled) notify(tr_format("{}: stopped", job.title), LogLine::Kind::Warning);
    if (job.state != runs::Job::State::Failed) continue;
    if (job.problems.empty()) notify(tr_format("{}: failed", job.title), LogLine::Kind::Error);
    for (const Problem& problem : job.problems) notify(problem.text(), LogLine::Kind::Error);
  }
}

}  // namespace weft::editor
