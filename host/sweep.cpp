#include "host/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/strict_json.h"
#include "base/utf8.h"
#include "graph/settable.h"
#include "graph/validate.h"
#include "host/port_label.h"

namespace weft::host {
namespace {

constexpr const char* kKey = "sweep";
constexpr const char* kHowToWrite =
    "write values between commas (3, 5, 7), a range with a step (10..30/10), or how many it shall have (0..1x5)";

[[noreturn]] void refuse(std::string what, std::string remedy = {}) {
  throw GraphError(Problem{.what = std::move(what), .remedy = std::move(remedy)});
}

std::string trimmed(std::string_view text) {
  constexpr const char* kBlank = " \t\r\n";
  const std::size_t from = text.find_first_not_of(kBlank);
  return from == text.npos ? std::string() : std::string(text.substr(from, text.find_last_not_of(kBlank) + 1 - from));
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t end = std::min(text.find(at, from), text.size());
    parts.push_back(trimmed(std::string_view(text).substr(from, end - from)));
    from = end + 1;
  }
  return parts;
}

bool is_number(const PortInfo& port) { return port.type == "int" || port.type == "float"; }

/// A number as the param's type reads it, whatever range the param has.
Literal number(const std::string& text) {
  const PortInfo any{.kind = PortKind::Param, .type = "float"};
  try {
    return literal_from_text(any, text);
  } catch (const GraphError&) {
    refuse(fmt::format("'{}' is not a number", printable(text)), kHowToWrite);
  }
}

SweepRange read_range(const std::string& text, std::size_t dots) {
  SweepRange range{.from = number(trimmed(text.substr(0, dots)))};
  std::string rest = text.substr(dots + 2);
  const std::size_t mark = rest.find_first_of("/x");
  range.to = number(trimmed(rest.substr(0, mark)));
  if (mark == rest.npos) return range;
  const Literal said = number(trimmed(rest.substr(mark + 1)));
  if (rest[mark] == '/') {
    range.step = said;
  } else {
    if (!said.is_number_unsigned() && !(said.is_number_integer() && said.get<std::int64_t>() > 0))
      refuse(fmt::format("'{}' is no number of values", trimmed(rest.substr(mark + 1))), kHowToWrite);
    range.count = said.get<std::size_t>();
    if (range.count == 0) refuse("a range of 0 values is empty", kHowToWrite);
  }
  return range;
}

std::vector<Literal> read_json_list(const std::string& text) {
  const nlohmann::json list = read_json(text, "the values");
  if (!list.is_array()) refuse("the values are no list");
  return std::vector<Literal>(list.begin(), list.end());
}

long double exact(const Literal& number) {
  if (number.is_number_unsigned()) return static_cast<long double>(number.get<std::uint64_t>());
  if (number.is_number_integer()) return static_cast<long double>(number.get<std::int64_t>());
  return number.get<double>();
}

long double step_of(const SweepRange& range) { return range.step.is_null() ? 1.0L : std::abs(exact(range.step)); }

/// How many values a range has, which may be more than anybody can hold. 0: none, as its step is 0.
long double size_of(const SweepRange& range) {
  if (range.count > 0) return static_cast<long double>(range.count);
  const long double step = step_of(range), span = std::abs(exact(range.to) - exact(range.from));
  // A hair is added, so that 0..1/0.1 has 11 values whatever 0.1 is in binary.
  return step > 0 ? std::floor(span / step + 1e-9L) + 1 : 0;
}

bool all_whole(const SweepRange& range) {
  return range.from.is_number_integer() && range.to.is_number_integer() &&
      (range.step.is_null() || range.step.is_number_integer());
}

Literal whole(long double number) {
  return number < 0 ? Literal(static_cast<std::int64_t>(number)) : Literal(static_cast<std::uint64_t>(number));
}

/// Without the traces of binary fractions: 0.30000000000000004 is 0.3.
Literal rounded(long double number) { return std::stod(fmt::format("{:.10g}", static_cast<double>(number))); }

std::vector<Literal> values_of(const PortInfo& port, const SweepRange& range) {
  const auto count = static_cast<std::size_t>(size_of(range));
  const long double from = exact(range.from), to = exact(range.to);
  long double step = to < from ? -step_of(range) : step_of(range);
  if (range.count > 0) step = count > 1 ? (to - from) / static_cast<long double>(count - 1) : 0;
  const bool to_whole = port.type == "int" || (range.count == 0 && all_whole(range));
  std::vector<Literal> values;
  for (std::size_t i = 0; i < count; ++i) {
    const long double value = from + static_cast<long double>(i) * step;
    const bool exact_step = range.count == 0 && !all_whole(range);  // 1..2/0.5 of an int is wrong, and is told
    Literal literal = to_whole && !exact_step ? whole(std::round(value)) : rounded(value);
    if (values.empty() || values.back() != literal) values.push_back(std::move(literal));
  }
  return values;
}

std::string said(const Literal& value) {
  if (value.is_string()) {
    std::string text = value.get<std::string>();
    std::ranges::replace(text, '\n', ' ');
    return text;
  }
  if (value.is_boolean()) return value.get<bool>() ? "on" : "off";
  if (value.is_number_float()) return fmt::format("{:.10g}", value.get<double>());
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

const nlohmann::json& member(const nlohmann::json& json, const char* key) {
  static const nlohmann::json kNone;
  const auto found = json.is_object() ? json.find(key) : json.end();
  return json.is_object() && found != json.end() ? *found : kNone;
}

SweepAxis axis_of(const nlohmann::json& json, std::size_t number) {
  const auto wrong = [number](const std::string& what) {
    refuse(fmt::format("axis {} of \"sweep\": {}", number, what),
        R"(write {"param": "node.port", "values": [...]}, or "from", "to" and "step" or "count")");
  };
  if (!json.is_object() || !member(json, "param").is_string()) wrong("it names no \"param\"");
  SweepAxis axis{.param = json["param"].get<std::string>(), .values = std::vector<Literal>()};
  if (const nlohmann::json& list = member(json, "values"); list.is_array()) {
    axis.values = std::vector<Literal>(list.begin(), list.end());
    return axis;
  }
  SweepRange range{.from = member(json, "from"), .to = member(json, "to"), .step = member(json, "step")};
  const nlohmann::json& count = member(json, "count");
  if (!range.from.is_number() || !range.to.is_number()) wrong("it has no values");
  if (!range.step.is_null() && !range.step.is_number()) wrong("its step is no number");
  if (!count.is_null()) {
    if (!count.is_number_integer() || count.get<std::int64_t>() < 1) wrong("its count is no number of values");
    range.count = count.get<std::size_t>();
  }
  axis.values = std::move(range);
  return axis;
}

/// "NAME/node" of "subgraph:NAME/node": the definition, and the node in it.
struct InDefinition {
  std::string definition, node;
};
std::optional<InDefinition> in_definition(const Workflow& workflow, const std::string& node) {
  const std::size_t slash = node.find('/');
  const auto name = slash == node.npos ? std::nullopt : subgraph_of_type(std::string_view(node).substr(0, slash));
  if (!name || workflow.graph.contains(node)) return std::nullopt;
  return InDefinition{std::string(*name), node.substr(slash + 1)};
}

const GraphNode* node_of(const Workflow& workflow, const PortRef& target) {
  const auto inside = in_definition(workflow, target.node);
  if (!inside) return workflow.graph.find(target.node);
  const auto definition = workflow.subgraphs.find(inside->definition);
  return definition == workflow.subgraphs.end() ? nullptr : definition->second.graph.find(inside->node);
}

/// The interface's name for the port, else the port's; with the node's title where it has one.
std::string title_of(const Workflow& workflow, const PortRef& target, const GraphNode& node) {
  for (const auto& [name, ref] : workflow.interface.inputs)
    if (ref == target) return port_label(name);
  const std::string label = port_label(target.port);
  return node.title.empty() ? label : node.title + ": " + label;
}

void set(Workflow& workflow, const PortRef& target, const Literal& value) {
  if (const auto inside = in_definition(workflow, target.node))
    workflow.subgraphs.at(inside->definition).graph.set_input(inside->node, target.port, value);
  else
    workflow.graph.set_input(target.node, target.port, value);
}

/// One axis of a sweep; what is wrong with it goes to `problems`.
std::optional<SweptAxis> expand_axis(
    const Workflow& workflow, const Registry& registry, const SweepAxis& axis, std::vector<Problem>& problems) {
  const auto add = [&](const GraphError& error) {
    problems.insert(problems.end(), error.problems().begin(), error.problems().end());
  };
  SweptAxis swept;
  try {
    swept.param = find_sweep_param(workflow, registry, axis.param);
  } catch (const GraphError& error) {
    add(error);
    return std::nullopt;
  }
  const auto refuse_axis = [&](std::string what, std::string remedy) {
    problems.push_back({swept.param.target.node, swept.param.target.port, std::move(what), std::move(remedy)});
    return std::nullopt;
  };
  const SweepRange* range = std::get_if<SweepRange>(&axis.values);
  if (range && !is_number(swept.param.port))
    return refuse_axis("only numbers have ranges", "give its values one by one");
  const long double count = range ? size_of(*range) : static_cast<long double>(std::get<0>(axis.values).size());
  if (count < 1) return refuse_axis("there is no value to vary it by", kHowToWrite);
  if (count > static_cast<long double>(kMostCells))
    return refuse_axis(fmt::format("{:.15g} values are too many: a sweep makes at most {} pictures",
                           static_cast<double>(count), kMostCells),
        "give fewer values, or a larger step");
  if (range && range->count == 0 && range->step.is_null() && count == 1 && range->from != range->to)
    return refuse_axis(
        fmt::format("the range from {} to {} is less than a step of 1", said(range->from), said(range->to)),
        fmt::format("say the step ({0}..{1}/0.1) or how many values it shall have ({0}..{1}x5)", said(range->from),
            said(range->to)));
  swept.values = range ? values_of(swept.param.port, *range) : std::get<0>(axis.values);
  for (const Literal& value : swept.values) {
    try {
      if (value.is_null()) refuse("the value is null", "leave it out, or give a value");
      literal_value(swept.param.port, value);
    } catch (const GraphError& error) {
      for (Problem problem : error.problems()) {
        problem.node = swept.param.target.node;
        problem.port = swept.param.target.port;
        problems.push_back(std::move(problem));
      }
    }
    swept.captions.push_back(said(value));
  }
  return swept;
}

std::size_t place_of(const std::vector<SweptAxis>& axes, std::size_t axis, std::size_t cell) {
  const std::size_t columns = axes.front().values.size();
  return axis == 0 ? cell % columns : cell / columns;
}

}  // namespace

std::optional<Sweep> sweep_of(const Workflow& workflow) {
  const nlohmann::json& json = member(workflow.extra, kKey);
  if (json.is_null()) return std::nullopt;
  if (!json.is_array()) refuse("\"sweep\" is no list", R"(write [{"param": "node.port", "values": [...]}])");
  Sweep sweep;
  for (const nlohmann::json& axis : json) sweep.axes.push_back(axis_of(axis, sweep.axes.size() + 1));
  return sweep.axes.empty() ? std::nullopt : std::optional(std::move(sweep));
}

nlohmann::json with_sweep(nlohmann::json extra, const Sweep& sweep) {
  if (!extra.is_object()) extra = nlohmann::json::object();
  extra.erase(kKey);
  for (const SweepAxis& axis : sweep.axes) {
    nlohmann::json json{{"param", axis.param}};
    if (const SweepRange* range = std::get_if<SweepRange>(&axis.values)) {
      json["from"] = range->from;
      json["to"] = range->to;
      if (!range->step.is_null()) json["step"] = range->step;
      if (range->count > 0) json["count"] = range->count;
    } else {
      json["values"] = std::get<0>(axis.values);
    }
    extra[kKey].push_back(std::move(json));
  }
  return extra;
}

bool is_free_text(const PortInfo& port) {
  return !is_number(port) && port.type != "bool" && port.choices.empty() && port.widget != Widget::Model &&
      port.widget != Widget::Color;
}

SweepValues read_sweep_values(const PortInfo& port, std::string text) {
  text = trimmed(text);
  if (!is_utf8(text)) refuse("the values are not valid UTF-8", "write them in UTF-8");
  if (text.starts_with('[')) {
    try {
      return read_json_list(text);
    } catch (const GraphError&) {
      if (!is_free_text(port)) throw;  // a text may begin so
    }
  }
  if (is_number(port))
    if (const std::size_t dots = text.find(".."); dots != text.npos && text.find(',') == text.npos)
      return read_range(text, dots);
  const char mark = !is_free_text(port) ? ',' : text.find('\n') != text.npos ? '\n' : '|';
  std::vector<Literal> values;
  for (const std::string& part : split(text, mark)) {
    if (part.empty() && (mark != '|' || text.empty())) continue;  // a comma at the end; between | an empty text is one
    if (is_number(port))
      values.push_back(number(part));
    else if (port.type == "bool")
      values.push_back(literal_from_text(port, part));
    else
      values.push_back(part);
  }
  return values;
}

std::string sweep_text(const PortInfo& port, const SweepValues& values) {
  if (const SweepRange* range = std::get_if<SweepRange>(&values)) {
    std::string text = fmt::format("{}..{}", said(range->from), said(range->to));
    if (range->count > 0) return text + fmt::format("x{}", range->count);
    return range->step.is_null() ? text : text + "/" + said(range->step);
  }
  const bool free = is_free_text(port);
  std::string text;
  for (const Literal& value : std::get<0>(values)) {
    if (!text.empty()) text += free ? "\n" : ", ";
    text += said(value);
  }
  return text;
}

SweepAxis read_sweep_axis(const Workflow& workflow, const Registry& registry, const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals == 0)
    refuse(fmt::format("--sweep {}: this is not NAME=VALUES", printable(text)),
        "write for example --sweep sampler.cfg=3,5,7 or --sweep sampler.steps=10..30/10, or --sweep alone, at the end, "
        "for the sweep that the workflow holds");
  const std::string name = text.substr(0, equals);
  const SweepParam param = find_sweep_param(workflow, registry, name);
  try {
    return {name, read_sweep_values(param.port, text.substr(equals + 1))};
  } catch (const GraphError& error) {
    std::vector<Problem> problems = error.problems();
    for (Problem& problem : problems) problem.node = param.target.node, problem.port = param.target.port;
    throw GraphError(std::move(problems));
  }
}

SweepParam find_sweep_param(const Workflow& workflow, const Registry& registry, const std::string& name) {
  const std::size_t dot = name.rfind('.');
  const auto inside = dot == name.npos ? std::nullopt : in_definition(workflow, name.substr(0, dot));
  Settable found;
  if (inside) {
    const PortRef target{name.substr(0, dot), name.substr(dot + 1)};
    const NodeTypes types(workflow.subgraphs, registry);
    const GraphNode* node = node_of(workflow, target);
    const NodeInfo* type = node ? types.find(node->type) : nullptr;
    const PortInfo* port = type ? type->find_input(target.port) : nullptr;
    if (!port) refuse(fmt::format("there is no '{}' to vary", printable(name)));
    found = {target, *port};
  } else {
    found = find_settable(workflow, registry, name);
  }
  const auto& [target, port] = found;
  const auto refuse_param = [&target = target](std::string what, std::string remedy) {
    throw GraphError(Problem{target.node, target.port, std::move(what), std::move(remedy)});
  };
  if (!port) refuse_param("it cannot be varied, as no plugin brings its node", "install the plugin");
  if (port->kind != PortKind::Param)
    refuse_param("it cannot be varied, as it takes a link and no value", "vary a param");
  const GraphNode& node = *node_of(workflow, target);
  const auto input = node.inputs.find(target.port);
  if (input != node.inputs.end() && std::holds_alternative<Links>(input->second) &&
      !std::get<Links>(input->second).empty())
    refuse_param("it cannot be varied, as a link gives its value",
        "vary the param where the link comes from, or take the link away");
  return {target, *port, title_of(workflow, target, node)};
}

std::vector<SweptAxis> expand_sweep(const Workflow& workflow, const Registry& registry, const Sweep& sweep) {
  std::vector<Problem> problems;
  std::vector<SweptAxis> axes;
  if (sweep.axes.empty()) refuse("there is nothing to vary", "name a param and its values: --sweep sampler.cfg=3,5,7");
  if (sweep.axes.size() > 2)
    refuse(fmt::format("{} params vary, and a table has columns and rows", sweep.axes.size()), "vary one or two");
  for (const SweepAxis& axis : sweep.axes)
    if (auto swept = expand_axis(workflow, registry, axis, problems)) axes.push_back(std::move(*swept));
  if (problems.empty() && axes.size() == 2 && axes[0].param.target == axes[1].param.target)
    problems.push_back(
        {axes[0].param.target.node, axes[0].param.target.port, "it varies twice", "give all its values at once"});
  if (problems.empty() && cell_count(axes) > kMostCells)
    problems.push_back({.what = fmt::format("the sweep has {} pictures ({} x {}), the most are {}", cell_count(axes),
                            axes[0].values.size(), axes[1].values.size(), kMostCells),
        .remedy = "give fewer values"});
  if (!problems.empty()) throw GraphError(std::move(problems));
  return axes;
}

std::size_t cell_count(const std::vector<SweptAxis>& axes) {
  std::size_t count = 1;
  for (const SweptAxis& axis : axes) count *= axis.values.size();
  return count;
}

std::size_t sweep_size(const Workflow& workflow, const Registry& registry) {
  try {
    const std::optional<Sweep> sweep = sweep_of(workflow);
    return sweep && !sweep->axes.empty() ? cell_count(expand_sweep(workflow, registry, *sweep)) : 0;
  } catch (const GraphError&) {
    return 0;
  }
}

Workflow cell_of(const Workflow& workflow, const std::vector<SweptAxis>& axes, std::size_t cell) {
  Workflow own = workflow;
  for (std::size_t axis = 0; axis < axes.size(); ++axis)
    set(own, axes[axis].param.target, axes[axis].values[place_of(axes, axis, cell)]);
  return own;
}

std::string cell_caption(const std::vector<SweptAxis>& axes, std::size_t cell) {
  std::string caption;
  for (std::size_t axis = 0; axis < axes.size(); ++axis)
    caption += fmt::format(
        "{}{} {}", axis > 0 ? ", " : "", axes[axis].param.title, axes[axis].captions[place_of(axes, axis, cell)]);
  return caption;
}

std::string param_name(const PortRef& target) { return target.node + "." + target.port; }

}  // namespace weft::host
