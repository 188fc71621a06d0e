#include "host/sweep_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "base/foreign_json.h"
#include "graph/expand.h"
#include "graph/validate.h"
#include "host/missing_files.h"
#include "host/problems.h"
#include "plugins/node_call.h"

namespace weft::host {
namespace {

constexpr const char* kTableNode = "image.table";
constexpr const char* kSaveNode = "image.save";
constexpr const char* kPicture = "image";  ///< the value type

bool is_picture(const PortInfo& port) { return port.type == kPicture; }

/// The first picture that comes to a node by a link.
std::optional<PortRef> picture_at(const GraphNode& node, const NodeInfo& type) {
  for (const PortInfo& port : type.inputs) {
    const auto input = node.inputs.find(port.name);
    if (!is_picture(port) || input == node.inputs.end() || !std::holds_alternative<Links>(input->second)) continue;
    if (const Links& links = std::get<Links>(input->second); !links.empty()) return links.front();
  }
  return std::nullopt;
}

std::string prefix_of(const GraphNode& node) {
  const auto prefix = node.type == kSaveNode ? node.inputs.find("prefix") : node.inputs.end();
  const Literal* literal = prefix == node.inputs.end() ? nullptr : std::get_if<Literal>(&prefix->second);
  return literal && literal->is_string() ? literal->get<std::string>() : node.type == kSaveNode ? "weft" : "sweep";
}

/// The picture of a result: what the interface names of it, what comes out of it, or what goes in.
std::optional<PortRef> picture_of(const Workflow& workflow, const GraphNode& node, const NodeInfo& type) {
  for (const auto& [name, ref] : workflow.interface.outputs)
    if (const PortInfo* port = ref.node == node.id ? type.find_output(ref.port) : nullptr; port && is_picture(*port))
      return ref;
  const auto own = std::ranges::find_if(type.outputs, is_picture);
  return own != type.outputs.end() ? std::optional(PortRef{node.id, own->name}) : picture_at(node, type);
}

std::vector<SweepPicture> pictures_of(
    const Workflow& workflow, const Registry& registry, const std::vector<std::string>& wanted) {
  const Expansion plain = expand(workflow.graph, workflow.subgraphs, registry, wanted);
  std::vector<SweepPicture> pictures;
  for (const std::string& id : plain.wanted) {
    const GraphNode& node = plain.graph.node(id);
    const NodeInfo* type = registry.find(node.type);
    const std::optional<PortRef> source = type ? picture_of(workflow, node, *type) : std::nullopt;
    if (!source) continue;
    const auto known = std::ranges::find(pictures, *source, &SweepPicture::source);
    if (known == pictures.end())
      pictures.push_back({*source, id, prefix_of(node)});
    else if (node.type == kSaveNode)
      *known = {*source, id, prefix_of(node)};  // shown and saved: named as it is saved
  }
  return pictures;
}

/// Files and models that other values name. Those of the workflow itself are looked for apart.
void find_missing_files(const Workflow& workflow, const Registry& registry, const std::vector<SweptAxis>& axes,
    const RunEnvironment& environment, const std::vector<std::string>& wanted, std::vector<Problem>& problems) {
  for (const SweptAxis& axis : axes) {
    if (axis.param.port.widget != Widget::Model && axis.param.port.widget != Widget::File) continue;
    for (const Literal& value : axis.values) {
      SweptAxis alone = axis;
      alone.values = {value};
      for (const Problem& problem : problems_of_run(cell_of(workflow, {alone}, 0), registry, environment, wanted))
        if (std::ranges::find(problems, problem) == problems.end()) problems.push_back(problem);
    }
  }
}

/// Everything that a picture needs, so that its facts come with the results.
std::vector<std::string> ancestors_of(
    const Workflow& workflow, const Registry& registry, const std::vector<std::string>& sources) {
  const Expansion plain = expand(workflow.graph, workflow.subgraphs, registry, sources);
  return plain.graph.with_ancestors(plain.wanted);
}

/// Calls a node type on values and literals, by port.
class Call {
 public:
  Call(const Registry& registry, std::string_view id) : registry_(registry) {
    type_ = registry.find(id);
    if (!type_)
      throw GraphError(
          Problem{.what = fmt::format("no plugin brings the node type '{}', which makes the table of a sweep", id),
              .remedy = "install Weft's plugin for images"});
    for (const PortInfo& port : type_->inputs)
      inputs_.push_back(
          port.kind == PortKind::Param ? std::vector{literal_value(port, nullptr)} : std::vector<Value>{});
  }

  Call& give(std::string_view port, std::vector<Value> values) {
    inputs_[index_of(port)] = std::move(values);
    return *this;
  }
  Call& set(std::string_view port, const Literal& literal) {
    const std::size_t index = index_of(port);
    inputs_[index] = {literal_value(type_->inputs[index], literal)};
    return *this;
  }
  /// The first output. Throws GraphError with what the node says.
  Value run(NodeSurroundings surroundings, std::vector<std::string>& warnings) {
    NodeOutcome outcome = call_node(registry_.node(type_->id), inputs_, std::move(surroundings));
    warnings.insert(warnings.end(), outcome.warnings.begin(), outcome.warnings.end());
    if (outcome.end != NodeOutcome::End::Returned)
      throw GraphError(Problem{.what = fmt::format("{}: {}", type_->id, outcome.error)});
    return outcome.outputs.front();
  }

 private:
  std::size_t index_of(std::string_view port) const {
    return static_cast<std::size_t>(std::ranges::find(type_->inputs, port, &PortInfo::name) - type_->inputs.begin());
  }

  const Registry& registry_;
  const NodeInfo* type_ = nullptr;
  NodeInputs inputs_;
};

std::string lines(const std::vector<std::string>& each) {
  std::string text;
  for (const std::string& line : each) text += line + '\n';
  return text;
}

/// The cells of one picture as they come.
struct Collected {
  SweepTable table;
  std::size_t output = 0;  ///< of the node that makes it
  std::string missing;     ///< places without a picture, as image.table takes them
};

/// The place of a picture among the outputs of its node.
std::size_t output_of(const PreparedSweep& sweep, const Registry& registry, const PortRef& source) {
  const Expansion plain = expand(sweep.workflow.graph, sweep.workflow.subgraphs, registry, std::vector{source.node});
  const std::vector<PortInfo>& outputs = registry.find(plain.graph.node(source.node).type)->outputs;
  return static_cast<std::size_t>(std::ranges::find(outputs, source.port, &PortInfo::name) - outputs.begin());
}

class SweepRun {
 public:
  SweepRun(const PreparedSweep& sweep, const Registry& registry, Executor& executor, RunEnvironment environment)
      : sweep_(sweep), registry_(registry), executor_(executor), environment_(std::move(environment)) {
    environment_.workflow = read_foreign_json(to_text(sweep.workflow), "the workflow");
    for (const SweepPicture& picture : sweep.pictures) {
      collected_.push_back({.table = {.picture = picture}, .output = output_of(sweep, registry, picture.source)});
      sources_.push_back(picture.source.node);
    }
  }

  SweepResult run(const std::vector<std::string>& seen, const SweepObserver& observer, const std::stop_token& stop) {
    const std::size_t count = cell_count(sweep_.axes);
    result_.ok = true;
    for (std::size_t cell = 0; cell < count && !result_.cancelled; ++cell) {
      const Workflow own = cell_of(sweep_.workflow, sweep_.axes, cell);
      observer.begins(cell, own);
      const RunResult ran = run_cell(own, seen, observer.events, stop);
      observer.ended(cell, ran);
      result_.cancelled = ran.cancelled || stop.stop_requested();
      if (!result_.cancelled) take(cell, ran);
    }
    if (!result_.cancelled)
      for (Collected& each : collected_) finish(each);
    result_.ok = result_.ok && !result_.cancelled;
    for (Collected& each : collected_) result_.tables.push_back(std::move(each.table));
    return std::move(result_);
  }

 private:
  RunResult run_cell(
      const Workflow& own, const std::vector<std::string>& seen, const Observer& events, const std::stop_token& stop) {
    try {
      std::vector<std::string> wanted = ancestors_of(own, registry_, sources_);
      for (const std::string& id : seen)
        if (std::ranges::find(wanted, id) == wanted.end()) wanted.push_back(id);
      return executor_.run({own.graph, std::move(wanted), environment_, own.subgraphs}, events, stop);
    } catch (const GraphError& error) {
      return {.ok = false, .problems = error.problems()};
    }
  }

  void take(std::size_t cell, const RunResult& ran) {
    const std::string caption = cell_caption(sweep_.axes, cell);
    for (const auto& [id, node] : ran.nodes)
      for (const Note& note : node.notes) keep(note);
    bool whole = true;
    for (Collected& each : collected_) {
      if (Value picture = value_of(each, ran)) {
        each.table.cells.push_back(std::move(picture));
        each.table.captions.push_back(caption);
        continue;
      }
      whole = false;
      const std::string why = ran.problems.empty() ? "it has no picture" : ran.problems.front().what;
      std::string line = fmt::format("{}: failed: {}", cell + 1, why);
      std::ranges::replace(line, '\n', ' ');
      each.missing += line + '\n';
    }
    if (whole) return;
    result_.ok = false;
    ++result_.failed;
    for (Problem problem : ran.problems) {
      problem.what = fmt::format("{}: {}", caption, problem.what);
      result_.problems.push_back(std::move(problem));
    }
  }

  void keep(const Note& note) {
    const bool known = std::ranges::any_of(notes_,
        [&](const Note& each) { return each.node == note.node && each.key == note.key && each.fact == note.fact; });
    if (!known) notes_.push_back(note);
  }

  static Value value_of(const Collected& wanted, const RunResult& ran) {
    const auto node = ran.nodes.find(wanted.table.picture.source.node);
    return node != ran.nodes.end() && wanted.output < node->second.outputs.size() ? node->second.outputs[wanted.output]
                                                                                  : Value();
  }

  /// The table and its file; without any picture there is none.
  void finish(Collected& each) {
    SweepTable& table = each.table;
    if (table.cells.empty()) return;
    try {
      const SweptAxis& columns = sweep_.axes.front();
      Call call(registry_, kTableNode);
      call.give("images", table.cells)
          .set("columns", columns.values.size())
          .set("column_title", columns.param.title)
          .set("column_captions", lines(columns.captions))
          .set("missing", each.missing);
      if (sweep_.axes.size() > 1)
        call.set("row_title", sweep_.axes[1].param.title).set("row_captions", lines(sweep_.axes[1].captions));
      table.table = call.run({environment_, notes_}, result_.warnings);
      const Value path = Call(registry_, kSaveNode)
                             .give("image", {table.table})
                             .set("prefix", table.picture.prefix)
                             .run({environment_, notes_}, result_.warnings);
      table.file = path.as<std::string>();
    } catch (const GraphError& error) {
      result_.ok = false;
      result_.problems.insert(result_.problems.end(), error.problems().begin(), error.problems().end());
    }
  }

  const PreparedSweep& sweep_;
  const Registry& registry_;
  Executor& executor_;
  RunEnvironment environment_;
  std::vector<std::string> sources_;
  std::vector<Collected> collected_;
  std::vector<Note> notes_;
  SweepResult result_;
};

}  // namespace

PreparedSweep prepare_sweep(const Workflow& workflow, const Registry& registry, const Sweep& sweep,
    const RunEnvironment& environment, const std::vector<std::string>& wanted) {
  PreparedSweep prepared{.workflow = workflow, .axes = expand_sweep(workflow, registry, sweep), .pictures = {}};
  prepared.workflow.extra = with_sweep(std::move(prepared.workflow.extra), sweep);
  const std::vector<std::string> results = wanted.empty() ? default_results(workflow, registry) : wanted;
  const Workflow first = cell_of(workflow, prepared.axes, 0);  // what varies need not have a value of its own
  std::vector<Problem> problems = problems_of_run(first, registry, environment, results);
  find_missing_files(first, registry, prepared.axes, environment, results, problems);
  if (!problems.empty()) throw GraphError(std::move(problems));
  prepared.pictures = pictures_of(workflow, registry, results);
  if (prepared.pictures.empty())
    throw GraphError(Problem{.what = "a sweep makes a table of pictures, and no result of this workflow is one",
        .remedy = "add a node that saves or shows a picture"});
  return prepared;
}

SweepResult run_sweep(const PreparedSweep& sweep, const Registry& registry, Executor& executor,
    RunEnvironment environment, const std::vector<std::string>& seen, const SweepObserver& observer,
    std::stop_token stop) {
  return SweepRun(sweep, registry, executor, std::move(environment)).run(seen, observer, stop);
}

}  // namespace weft::host
