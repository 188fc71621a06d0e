// What came of a run: results by id, and the notes that go with them.
#include <algorithm>
#include <cassert>
#include <set>

#include "graph/run.h"

namespace weft {

// ---- Notes ----

KeptNotes Run::notes_of_sources(PlanIndex i, std::vector<KeptNote> own) const {
  std::vector<KeptNotes> parts;
  for (const Source& link : plan_.links(i)) {
    const KeptNotes& notes = states_[stand_in(link.node)].notes;
    if (notes && (parts.empty() || parts.back() != notes)) parts.push_back(notes);
  }
  if (own.empty() && parts.size() <= 1) return parts.empty() ? nullptr : parts.front();

  if (!own.empty()) parts.push_back(std::make_shared<const std::vector<KeptNote>>(std::move(own)));
  std::vector<KeptNote> all;
  std::set<std::pair<ContentHash, std::string_view>> seen;  // what comes by two ways counts once
  for (const KeptNotes& part : parts) {
    for (const KeptNote& note : *part) {
      if (seen.emplace(note.producer, note.key).second) all.push_back(note);
    }
  }
  return std::make_shared<const std::vector<KeptNote>>(std::move(all));
}

std::vector<Note> Run::ancestor_notes(PlanIndex i) { return with_ids(notes_of_sources(i, {})); }

std::vector<Note> Run::with_ids(const KeptNotes& notes) {
  if (!notes) return {};
  std::call_once(producers_once_, [this] {
    for (PlanIndex i = 0; i < plan_.size(); ++i) producers_.try_emplace(key(i), i);
  });
  std::vector<Note> named;
  for (const KeptNote& note : *notes) {
    const auto producer = producers_.find(note.producer);
    assert(producer != producers_.end() && "a note belongs to an ancestor, and ancestors are in the plan");
    named.push_back({.node = plan_.id(producer->second), .key = note.key, .fact = note.fact});
  }
  return named;
}

// ---- What came of it ----

RunResult Run::result() {
  RunResult result{.ok = true};
  for (const PlanIndex i : plan_.wanted()) {
    const NodeResult& node = result.nodes.try_emplace(plan_.id(i), result_of(i)).first->second;
    result.ok = result.ok && (node.state == NodeResult::State::Cached || node.state == NodeResult::State::Finished);
  }
  for (const PlanIndex i : unfinished()) {
    result.cancelled = result.cancelled || phases_[i] == Phase::Cancelled;
    result.nodes.try_emplace(plan_.id(i), result_of(i));
  }
  for (const SkippedNode& node : left_out_)
    result.nodes.try_emplace(node.node, NodeResult{.state = NodeResult::State::Skipped});
  for (const auto& [i, problem] : problems_) result.problems.push_back(problem);
  if (!states_.empty()) {
    for (const PlanIndex i : plan_.wanted()) release_wanted(stand_in(i));
  }
  return result;
}

NodeResult Run::result_of(PlanIndex i) {
  NodeResult node{.state = state_of(i)};
  KeptNotes notes;
  if (phases_[i] == Phase::Cached) {
    node.outputs = hit(i).outputs;
    notes = hit(i).notes;
  } else if (const PlanIndex source = stand_in(i); phases_[source] == Phase::Finished) {
    node.outputs.assign(values(source).begin(), values(source).end());
    notes = states_[source].notes;
  } else if (const auto problem = problems_.find(source); problem != problems_.end()) {
    node.problems = {problem->second};
  }
  if (!notes) return node;
  for (const KeptNote& note : *notes) {
    if (note.producer == key(i)) node.notes.push_back({.node = plan_.id(i), .key = note.key, .fact = note.fact});
  }
  return node;
}

NodeResult::State Run::state_of(PlanIndex i) const {
  const bool twin = phases_[i] == Phase::Twin;
  switch (phases_[stand_in(i)]) {
    case Phase::Finished:
      return twin ? NodeResult::State::Cached : NodeResult::State::Finished;
    case Phase::Failed:
      return twin ? NodeResult::State::Skipped : NodeResult::State::Failed;
    case Phase::Skipped:
      return NodeResult::State::Skipped;
    case Phase::Cancelled:
      return NodeResult::State::Cancelled;
    default:
      return NodeResult::State::Cached;
  }
}

const CachedResult& Run::hit(PlanIndex i) const {
  return *std::ranges::lower_bound(hits_, i, std::ranges::greater{}, &Hit::node)->result;
}

std::unordered_set<PlanIndex> Run::unfinished() const {
  std::unordered_set<PlanIndex> found;
  for (PlanIndex i = 0; i < plan_.size(); ++i) {
    if (phases_[i] >= Phase::Failed) found.insert(i);
  }
  return found;
}

}  // namespace weft
