#include "editor/session/sweeps.h"

#include <utility>

#include "editor/session/text.h"

namespace weft::editor {
namespace {

void set_sweep(Document& document, std::string step, const host::Sweep& changed) {
  document.apply_to_workflow(std::move(step), {SetExtra{host::with_sweep(document.workflow().extra, changed)}});
}

}  // namespace

host::Sweep sweep(const Document& document) {
  try {
    return host::sweep_of(document.workflow()).value_or(host::Sweep());
  } catch (const GraphError&) {
    return {};  // a run of it says why
  }
}

std::string node_in_sweep(const Document& document, const std::string& node) {
  return document.path().empty() ? node : address_in_subgraph(document.scope(), node);
}

std::string sweep_name(const Document& document, const std::string& node, const std::string& port) {
  return host::param_name({node_in_sweep(document, node), port});
}

std::optional<std::size_t> sweep_axis(
    const Document& document, const host::Sweep& sweep, const std::string& node, const std::string& port) {
  if (sweep.axes.empty()) return std::nullopt;  // asked for each field of each frame
  const std::string name = sweep_name(document, node, port);
  const auto& named = document.workflow().interface.inputs;
  for (std::size_t i = 0; i < sweep.axes.size(); ++i) {
    const auto input = named.find(sweep.axes[i].param);
    if (name == (input == named.end() ? sweep.axes[i].param : host::param_name(input->second))) return i;
  }
  return std::nullopt;
}

std::size_t sweep_size(const Document& document, const Registry& registry) {
  return host::sweep_size(document.workflow(), registry);
}

void vary(Document& document, const Registry& registry, const std::string& node, const PortInfo& port,
    const std::string& values) {
  host::Sweep changed = sweep(document);
  const auto known = sweep_axis(document, changed, node, port.name);
  const host::SweepAxis axis{known ? changed.axes[*known].param : sweep_name(document, node, port.name),
      host::read_sweep_values(port, values)};
  if (known)
    changed.axes[*known] = axis;
  else if (changed.axes.size() < 2)
    changed.axes.push_back(axis);
  else
    changed.axes[1] = axis;
  host::expand_sweep(document.workflow(), registry, changed);
  set_sweep(document, tr("Vary"), changed);
}

void stop_varying(Document& document, const std::string& node, const std::string& port) {
  host::Sweep changed = sweep(document);
  const auto known = sweep_axis(document, changed, node, port);
  if (!known) return;
  changed.axes.erase(changed.axes.begin() + static_cast<std::ptrdiff_t>(*known));
  set_sweep(document, tr("Stop varying"), changed);
}

void swap_axes(Document& document) {
  host::Sweep changed = sweep(document);
  if (changed.axes.size() < 2) return;
  std::swap(changed.axes[0], changed.axes[1]);
  set_sweep(document, tr("Swap rows and columns"), changed);
}

void clear_sweep(Document& document) { set_sweep(document, tr("Clear the sweep"), {}); }

std::vector<Edit> with_sweep_following(const Document& document, std::vector<Edit> edits, const ParamMove& move) {
  const host::Sweep before = sweep(document);
  if (before.axes.empty()) return edits;
  Workflow after = document.workflow();
  weft::apply(after, EditGroup{edits});
  const auto& named = document.workflow().interface.inputs;
  host::Sweep followed;
  for (const host::SweepAxis& axis : before.axes) {
    const auto name = named.find(axis.param);
    if (name != named.end() && after.interface.inputs.contains(axis.param)) {
      followed.axes.push_back(axis);
      continue;
    }
    const std::size_t dot = axis.param.rfind('.');
    const PortRef param =
        name != named.end() ? name->second : PortRef{axis.param.substr(0, dot), axis.param.substr(dot + 1)};
    const auto moved = move(after, param);
    if (moved)
      followed.axes.push_back(
          {name == named.end() && moved == param ? axis.param : host::param_name(*moved), axis.values});
  }
  if (!(followed == before)) edits.push_back(SetExtra{host::with_sweep(after.extra, followed)});
  return edits;
}

}  // namespace weft::editor
