#include "editor/canvas/canvas_nodes.h"

#include <fmt/format.h>

#include <algorithm>

#include "editor/app/painting_field.h"
#include "editor/app/param_edit.h"
#include "editor/app/shown_pictures.h"
#include "editor/app/vary.h"
#include "editor/canvas/canvas_titles.h"
#include "editor/session/picture_params.h"
#include "editor/widgets/draw.h"
#include "editor/widgets/param_field.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace ed = ax::NodeEditor;
using namespace metric;

namespace {

struct Badge {
  const char* icon = nullptr;
  std::string text;
  ImU32 colour = 0;
};

std::string seconds_text(double seconds) {
  return seconds < 0.0995 ? fmt::format("{:.0f} ms", seconds * 1000) : fmt::format("{:.1f} s", seconds);
}

Badge badge_of(const runs::NodeRun* node, bool stale, const Theme& t, ImU32 on_title) {
  using State = runs::NodeRun::State;
  if (!node || (stale && (node->state == State::Done || node->state == State::Cached))) return {};
  switch (node->state) {
    case State::Idle:
      return {};
    case State::Queued:
      return {icon::kQueued, {}, on_title};
    case State::Running:
      return {icon::kPlay, node->total > 0 ? fmt::format("{}/{}", node->done, node->total) : std::string{}, on_title};
    case State::Cached:
      return {icon::kCached, {}, on_title};
    case State::Done:
      return {icon::kDone, seconds_text(node->seconds), on_title};
    case State::Failed:
      return {icon::kFailed, {}, t.bad};
    case State::Skipped:
      return {icon::kSkipped, {}, t.warn};
    case State::Cancelled:
      return {icon::kStop, {}, t.warn};
  }
  return {};
}

}  // namespace

const runs::NodeRun* CanvasNodes::run_of(const NodeView& view) const {
  if (!run) return nullptr;
  if (is_instance(*view.node)) {
    const auto [known, is_new] = instances.try_emplace(view.id);
    if (is_new) known->second = node_run(*run, document, view.id);
    return known->second ? &*known->second : nullptr;
  }
  const auto found = run->nodes.find(document.address(view.id));
  return found == run->nodes.end() ? nullptr : &found->second;
}

bool CanvasNodes::has_problem(const NodeView& view) const {
  const auto found = problems.find(view.id);
  if (found != problems.end() && std::ranges::find(found->second, "") != found->second.end()) return true;
  return is_instance(*view.node) && faulty_definitions.contains(view.node->type);
}

/// Problems say a port's name alone. Where an input and an output share it, the input is meant: outputs have problems
/// only of names that they do not have.
bool CanvasNodes::has_problem(const NodeView& view, const ShownPort& port) const {
  const auto found = problems.find(view.id);
  if (found == problems.end() || std::ranges::find(found->second, port.info.name) == found->second.end()) return false;
  return !port.is_output || canvas.model_.port_index(view, port.info.name, false) < 0;
}

bool CanvasNodes::may_take(const NodeView& view, const ShownPort& port) const {
  const std::optional<LinkEnd>& held = canvas.dragged_;
  if (!held) return true;
  if (held->is_output == port.is_output || held->port.node == view.id)
    return held->port == PortRef{view.id, port.info.name};
  const std::string type = port_type(document.graph(), canvas.model_.types(), *held);
  return held->is_output ? types_match(type, port.info.type) : types_match(port.info.type, type);
}

ImU32 CanvasNodes::heat_of(const NodeView& view) const {
  const runs::NodeRun* node = run_of(view);
  double most = 0;
  for (const auto& [id, each] : run->nodes) most = std::max(most, each.seconds);
  const float share = node && most > 0 ? static_cast<float>(node->seconds / most) : 0;
  return mixed(app.theme.node, app.theme.bad, 0.6f * share);
}

/// Of what is shown, by node; and which definitions have any.
void CanvasNodes::find_problems() {
  const std::string prefix = problem_address(document, "");
  for (const Problem& problem : app.active()->open.problems) {
    const std::string_view node = problem.node;
    const std::size_t slash = node.find('/');
    if (slash != node.npos) faulty_definitions.emplace(node.substr(0, slash));
    if (node.starts_with(prefix) && node.find('/', prefix.size()) == node.npos)
      problems[std::string(node.substr(prefix.size()))].push_back(problem.port);
  }
}

void CanvasNodes::draw_all() {
  find_problems();
  if (detail == Detail::Map) {
    draw_from_afar();
    return;
  }
  find_drawn();
  for (std::size_t i = 0; i < canvas.drawn_.size(); ++i)
    if (canvas.drawn_[i]) draw_node(i);
}

/// What is seen, the ends of links that pass through the view, and what a frame under the mouse would drag along.
void CanvasNodes::find_drawn() {
  const CanvasModel& model = canvas.model_;
  const ImVec2 view_min = canvas.view_min_, view_max = canvas.view_max_;
  canvas.find_awake();
  canvas.drawn_ = canvas.seen_;
  for (std::size_t i = 0; i < model.nodes.size(); ++i) canvas.drawn_[i] |= canvas.awake_[i];
  for (const LinkView& link : model.links) {
    if (canvas.seen_[link.from_node] && canvas.seen_[link.to_node]) continue;
    const NodeView &from = model.nodes[link.from_node], &to = model.nodes[link.to_node];
    if (std::min(from.at.x, to.at.x) < view_max.x && std::min(from.at.y, to.at.y) < view_max.y &&
        std::max(from.at.x + from.layout.size.x, to.at.x + to.layout.size.x) > view_min.x &&
        std::max(from.at.y + from.layout.size.y, to.at.y + to.layout.size.y) > view_min.y)
      canvas.drawn_[link.from_node] = canvas.drawn_[link.to_node] = 1;
  }
}

/// A few primitives a node, and no call of the library but for those that the mouse could mean.
void CanvasNodes::draw_from_afar() {
  const std::vector<NodeView>& nodes = canvas.model_.nodes;
  canvas.find_awake();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float edge = 2 / canvas.zoom_;
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (canvas.seen_[i] && !canvas.awake_[i]) {
      if (canvas.selected_[i] && !is_small(nodes[i])) {
        const ImVec2 at = nodes[i].at, size = nodes[i].layout.size;
        list.AddRectFilled({at.x - edge, at.y - edge}, {at.x + size.x + edge, at.y + size.y + edge}, app.theme.accent);
      }
      draw_plain_body(i, nodes[i].at, list);
    }
  for (std::size_t i = 0; i < nodes.size(); ++i)
    if (canvas.awake_[i]) draw_node(i);
}

void CanvasNodes::draw_node(std::size_t index) {
  const NodeView& view = canvas.model_.nodes[index];
  const bool seen = canvas.seen_[index];
  canvas.put_position(index);
  ed::BeginNode(view.number);
  const ImVec2 at = ImGui::GetCursorScreenPos();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const runs::NodeRun* node = run_of(view);
  ImGui::PushID(view.id.c_str());
  if (seen && detail == Detail::Map) draw_plain_body(index, at, list);
  if (seen && detail != Detail::Map) draw_body(view, at, list);
  if (seen && detail == Detail::Full) {
    draw_title(view, at, list, node);
    if (!view.collapsed) {
      draw_labels(view, at, list);
      draw_fields(view, at);
      if (!view.type) draw_missing(view, at, list);
      draw_thumbnail(view, at, list, node);
    }
    draw_failure(view, at, list, node);
  } else if (seen && detail == Detail::Simple) {
    const float bar = title_bar(view, canvas.zoom_ / app.ui_scale());
    draw_picture(view, {at.x + kPad, at.y + bar + kPad},
        {view.layout.size.x - 2 * kPad, view.layout.size.y - bar - 2 * kPad}, list, node);
  }
  if (detail != Detail::Map) draw_pins(view, at, list, seen);
  ImGui::PopID();
  ImGui::SetCursorScreenPos(at);
  ImGui::Dummy(view.layout.size);
  ed::EndNode();
}

/// Too small for an edge: that it is selected is told by its colour alone.
bool CanvasNodes::is_small(const NodeView& view) const {
  constexpr float kSmall = 24;  // pixels
  return std::min(view.layout.size.x, view.layout.size.y) * canvas.zoom_ < kSmall;
}

/// An area in the colour of its title, with the picture that it has.
void CanvasNodes::draw_plain_body(std::size_t index, ImVec2 at, ImDrawList& list) {
  const NodeView& view = canvas.model_.nodes[index];
  const Theme& t = app.theme;
  const runs::NodeRun* node = run_of(view);
  const ImVec2 size = view.layout.size, end{at.x + size.x, at.y + size.y};
  const bool running = node && node->state == runs::NodeRun::State::Running;
  const bool failed = !view.type || (node && node->state == runs::NodeRun::State::Failed);
  const ImU32 body = app.settings.heat && run ? heat_of(view) : t.node;
  const bool off = view.node->state != NodeState::Active;
  ImU32 colour = failed ? t.bad : running ? t.accent : mixed(view.colour, body, 0.2f);
  if (off) colour = mixed(colour, t.canvas, 0.6f);
  if (canvas.selected_[index] && is_small(view)) colour = mixed(colour, t.accent, 0.7f);
  list.AddRectFilled(at, end, colour);
  const float bar = title_bar(view, canvas.zoom_ / app.ui_scale()), edge = kPad / 2;
  draw_picture(view, {at.x + edge, at.y + bar}, {size.x - 2 * edge, size.y - bar - edge}, list, node);
}

void CanvasNodes::draw_body(const NodeView& view, ImVec2 at, ImDrawList& list) {
  const Theme& t = app.theme;
  const ImVec2 end{at.x + view.layout.size.x, at.y + view.layout.size.y};
  const ImU32 body = app.settings.heat && run ? heat_of(view) : t.node;
  const runs::NodeRun* node = run_of(view);
  const bool running = node && node->state == runs::NodeRun::State::Running;
  const bool failed = !view.type || (node && node->state == runs::NodeRun::State::Failed);
  const float bar = title_bar(view, canvas.zoom_ / app.ui_scale());
  for (const float grow : {5.0f, 2.5f})
    list.AddRectFilled({at.x - grow, at.y - grow + 2}, {end.x + grow, end.y + grow + 2},
        with_alpha(t.node_shadow, t.dark ? 0.16f : 0.07f), kRounding + grow);
  const bool only_title = view.layout.size.y <= bar;
  list.AddRectFilled(at, end, body, kRounding);
  list.AddRectFilled(at, {end.x, at.y + bar}, view.colour, kRounding,
      only_title ? ImDrawFlags_RoundCornersAll : ImDrawFlags_RoundCornersTop);
  if (view.node->state != NodeState::Active) {  // greyed; crossed out if nothing comes through
    list.AddRectFilled(at, end, with_alpha(t.canvas, 0.55f), kRounding);
    const float y = at.y + bar / 2;
    if (view.node->state == NodeState::Bypassed) list.AddLine({at.x, y}, {end.x, y}, t.warn, 2);
  }
  const ImU32 edge = failed ? t.bad : running ? t.accent : t.node_border;
  list.AddRect(at, end, edge, kRounding, failed || running ? 1.8f : 1.0f);
}

void CanvasNodes::draw_title(const NodeView& view, ImVec2 at, ImDrawList& list, const runs::NodeRun* node) {
  const Theme& t = app.theme;
  const float width = view.layout.size.x;
  const ImU32 on_title = t.on_title();
  if (titles_are_readable(canvas.zoom_ / app.ui_scale())) {
    ImGui::PushFont(app.fonts.bold, 0);
    draw_text_in(list, {at.x + kPad + 4, at.y}, {at.x + width - kPad, at.y + kTitle}, view.layout.title, on_title);
    ImGui::PopFont();
  }
  const bool stale = node && node->origin && is_stale(view, *node->origin);
  Badge badge = badge_of(node, stale, t, with_alpha(on_title, 0.75f));
  if (view.node->state == NodeState::Muted) badge = {icon::kMuted, tr("muted"), with_alpha(on_title, 0.75f)};
  if (view.node->state == NodeState::Bypassed) badge = {icon::kBypass, tr("bypassed"), t.warn};
  if (!badge.icon && has_problem(view)) badge = {icon::kWarning, {}, t.warn};
  if (badge.icon) {
    const std::string text = badge.text.empty() ? badge.icon : fmt::format("{}  {}", badge.text, badge.icon);
    const float room = ImGui::CalcTextSize(text.c_str()).x;
    if (badge.colour == t.bad)  // red on a coloured title needs a ground to be read on
      list.AddRectFilled(
          {at.x + width - room - kPad - 5, at.y + 5}, {at.x + width - kPad + 5, at.y + kTitle - 5}, t.node, 5);
    draw_text_in(
        list, {at.x + width - room - kPad, at.y}, {at.x + width - kPad + 1, at.y + kTitle}, text, badge.colour, 1);
  }
  if (!node || node->state != runs::NodeRun::State::Running) return;
  const float share = node->total > 0 ? static_cast<float>(node->done) / static_cast<float>(node->total) : 0.03f;
  list.AddRectFilled({at.x, at.y + kTitle - 3}, {at.x + width, at.y + kTitle}, with_alpha(t.node, 0.6f));
  list.AddRectFilled({at.x, at.y + kTitle - 3}, {at.x + width * share, at.y + kTitle}, t.accent);
}

void CanvasNodes::draw_labels(const NodeView& view, ImVec2 at, ImDrawList& list) {
  const float width = view.layout.size.x;
  for (const ShownPort& port : view.layout.ports) {
    if (port.field) continue;
    const bool wrong = has_problem(view, port);
    const ImU32 colour = wrong ? app.theme.bad : may_take(view, port) ? app.theme.text_dim : app.theme.text_faint;
    const float y = at.y + port.pin.y - kRow / 2;
    const float left = port.is_output ? at.x + width * 0.4f : at.x + kPad + 6;
    const float right = port.is_output ? at.x + width - kPad - 6 : at.x + width * 0.72f;
    draw_text_in(list, {left, y}, {right, y + kRow}, port.label, colour, port.is_output ? 1.0f : 0.0f);
  }
}

void CanvasNodes::draw_fields(const NodeView& view, ImVec2 at) {
  for (const ShownPort& port : view.layout.ports) {
    if (!port.field) continue;
    ImGui::SetCursorScreenPos({at.x + port.field_min.x, at.y + port.field_min.y});
    const ImVec2 min = ImGui::GetCursorScreenPos();
    const bool wrong = has_problem(view, port);
    if (const PortInfo* painting = view.type ? painting_param(*view.type) : nullptr;
        painting && painting->name == port.info.name) {
      if (painting_field(app, *view.node, *view.type, *painting, port.field_size, wrong)) open_painter(app, view.id);
      continue;
    }
    const std::string values = shown_values(document, varied, view.id, port.info);
    const std::string shown = values.empty() ? shown_seed(app, document, *view.node, port.info) : values;
    const FieldEdit edit = param_field(
        port.info, param_value(*view.node, port.info.name), {app.theme, port.field_size, port.label, wrong, shown});
    const ImVec2 max{min.x + port.field_size.x, min.y + port.field_size.y};
    if (!values.empty()) draw_vary_mark(app, *ImGui::GetWindowDrawList(), min, max);
    take_field_edit(app, document, view.id, port.info, edit, canvas.to_screen(min), canvas.to_screen(max));
  }
}

void CanvasNodes::draw_missing(const NodeView& view, ImVec2 at, ImDrawList& list) {
  const float y = at.y + view.layout.thumbnail_top - 4 - kRow;
  draw_text_in(list, {at.x + kPad + 4, y}, {at.x + view.layout.size.x - kPad, y + kRow},
      fmt::format("{}  {}", icon::kWarning, tr_format("no plugin brings '{}'", view.node->type)), app.theme.bad);
}

void CanvasNodes::draw_pins(const NodeView& view, ImVec2 at, ImDrawList& list, bool seen) {
  for (std::size_t i = 0; i < view.layout.ports.size(); ++i) {
    const ShownPort& port = view.layout.ports[i];
    if (!port.linked && (!seen || view.collapsed)) continue;
    const ImVec2 centre{at.x + port.pin.x, at.y + port.pin.y};
    const float reach = port.field ? 8.0f : 12.0f;
    ImGui::SetCursorScreenPos(centre);
    ed::BeginPin(canvas.model_.pin_of(view, i), port.is_output ? ed::PinKind::Output : ed::PinKind::Input);
    ed::PinPivotRect(centre, centre);
    ed::PinRect({centre.x - reach, centre.y - reach}, {centre.x + reach, centre.y + reach});
    ImGui::Dummy({0, 0});
    ed::EndPin();
    if (!seen) continue;
    const bool fits = may_take(view, port);
    const ImU32 colour = fits ? view.port_colours[i] : mixed(view.port_colours[i], app.theme.node, 0.75f);
    const float radius = port.field ? kPinRadius * 0.72f : canvas.dragged_ && fits ? kPinRadius * 1.25f : kPinRadius;
    const bool wrong = has_problem(view, port);
    if (wrong) list.AddCircleFilled(centre, radius + 4, with_alpha(app.theme.bad, 0.35f));
    if (!port.exposed_as.empty()) list.AddCircle(centre, radius + 3.5f, app.theme.accent, 20, 1.6f);
    if (detail == Detail::Full)
      draw_pin(list, centre, radius, pin_shape(port.info.type), colour, port.linked || port.is_output, app.theme.node);
    else
      list.AddCircleFilled(centre, radius, colour, 8);
  }
}

bool CanvasNodes::is_stale(const NodeView& view, const runs::RunOrigin& origin) const {
  return app.stale.is_stale(document, app.registry, origin.workflow, document.address(view.id));
}

CanvasNodes::Thumbnail CanvasNodes::thumbnail_of(const NodeView& view, const runs::NodeRun* node) const {
  Thumbnail made;
  if (const auto picture = picture_of(node)) {
    const bool running = node->state == runs::NodeRun::State::Running;
    const runs::OutputView* output = running ? nullptr : picture_output(*node);
    const auto& origin = output ? output->origin : node->preview_origin;
    made = {picture, picture_version(*node, *run, *picture), !running && origin && is_stale(view, *origin)};
    if (!made.stale) return made;
  }
  if (!std::ranges::binary_search(canvas.readers_, view.id)) return made;
  const auto file = input_file(app, document.address(view.id));
  if (!file) return made;
  if (auto picture = app.pictures.thumbnail(file->file, file->time))
    return {picture, reinterpret_cast<std::uintptr_t>(picture.get()), false};
  return made;
}

/// Where a picture will come, its place is marked.
void CanvasNodes::draw_thumbnail(const NodeView& view, ImVec2 at, ImDrawList& list, const runs::NodeRun* node) {
  if (view.layout.picture_height <= 0) return;
  const ImVec2 min{at.x + kPad, at.y + view.layout.thumbnail_top};
  const ImVec2 room{view.layout.size.x - 2 * kPad, view.layout.picture_height};
  if (const auto picture = thumbnail_of(view, node).picture; !picture || picture->width == 0) {
    const ImVec2 max{min.x + room.x, min.y + room.y};
    list.AddRectFilled(min, max, mixed(app.theme.node, app.theme.canvas, 0.5f), 4);
    draw_text_in(list, min, max, icon::kImage, with_alpha(app.theme.text_faint, 0.45f), 0.5f);
  }
  draw_picture(view, min, room, list, node);
}

void CanvasNodes::draw_picture(
    const NodeView& view, ImVec2 min, ImVec2 room, ImDrawList& list, const runs::NodeRun* node) {
  if (view.collapsed || room.x <= 0 || room.y <= 0) return;
  const auto [picture, version, stale] = thumbnail_of(view, node);
  if (!picture || picture->width == 0) return;
  const Textures::Entry texture =
      app.textures.get(fmt::format("node {} {}", document.id(), document.address(view.id)), version, *picture);
  const float scale = std::min(room.x / texture.size.x, room.y / texture.size.y);
  const ImVec2 size{texture.size.x * scale, texture.size.y * scale};
  const ImVec2 from{min.x + (room.x - size.x) / 2, min.y + (room.y - size.y) / 2};
  const ImU32 tint = stale ? with_alpha(IM_COL32_WHITE, 0.35f) : IM_COL32_WHITE;
  list.AddImageRounded(texture.ref, from, {from.x + size.x, from.y + size.y}, {0, 0}, {1, 1}, tint, 4);
}

void CanvasNodes::draw_failure(const NodeView& view, ImVec2 at, ImDrawList& list, const runs::NodeRun* node) {
  if (!node || node->state != runs::NodeRun::State::Failed || !node->problem) return;
  const Theme& t = app.theme;
  const float width = view.layout.size.x;
  const std::string& what = node->problem->what;
  const float top = at.y + view.layout.size.y + 6;
  const ImVec2 size =
      ImGui::CalcTextSize(what.data(), what.data() + std::min<std::size_t>(what.size(), 240), false, width - 2 * kPad);
  const ImVec2 end{at.x + width, top + std::min(size.y, 76.0f) + 12};
  list.AddRectFilled({at.x, top}, end, mixed(t.node, t.bad, 0.22f), 5);
  list.AddRect({at.x, top}, end, t.bad, 5);
  const ImVec4 clip{at.x, top, end.x, end.y - 4};
  list.AddText(
      nullptr, 0, {at.x + kPad, top + 6}, t.text, what.data(), what.data() + what.size(), width - 2 * kPad, &clip);
}

}  // namespace weft::editor
