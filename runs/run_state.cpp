#include "runs/run_state.h"

namespace weft::runs {
namespace {

using State = NodeRun::State;

/// The state of one part is that of the whole if it weighs most.
int weight(State state) {
  switch (state) {
    case State::Running:
      return 7;
    case State::Failed:
      return 6;
    case State::Queued:
      return 5;
    case State::Cancelled:
      return 4;
    case State::Skipped:
      return 3;
    case State::Done:
      return 2;
    case State::Cached:
      return 1;
    case State::Idle:
      return 0;
  }
  return 0;
}

void add(NodeRun& whole, const NodeRun& part) {
  if (weight(part.state) > weight(whole.state)) whole.state = part.state;
  whole.done += part.done;
  whole.total += part.total;
  if (part.seconds_left) whole.seconds_left = whole.seconds_left.value_or(0) + *part.seconds_left;
  whole.seconds += part.seconds;
  whole.bytes += part.bytes;
  if (!whole.problem) whole.problem = part.problem;
  if (whole.because_of.empty()) whole.because_of = part.because_of;
  if (part.preview) whole.preview = part.preview, whole.preview_origin = part.preview_origin;
  if (part.origin && (!whole.origin || part.origin->job < whole.origin->job)) whole.origin = part.origin;
  whole.preview_number += part.preview_number;
  whole.warnings.insert(whole.warnings.end(), part.warnings.begin(), part.warnings.end());
  whole.files.insert(whole.files.end(), part.files.begin(), part.files.end());
}

}  // namespace

std::optional<double> seconds_left(const Job& job, std::chrono::system_clock::time_point now) {
  if (!job.seconds_left) return std::nullopt;
  const double left = *job.seconds_left - std::chrono::duration<double>(now - job.outlook_at).count();
  return left > 0 ? std::optional(left) : std::nullopt;
}

std::optional<NodeRun> node_run(const OwnerRun& run, const std::string& address) {
  std::optional<NodeRun> whole;
  if (const auto found = run.nodes.find(address); found != run.nodes.end()) whole = found->second;
  const std::string inside = address + '/';
  for (auto it = run.nodes.lower_bound(inside); it != run.nodes.end() && it->first.starts_with(inside); ++it) {
    if (!whole) whole.emplace();
    add(*whole, it->second);
  }
  return whole;
}

}  // namespace weft::runs
