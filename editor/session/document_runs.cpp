#include "editor/session/document_runs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "editor/session/node_text.h"
#include "editor/session/text.h"
#include "runs/run_changes.h"

namespace weft::editor {
namespace {

std::string shown_state(NodeState state) {
  switch (state) {
    case NodeState::Active:
      return tr("on");
    case NodeState::Muted:
      return tr("muted");
    case NodeState::Bypassed:
      return tr("bypassed");
  }
  return {};
}

}  // namespace

runs::JobRequest run_of(const Document& document, std::vector<std::string> wanted) {
  return {.owner = document.id(),
      .title = wanted.empty() ? document.name() : fmt::format("{}: {}", document.name(), fmt::join(wanted, ", ")),
      .file = document.file(),
      .folder = document.folder(),
      .revision = document.revision(),
      .workflow = document.workflow(),
      .wanted = std::move(wanted)};
}

runs::JobRequest sweep_run_of(const Document& document) {
  runs::JobRequest request = run_of(document);
  request.title = tr_format("{}: sweep", document.name());
  request.sweep = true;
  return request;
}

runs::Wording shown_wording() {
  return {.title = [](const NodeInfo& type) { return shown_title(type); },
      .port = [](std::string_view port) { return port_label(port); },
      .state = shown_state};
}

std::optional<runs::NodeRun> node_run(const runs::OwnerRun& run, const Document& document, const std::string& node) {
  const std::optional<runs::NodeRun> known = runs::node_run(run, document.address(node));
  if (known || document.path().empty()) return known;
  // A check before a run speaks of the definition.
  const auto found = run.nodes.find(address_in_subgraph(document.scope(), node));
  return found == run.nodes.end() ? std::nullopt : std::optional(found->second);
}

bool StaleResults::is_stale(const Document& document, const Registry& registry,
    const std::shared_ptr<const Workflow>& then, std::string_view address) {
  if (!then) return false;
  Known& known = known_[document.id()];
  if (known.revision != document.revision()) known = {.revision = document.revision(), .changed = {}};
  auto since = std::ranges::find(known.changed, then, [](const auto& each) { return each.first; });
  if (since == known.changed.end())
    since = known.changed.insert(since, {then, runs::changed_nodes(*then, document.workflow(), registry)});
  return since->second.contains(address);
}

}  // namespace weft::editor
