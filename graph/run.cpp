// The course of a run: what has to be computed, and who waits for whom. One node is in run_node.cpp, what
// its end sets going in run_readers.cpp, what comes of it all in run_result.cpp.
#include "graph/run.h"

#include <algorithm>
#include <utility>

namespace weft {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

Run::Run(const House& house, const Plan& plan, const PlanCode& code, const Keys& keys,
    const RunEnvironment& environment, std::span<const SkippedNode> left_out, const Observer& observer,
    std::stop_token stop)
    : house_(house),
      plan_(plan),
      code_(code),
      keys_(keys),
      environment_(environment),
      left_out_(left_out),
      events_(observer),
      stop_(std::move(stop)),
      cpu_({}, house.ledger, house.streams.runtime()),
      device_(house.options.device, house.ledger, house.streams.runtime()),
      order_(house.streams, plan.size()) {}

RunResult Run::execute() {
  const auto start = Clock::now();
  find_what_to_run();
  if (to_run_ > 0) count_links();
  announce();
  if (to_run_ > 0) run_all();
  RunResult result = this->result();
  if (events_) {
    RunFinished end{.skipped = left_out_.size(), .cancelled = result.cancelled, .time = Clock::now() - start};
    for (PlanIndex i = 0; i < plan_.size(); ++i) {
      if (phases_[i] == Phase::NotNeeded) continue;
      const NodeResult::State state = state_of(i);
      end.ran += state == NodeResult::State::Finished;
      end.cached += state == NodeResult::State::Cached;
      end.failed += state == NodeResult::State::Failed;
      end.skipped += state == NodeResult::State::Skipped;
    }
    events_.send({}, end);
    events_.wait();
  }
  return result;
}

void Run::send(PlanIndex i, EventKind kind) {
  if (events_) events_.send(plan_.id(i), std::move(kind));
}

// ---- What runs ----

void Run::find_what_to_run() {
  phases_.assign(plan_.size(), Phase::NotNeeded);
  for (const PlanIndex i : plan_.wanted()) phases_[i] = Phase::ToRun;
  boost::unordered_flat_map<ContentHash, PlanIndex, KeyHash> by_key;
  // Readers stand after what they read, so walking back meets each node when it is known whether somebody
  // needs it.
  for (PlanIndex i = static_cast<PlanIndex>(plan_.size()); i-- > 0;) {
    if (phases_[i] == Phase::NotNeeded) continue;
    if (!keys_.once[i]) {
      if (auto result = house_.cache.find(key(i))) {
        phases_[i] = Phase::Cached;
        hits_.push_back({i, std::move(result)});
        continue;
      }
      if (const auto [same, first] = by_key.try_emplace(key(i), i); !first) {
        phases_[i] = Phase::Twin;
        stand_ins_[i] = same->second;
        twins_.emplace(same->second, i);
        continue;
      }
    }
    ++to_run_;
    for (const Source& link : plan_.links(i)) phases_[link.node] = Phase::ToRun;
  }
}

void Run::count_links() {
  states_ = std::vector<State>(plan_.size());
  values_.resize(plan_.output_count());
  output_readers_ = std::vector<std::atomic<std::uint32_t>>(plan_.output_count());
  for (const Hit& hit : hits_) {
    State& state = states_[hit.node];
    state.entry = hit.result->entry;
    state.notes = hit.result->notes;
    house_.cache.use(state.entry);
    std::ranges::copy(hit.result->outputs, values(hit.node).begin());
  }
  const auto add = [](std::atomic<std::uint32_t>& count) {
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  };
  for (PlanIndex i = 0; i < plan_.size(); ++i) {
    if (phases_[i] != Phase::ToRun) continue;
    for (const Source& link : plan_.links(i)) {
      const PlanIndex source = stand_in(link.node);
      add(states_[source].readers);
      add(output_readers_[plan_.nodes()[source].first_output + link.output]);
      if (phases_[source] == Phase::ToRun) add(states_[i].waits_for);
    }
  }
  for (const PlanIndex i : plan_.wanted()) {
    const PlanIndex source = stand_in(i);
    add(states_[source].readers);
    for (std::size_t output = 0; output < values(source).size(); ++output)
      add(output_readers_[plan_.nodes()[source].first_output + output]);
  }
}

void Run::announce() {
  if (!events_) return;
  events_.send({}, RunStarted{to_run_ + hits_.size() + stand_ins_.size()});
  for (const SkippedNode& node : left_out_)
    events_.send(node.node, NodeSkipped{.because_of = node.because_of, .muted = true});
  for (PlanIndex i = 0; i < plan_.size(); ++i) {
    if (phases_[i] == Phase::NotNeeded) continue;
    send(i, NodeQueued{});
    if (phases_[i] == Phase::Cached) send(i, NodeCached{});
  }
}

void Run::run_all() {
  std::vector<Lanes::Task> light, heavy;
  for (PlanIndex i = 0; i < plan_.size(); ++i) {
    if (phases_[i] == Phase::ToRun && states_[i].waits_for == 0) (this->heavy(i) ? heavy : light).push_back(i);
  }
  house_.lanes.run(*this, light, heavy);
  order_.drain();
}

PlanIndex Run::stand_in(PlanIndex i) const {
  if (phases_[i] != Phase::Twin) return i;
  return stand_ins_.find(i)->second;
}

std::span<Value> Run::values(PlanIndex i) {
  return std::span(values_).subspan(plan_.nodes()[i].first_output, plan_.type(i).info->outputs.size());
}

const Value& Run::value(const Source& link) const {
  return values_[plan_.nodes()[stand_in(link.node)].first_output + link.output];
}

}  // namespace weft
