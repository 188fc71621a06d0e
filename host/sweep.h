// Sweep: one workflow with several values at one or two of its params, a *cell* for each combination. What it is, how it
// stands in a workflow file, and how people write it; sweep_run.h runs it. The same for every program. [any thread]
//
// In the file, under the key "sweep": one axis (columns) or two (columns, then rows):
//
//   "sweep": [{"param": "sampler.cfg", "values": [3, 5, 7]},
//             {"param": "steps", "from": 10, "to": 30, "step": 10}]
//
// As text: "3, 5, 7", "10..30/10" (in steps of 10), "0..1x5" (5 values), "10..30" (in steps of 1). Texts stand between
// `|`, or in lines of their own, since they may hold commas; a JSON list says anything: ["a, b", "c"].
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "graph/registry.h"
#include "graph/workflow.h"

namespace weft::host {

/// Numbers from one to another: in steps, or so many at equal distances. With neither in steps of 1.
struct SweepRange {
  Literal from, to;
  Literal step = {};  ///< a number above 0, or null
  std::size_t count = 0;
  bool operator==(const SweepRange&) const = default;
};

using SweepValues = std::variant<std::vector<Literal>, SweepRange>;

struct SweepAxis {
  std::string param;  ///< as callers name it: of the interface, "node.port", "subgraph:NAME/node.port" in a definition
  SweepValues values;
  bool operator==(const SweepAxis&) const = default;
};

struct Sweep {
  std::vector<SweepAxis> axes;  ///< columns, then rows
  bool operator==(const Sweep&) const = default;
};

/// More cells than these are refused before anything runs.
inline constexpr std::size_t kMostCells = 1000;

/// The sweep that the workflow holds; nothing where it has none. Throws GraphError where the key holds something else.
std::optional<Sweep> sweep_of(const Workflow& workflow);
/// Unknown keys with the sweep in place of the old one; without axes: with none. Others stay.
nlohmann::json with_sweep(nlohmann::json extra, const Sweep& sweep);

/// Values as people write them. Throws GraphError for what is none; whether the param takes them is not looked at.
SweepValues read_sweep_values(const PortInfo& port, std::string text);
/// Text that read_sweep_values() reads as these.
std::string sweep_text(const PortInfo& port, const SweepValues& values);
/// Whether text for this param has a value between `|`, or a line each, instead of commas.
bool is_free_text(const PortInfo& port);
/// "NAME=VALUES" of a command line. Throws GraphError naming what there is to vary.
SweepAxis read_sweep_axis(const Workflow& workflow, const Registry& registry, const std::string& text);

/// A param, found in the workflow. Throws GraphError: there is none, or a link gives its value.
struct SweepParam {
  PortRef target;  ///< as the workflow has it; of a definition's node the node is "subgraph:NAME/node"
  PortInfo port;
  std::string title;  ///< "CFG"; with the node's title where that has one of its own
};
SweepParam find_sweep_param(const Workflow& workflow, const Registry& registry, const std::string& name);

/// An axis with all its values, each of which the param takes.
struct SweptAxis {
  SweepParam param;
  std::vector<Literal> values;
  std::vector<std::string> captions;  ///< of the values, a line each
};

/// Throws GraphError with every problem: a param that cannot be varied or varies twice, values that it does not take, more
/// than two axes, more than kMostCells cells.
std::vector<SweptAxis> expand_sweep(const Workflow& workflow, const Registry& registry, const Sweep& sweep);

std::size_t cell_count(const std::vector<SweptAxis>& axes);
/// How many cells the workflow's sweep has; 0: it has none, or one that cannot run.
std::size_t sweep_size(const Workflow& workflow, const Registry& registry);
/// Cells go row by row. `cell` < cell_count().
Workflow cell_of(const Workflow& workflow, const std::vector<SweptAxis>& axes, std::size_t cell);
/// "CFG 5, Steps 20"
std::string cell_caption(const std::vector<SweptAxis>& axes, std::size_t cell);

/// How the file names a param: "node.port".
std::string param_name(const PortRef& target);

}  // namespace weft::host
