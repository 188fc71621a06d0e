#include "runs/run_record.h"

#include <algorithm>

#include "runs/address.h"

namespace weft::runs {
namespace {

using State = NodeRun::State;

double seconds_between(RunRecord::Clock::time_point from, RunRecord::Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

template <class... Functions>
struct Cases : Functions... {
  using Functions::operator()...;
};

/// What a node keeps when it runs anew: the pictures of before, until new ones come.
void begin(NodeRun& node) {
  node.done = node.total = 0;
  node.seconds_left.reset();
  node.problem.reset();
  node.refused_at = 0;
  node.because_of.clear();
  node.warnings.clear();
  node.why.clear();
}

}  // namespace

RunRecord::Times RunRecord::queued(std::string_view node, Clock::time_point now) const {
  Times times{.started = now, .first_progress = now, .type = std::string(node), .work = {}, .expected = {}};
  if (const NodePlace place = place_at(*origin_->workflow, node); place.node) {
    times.type = place.node->type;
    times.work = work_of(*place.graph, *place.node);
  }
  times.expected = past_.expected(times.type, times.work);
  return times;
}

void RunRecord::take(const Event& event, OwnerRun& run, Clock::time_point now) {
  if (event.node.empty()) return;
  const std::string id(event.node);
  NodeRun& node = run.nodes[id];
  const Cases cases{
      [&](const NodeQueued&) {
        begin(node);
        times_[id] = queued(id, now);
        node.state = State::Queued;
      },
      [&](const NodeCached&) {
        node.state = State::Cached;
        node.origin = origin_;
      },
      [&](const NodeStarted& e) {
        begin(node);
        times_[id] = queued(id, now);
        node.state = State::Running;
        node.device = e.device.name();
        node.why = e.why;
      },
      [&](const NodeProgress& e) { progress(id, e, node, now); },
      [&](const NodePreview& e) {
        node.preview = std::make_shared<const Picture>(e.picture);
        ++node.preview_number;
        node.preview_origin = origin_;
        node.preview_at = now;
      },
      [&](const NodeWarning& e) { node.warnings.push_back(e.text); },
      [&](const NodeFinished& e) {
        node.state = State::Done;
        node.seconds = std::chrono::duration<double>(e.time).count();
        node.bytes = e.bytes;
        node.seconds_left.reset();
        node.origin = origin_;
        if (const auto times = times_.find(id); times != times_.end())
          past_.note(times->second.type, times->second.work, node.seconds);
      },
      [&](const NodeFailed& e) {
        node.state = State::Failed;
        node.problem = e.problem;
      },
      [&](const NodeSkipped& e) {
        if (e.muted) begin(node);
        node.state = e.muted ? State::Idle : State::Skipped;
        node.because_of = e.because_of;
      },
      [&](const NodeCancelled&) { node.state = State::Cancelled; },
      [](const auto&) {},
  };
  std::visit(cases, event.kind);
}

void RunRecord::progress(const std::string& id, const NodeProgress& progress, NodeRun& node, Clock::time_point now) {
  Times& times = times_[id];
  if (node.done == 0 && node.total == 0) {  // what came before the first step (loading) says nothing of the rest
    times.first_progress = now;
    times.first_done = progress.done;
  }
  node.done = progress.done;
  node.total = progress.total;
  node.seconds_left = seconds_left(id, node, now);
}

std::optional<double> RunRecord::seconds_left(const std::string& id, const NodeRun& node, Clock::time_point now) const {
  const auto times = times_.find(id);
  if (times == times_.end() || node.total <= 0 || node.done <= times->second.first_done) return std::nullopt;
  const double each =
      seconds_between(times->second.first_progress, now) / static_cast<double>(node.done - times->second.first_done);
  return each * static_cast<double>(node.total - node.done);
}

RunRecord::Outlook RunRecord::outlook(const OwnerRun& run, Clock::time_point now) {
  constexpr double kUnknown = 0.1;  // seconds: what a node of a type that never ran counts
  double done = 0, left = 0;
  bool all_known = true;
  for (const auto& [id, times] : times_) {
    const auto found = run.nodes.find(id);
    if (found == run.nodes.end()) continue;
    const NodeRun& node = found->second;
    if (node.state == State::Cached) continue;
    const std::optional<double> guess = times.expected;
    if (node.state == State::Queued) {
      left += guess.value_or(kUnknown);
      all_known = all_known && guess;
    } else if (node.state == State::Running) {
      const double so_far = seconds_between(times.started, now);
      done += so_far;
      // What takes longer than it did before says nothing of when it ends.
      const std::optional<double> by_past = guess && *guess > so_far ? std::optional(*guess - so_far) : std::nullopt;
      const std::optional<double> known = node.seconds_left ? node.seconds_left : by_past;
      all_known = all_known && known;
      left += known.value_or(kUnknown);
    } else {
      done += std::max(node.seconds, 0.0);
    }
  }
  const double all = done + left;
  if (all > 0) furthest_ = std::max(furthest_, done / all);
  return {furthest_, all_known ? std::optional(left) : std::nullopt};
}

}  // namespace weft::runs
