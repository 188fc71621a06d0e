// In what one job differs from the one before it, for people: "CFG 7.5", "Seed 12", "+ Load LoRA". [any thread]
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/registry.h"
#include "graph/workflow.h"
#include "host/port_label.h"

namespace weft::runs {

const char* state_in_english(NodeState state);

/// How people read what a workflow is made of: in English, unless the caller has another language.
struct Wording {
  std::function<std::string(const NodeInfo&)> title = [](const NodeInfo& type) { return type.options.title; };
  std::function<std::string(std::string_view)> port = host::port_label;
  std::function<std::string(NodeState)> state = state_in_english;
};

/// In a few words each, what a run of `now` differs in from one of `before`, nodes inside subgraphs among them. At most a
/// handful.
std::vector<std::string> job_differences(
    const Workflow& before, const Workflow& now, const Registry& registry, const Wording& wording = {});

}  // namespace weft::runs
