#include "editor/app/shown_pictures.h"

#include <algorithm>

#include "editor/app/app.h"
#include "editor/canvas/canvas_nodes.h"
#include "editor/session/picture_params.h"

namespace weft::editor {

namespace {

using Shown = ViewerState::Shown;

const DocumentRun* run_of(App& app) {
  const Document* document = app.document();
  const auto run = document ? app.runs->documents.find(document->id()) : app.runs->documents.end();
  return run == app.runs->documents.end() ? nullptr : run->second.get();
}

/// What an instance shows while its nodes run.
ShownPicture preview_inside(App& app, const DocumentRun& run, const std::string& node) {
  const std::string inside = app.document()->address(node) + "/";
  for (auto it = run.nodes.lower_bound(inside); it != run.nodes.end() && it->first.starts_with(inside); ++it)
    if (it->second.state == NodeRun::State::Running && it->second.preview)
      return {it->second.preview, picture_version(it->second, run, *it->second.preview)};
  return {};
}

}  // namespace

const OutputView* output_of(App& app, const Shown& shown) {
  const NodeRun* node = shown.node.empty() ? nullptr : app.node_run(shown.node);
  if (!node) return nullptr;
  const auto found = std::ranges::find(node->outputs, shown.port, &OutputView::port);
  return found == node->outputs.end() ? nullptr : &*found;
}

ShownPicture picture_of(App& app, const Shown& shown) {
  if (!shown.file.empty()) {
    if (auto whole = app.pictures.get(shown.file))
      return {std::move(whole), std::hash<std::string>{}(shown.file)};
    return {app.pictures.thumbnail(shown.file), std::hash<std::string>{}(shown.file) + 1};
  }
  const DocumentRun* run = run_of(app);
  if (!run || shown.node.empty()) return {};
  const std::uint64_t place = std::hash<std::string>{}(shown.node + "." + shown.port);
  const NodeRun* node = app.node_run(shown.node);
  const bool running = node && node->state == NodeRun::State::Running;
  if (running && node->preview) return {node->preview, picture_version(*node, *run, *node->preview) + place};
  if (ShownPicture inside = preview_inside(app, *run, shown.node)) return inside;
  const OutputView* output = output_of(app, shown);
  if (!output || output->pictures.empty()) return {};
  const auto& picture = output->pictures[std::min(shown.item, output->pictures.size() - 1)];
  return {picture, picture_version(*node, *run, *picture) + place};
}

std::optional<Shown> last_picture(App& app) {
  const DocumentRun* run = run_of(app);
  if (!run) return std::nullopt;
  std::optional<Shown> last;
  for (const GraphNode* each : app.document()->graph().nodes())
    if (const NodeRun* node = app.node_run(each->id))
      for (const OutputView& output : node->outputs)
        if (!output.pictures.empty() && output.type == "image")
          last = Shown{.node = each->id, .port = output.port, .file = {}};
  return last;
}

Backdrop backdrop_of(App& app, const std::string& node) {
  const GraphNode* found = app.document() ? app.document()->graph().find(node) : nullptr;
  const NodeInfo* type = found ? app.type_of(*found) : nullptr;
  Backdrop backdrop;
  if (type)
    for (const PortInfo& input : type->inputs) {
      const std::optional<PortRef> source = source_of(*found, input.name);
      if (input.type != "image" || !source) continue;
      backdrop.source = source->node;
      backdrop.picture = picture_of(app, {.node = source->node, .port = source->port, .file = {}});
      return backdrop;
    }
  if (app.panels.viewer.a) backdrop.picture = picture_of(app, app.panels.viewer.a);
  if (!backdrop.picture)
    if (const auto last = last_picture(app)) backdrop.picture = picture_of(app, *last);
  return backdrop;
}

}  // namespace weft::editor
