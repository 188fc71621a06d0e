// Why a node runs again, in words: compares it with the last runs, by the node's id.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <unordered_set>

#include "graph/expand.h"
#include "graph/plan.h"

namespace weft {

/// What the executor remembers of a run.
struct PastRun {
  Graph graph;  ///< as it was asked for; the plan's is the expanded one
  Subgraphs subgraphs;
  std::vector<std::string> wanted;
  std::shared_ptr<const Expansion> expansion;
  std::shared_ptr<const Plan> plan;
  std::shared_ptr<const PlanCode> code;
  std::shared_ptr<const Keys> keys;
  std::unordered_set<PlanIndex> unfinished;  ///< failed, skipped or cancelled
};

/// "not cached: param 'steps' changed". `past` is latest first.
std::string why_it_runs(const Plan& plan, const Keys& keys, PlanIndex node, std::span<const PastRun> past);

}  // namespace weft
