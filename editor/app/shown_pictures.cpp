#include "editor/app/shown_pictures.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "editor/app/app.h"
#include "editor/session/picture_params.h"
#include "graph/expand.h"
#include "runs/address.h"

namespace weft::editor {

namespace {

const runs::OwnerRun* run_of(const App& app) {
  const Document* document = app.document();
  const auto run = document ? app.runs->owners.find(document->id()) : app.runs->owners.end();
  return run == app.runs->owners.end() ? nullptr : run->second.get();
}

const runs::NodeRun* node_run_of(const App& app, const std::string& address) {
  const Document* document = app.document();
  return document && !address.empty() ? app.runs->node(document->id(), address) : nullptr;
}

ShownPicture preview_of(const runs::NodeRun& node, const runs::OwnerRun& run) {
  return {node.preview, picture_version(node, run, *node.preview), node.preview_origin, /*live=*/true};
}

/// What an instance shows while its nodes run.
ShownPicture preview_inside(const runs::OwnerRun& run, const std::string& address) {
  const std::string inside = address + "/";
  for (auto it = run.nodes.lower_bound(inside); it != run.nodes.end() && it->first.starts_with(inside); ++it)
    if (it->second.state == runs::NodeRun::State::Running && it->second.preview) return preview_of(it->second, run);
  return {};
}

ShownPicture picture_of_file(App& app, const std::filesystem::path& file, std::filesystem::file_time_type time) {
  const std::uint64_t version =
      std::hash<std::string>{}(file.string()) * 31 + static_cast<std::uint64_t>(time.time_since_epoch().count());
  if (auto whole = app.pictures.get(file, 0, time)) return {std::move(whole), version};
  return {app.pictures.thumbnail(file, time), version + 1};
}

ShownPicture picture_of_run(App& app, const Shown& shown) {
  const runs::OwnerRun* run = run_of(app);
  if (!run || shown.node.empty()) return {};
  const std::uint64_t place = std::hash<std::string>{}(shown.node + "." + shown.port);
  const runs::NodeRun* node = node_run_of(app, shown.node);
  const bool running = node && node->state == runs::NodeRun::State::Running;
  ShownPicture found;
  if (node && node->preview && (running || shown.port.empty()))
    found = preview_of(*node, *run);
  else if (ShownPicture inside = preview_inside(*run, shown.node))
    return inside;
  else if (const runs::OutputView* output = output_of(app, shown); output && !output->pictures.empty()) {
    const auto& picture = output->pictures[std::min(shown.item, output->pictures.size() - 1)];
    found = {picture, picture_version(*node, *run, *picture), output->origin};
  }
  found.version += place;
  return found;
}

/// While the document runs: of the node that showed something last.
std::optional<Shown> latest_preview(const App& app, const runs::OwnerRun& run) {
  const runs::Job* job = app.runs->running();
  if (!job || job->owner != app.document()->id()) return std::nullopt;
  const std::pair<const std::string, runs::NodeRun>* last = nullptr;
  for (const auto& each : run.nodes) {
    const runs::NodeRun& node = each.second;
    const bool now = node.preview && node.preview_origin && node.preview_origin->job == job->id;
    if (now && (!last || node.preview_at > last->second.preview_at)) last = &each;
  }
  return last ? std::optional(Shown{.node = last->first, .port = {}, .file = {}}) : std::nullopt;
}

/// Of the latest run that made one, that of the node which comes last in the order of the links.
std::optional<Shown> latest_result(const Document& document, const runs::OwnerRun& run, bool images_only) {
  const std::vector<std::string> order = document.workflow().graph.topological_order();
  std::map<std::string_view, std::size_t> ranks;
  for (std::size_t i = 0; i < order.size(); ++i) ranks[order[i]] = i + 1;
  std::pair<runs::JobId, std::size_t> best{0, 0};
  std::optional<Shown> last;
  for (const auto& [address, node] : run.nodes)
    for (const runs::OutputView& output : node.outputs) {
      if (output.pictures.empty() || !output.origin || (images_only && output.type != "image")) continue;
      const auto rank = ranks.find(node_of_path(document.workflow().graph, address));
      const std::pair key{output.origin->job, rank == ranks.end() ? 0 : rank->second};
      if (last && key <= best) continue;  // of a subgraph the instance comes before its nodes
      best = key;
      last = Shown{.node = address, .port = output.port, .file = {}};
    }
  return last;
}

/// Whether the file that the node reads is what comes out of the port.
bool gives_file(App& app, const Shown& shown) {
  if (shown.port.empty()) return true;
  const GraphNode* node = app.document() ? runs::node_at(app.document()->workflow(), shown.node) : nullptr;
  const NodeInfo* type = node ? app.type_of(*node) : nullptr;
  return type && std::ranges::any_of(type->outputs, [&](const PortInfo& port) {
    return port.name == shown.port && port.type == "image";
  });
}

std::string origin_text(const runs::RunOrigin& origin) {
  std::string text;
  constexpr std::size_t kMost = 3;
  std::vector<std::uint64_t> told;  // a subgraph and the node in it have the same
  for (const auto& used : origin.seeds) {
    if (told.size() == kMost || std::ranges::find(told, used.seed) != told.end()) continue;
    told.push_back(used.seed);
    text += tr_format("seed {}", used.seed) + ", ";
  }
  return text + fmt::format("{:%H:%M:%S}", fmt::localtime(std::chrono::system_clock::to_time_t(origin.time)));
}

}  // namespace

std::optional<InputFile> input_file(App& app, const std::string& address) {
  const Document* document = app.document();
  const GraphNode* node = document && !address.empty() ? runs::node_at(document->workflow(), address) : nullptr;
  const NodeInfo* type = node ? app.type_of(*node) : nullptr;
  const PortInfo* param = type ? picture_file_param(*type) : nullptr;
  if (!param || source_of(*node, param->name)) return std::nullopt;
  const nlohmann::json name = effective_value(*node, *param);
  if (!name.is_string()) return std::nullopt;
  return app.input_files.find(
      document->folder(), name.get<std::string>(), [&] { return app.environment(document->folder()); });
}

const runs::OutputView* output_of(const App& app, const Shown& shown) {
  const runs::NodeRun* node = node_run_of(app, shown.node);
  if (!node) return nullptr;
  const auto found = std::ranges::find(node->outputs, shown.port, &runs::OutputView::port);
  return found == node->outputs.end() ? nullptr : &*found;
}

ShownPicture picture_of(App& app, const Shown& shown) {
  if (!shown.file.empty()) return picture_of_file(app, shown.file, {});
  ShownPicture made = picture_of_run(app, shown);
  if (made && !is_stale(app, shown, made)) return made;
  if (const auto file = gives_file(app, shown) ? input_file(app, shown.node) : std::nullopt)
    if (ShownPicture picture = picture_of_file(app, file->file, file->time)) return picture;
  return made;
}

std::optional<Shown> latest_picture(const App& app) {
  const runs::OwnerRun* run = run_of(app);
  if (!run) return std::nullopt;
  if (auto preview = latest_preview(app, *run)) return preview;
  const auto image = latest_result(*app.document(), *run, /*images_only=*/true);
  return image ? image : latest_result(*app.document(), *run, /*images_only=*/false);
}

bool is_stale(App& app, const Shown& shown, const ShownPicture& picture) {
  return app.document() && picture.origin && !picture.live &&
      app.stale.is_stale(*app.document(), app.registry, picture.origin->workflow, shown.node);
}

std::string caption_of(const App&, const Shown& shown, const ShownPicture& picture) {
  const std::string name = !shown.file.empty() ? std::filesystem::path(shown.file).filename().string()
      : shown.port.empty()                     ? shown.node
                                               : shown.node + "." + shown.port;
  return picture.origin ? name + ", " + origin_text(*picture.origin) : name;
}

std::vector<Shown> all_pictures(App& app) {
  std::vector<Shown> all;
  const Document* document = app.document();
  if (!document) return all;
  for (const std::string& id : document->graph().topological_order()) {
    const std::string address = document->address(id);
    const runs::NodeRun* node = node_run_of(app, address);
    bool any = false;
    if (node)
      for (const runs::OutputView& output : node->outputs)
        for (std::size_t i = 0; output.type == "image" && i < output.pictures.size(); ++i, any = true)
          all.push_back({.node = address, .port = output.port, .file = {}, .item = i});
    if (!any && node && node->preview) all.push_back({.node = address, .port = {}, .file = {}});
    if (!any && input_file(app, address)) all.push_back({.node = address, .port = {}, .file = {}});
  }
  return all;
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
      backdrop.picture =
          picture_of(app, {.node = app.document()->address(source->node), .port = source->port, .file = {}});
      return backdrop;
    }
  const ViewerState& viewer = app.viewer();
  if (viewer.a) backdrop.picture = picture_of(app, viewer.a);
  if (!backdrop.picture)
    if (const auto last = latest_picture(app)) backdrop.picture = picture_of(app, *last);
  return backdrop;
}

const runs::OutputView* picture_output(const runs::NodeRun& node) {
  const auto found = std::ranges::find_if(
      node.outputs, [](const runs::OutputView& output) { return !output.pictures.empty() && output.type == "image"; });
  return found == node.outputs.end() ? nullptr : &*found;
}

std::shared_ptr<const Picture> picture_of(const runs::NodeRun* node) {
  if (!node) return nullptr;
  const runs::OutputView* output = node->state == runs::NodeRun::State::Running ? nullptr : picture_output(*node);
  return output ? output->pictures.front() : node->preview;
}

std::uint64_t picture_version(const runs::NodeRun& node, const runs::OwnerRun& run, const Picture& picture) {
  // The place in memory alone is not enough: it may be that of a picture which is gone.
  return (run.job * 1'000'003 + node.preview_number) * 1'000'003 + reinterpret_cast<std::uintptr_t>(&picture);
}

}  // namespace weft::editor
