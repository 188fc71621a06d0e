#include "runs/kept_runs.h"

#include <algorithm>

namespace weft::runs {

namespace fs = std::filesystem;
using State = NodeRun::State;

OwnerRun& KeptRuns::of(OwnerId owner) {
  Held& held = held_[owner];
  if (!held.run || held.published)
    held = {held.run ? std::make_shared<OwnerRun>(*held.run) : std::make_shared<OwnerRun>()};
  return *held.run;
}

std::map<OwnerId, std::shared_ptr<const OwnerRun>> KeptRuns::publish() {
  std::map<OwnerId, std::shared_ptr<const OwnerRun>> all;
  for (auto& [owner, held] : held_) {
    held.published = true;
    all[owner] = held.run;
  }
  return all;
}

void KeptRuns::begin(const Job& job) {
  OwnerRun& run = of(job.owner);
  run.job = job.id;
  for (auto& [id, node] : run.nodes) {
    if (node.state == State::Done || node.state == State::Cached) continue;
    node.state = State::Idle;
    node.problem.reset();
    node.because_of.clear();
  }
  for (const SeedUse& use : job.seeds) run.seeds[use.port] = use;
}

void KeptRuns::refuse(const Job& job, const std::vector<Problem>& problems) {
  OwnerRun& run = of(job.owner);
  for (const Problem& problem : problems) {
    if (problem.node.empty()) continue;
    NodeRun& node = run.nodes[problem.node];
    node.state = State::Failed;
    if (!node.problem) node.problem = problem;
    node.refused_at = job.revision;
  }
}

void KeptRuns::keep(
    OwnerId owner, const std::string& node, std::vector<OutputView> outputs, std::vector<fs::path> files) {
  NodeRun& kept = of(owner).nodes[node];
  kept.outputs = std::move(outputs);
  kept.files = std::move(files);
}

void KeptRuns::keep_table(
    OwnerId owner, const host::SweepTable& table, OutputView view, const std::vector<std::string>& warnings) {
  OwnerRun& run = of(owner);
  NodeRun& result = run.nodes[table.picture.result];
  result.state = table.file.empty() ? State::Failed : State::Done;
  result.warnings = warnings;
  result.origin = view.origin;
  if (!view.pictures.empty()) {
    result.preview = view.pictures.front();
    result.preview_origin = view.origin;
    ++result.preview_number;
  }
  if (!table.file.empty()) result.files = {fs::absolute(table.file)};
  std::vector<OutputView>& outputs = run.nodes[table.picture.source.node].outputs;
  const auto known = std::ranges::find(outputs, view.port, &OutputView::port);
  if (known != outputs.end())
    *known = std::move(view);
  else
    outputs.push_back(std::move(view));
}

}  // namespace weft::runs
