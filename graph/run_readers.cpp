// What the end of a node sets going: readers that become ready, or are skipped; results that nobody reads any
// more.
#include <algorithm>
#include <boost/container/small_vector.hpp>

#include "graph/run.h"

namespace weft {
namespace {

using Indices = boost::container::small_vector<PlanIndex, 8>;

}  // namespace

template <class Visit>
void Run::visit_with_twins(PlanIndex i, const Visit& visit) const {
  visit(i);
  if (twins_.empty()) return;
  for (auto [twin, end] = twins_.equal_range(i); twin != end; ++twin) visit(twin->second);
}

PlanIndex Run::finish(PlanIndex i, Phase phase) {
  phases_[i] = phase;
  PlanIndex next = kNoNode;
  Indices light, heavy;
  const auto ready = [&](PlanIndex reader) {
    if (next == kNoNode && this->heavy(reader) == this->heavy(i)) {
      next = reader;
    } else {
      (this->heavy(reader) ? heavy : light).push_back(reader);
    }
  };
  Indices ended{i};  // a list and not recursion: a failure may skip 100,000 nodes
  while (!ended.empty()) {
    const PlanIndex node = ended.back();
    ended.pop_back();
    const PlanIndex cause = cause_of(node);
    visit_with_twins(node, [&](PlanIndex source) {
      for (const PlanIndex reader : plan_.readers(source)) {
        if (phases_[reader] != Phase::ToRun) continue;
        State& state = states_[reader];
        if (cause != kNoNode) state.blocked_by.store(cause, std::memory_order_relaxed);
        if (state.waits_for.fetch_sub(1, std::memory_order_acq_rel) > 1) continue;
        const PlanIndex blocked_by = state.blocked_by.load(std::memory_order_relaxed);
        if (blocked_by == kNoNode) {
          ready(reader);
        } else {
          phases_[reader] = blocked_by == kCancelled ? Phase::Cancelled : Phase::Skipped;
          tell_blocked(reader, blocked_by);
          ended.push_back(reader);
        }
      }
    });
    tell_twins(node);
    for (const Source& link : plan_.links(node)) release_link(link);
  }
  if (!light.empty() || !heavy.empty()) house_.lanes.push({light.data(), light.size()}, {heavy.data(), heavy.size()});
  return next;
}

/// What blocks the readers of a node that ended: kNoNode if nothing does.
PlanIndex Run::cause_of(PlanIndex ended) const {
  switch (phases_[ended]) {
    case Phase::Failed:
      return ended;
    case Phase::Cancelled:
      return kCancelled;
    case Phase::Skipped:
      return states_[ended].blocked_by.load(std::memory_order_relaxed);
    default:
      return kNoNode;
  }
}

void Run::tell_blocked(PlanIndex i, PlanIndex cause) {
  if (!events_) return;
  if (cause == kCancelled) {
    send(i, NodeCancelled{});
  } else {
    send(i, NodeSkipped{.because_of = plan_.id(cause)});
  }
}

void Run::tell_twins(PlanIndex i) {
  if (!events_) return;
  const PlanIndex cause = cause_of(i);
  visit_with_twins(i, [&](PlanIndex twin) {
    if (twin == i) return;
    if (cause == kNoNode) {
      send(twin, NodeCached{});
    } else {
      tell_blocked(twin, cause);
    }
  });
}

void Run::release_link(const Source& link) {
  const PlanIndex source = stand_in(link.node);
  release_output(source, link.output);
  release_reader(source);
}

void Run::release_wanted(PlanIndex i) {
  for (std::size_t output = 0; output < values(i).size(); ++output) release_output(i, output);
  release_reader(i);
}

/// An output goes with its own last reader: a text encoder need not stay as long as the U-Net that was loaded with it.
void Run::release_output(PlanIndex i, std::size_t output) {
  auto& readers = output_readers_[plan_.nodes()[i].first_output + output];
  if (readers.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  order_.free(i, values(i).subspan(output, 1));
}

void Run::release_reader(PlanIndex i) {
  State& state = states_[i];
  if (state.readers.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  order_.free(i, values(i));  // those that nobody reads, too
  order_.release(i);
  if (state.entry != 0) house_.cache.done_with(state.entry);
}

bool Run::has_heavy_readers(PlanIndex i) const {
  if (order_.idle()) return false;
  bool found = false;
  visit_with_twins(i, [&](PlanIndex source) {
    found = found || std::ranges::any_of(plan_.readers(source), [&](PlanIndex reader) {
      return phases_[reader] == Phase::ToRun && heavy(reader);
    });
  });
  return found;
}

}  // namespace weft
