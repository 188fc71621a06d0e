#include "editor/canvas/canvas_links.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "editor/app/lists.h"
#include "editor/canvas/canvas_nodes.h"
#include "editor/session/gestures.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace ed = ax::NodeEditor;

namespace {

constexpr int kSamples = 16;

/// The curve as the library draws it: its handles grow with the distance, up to the strength that the style
/// has.
std::array<ImVec2, kSamples + 1> sampled(ImVec2 from, ImVec2 to) {
  const float distance = std::hypot(to.x - from.x, to.y - from.y);
  const float handle = std::min(90.0f, distance * 0.5f);
  std::array<ImVec2, kSamples + 1> points;
  for (int i = 0; i <= kSamples; ++i) {
    const float t = static_cast<float>(i) / kSamples, u = 1 - t;
    const float a = u * u * u, b = 3 * u * u * t, c = 3 * u * t * t, d = t * t * t;
    points[static_cast<std::size_t>(i)] = {
        a * from.x + b * (from.x + handle) + c * (to.x - handle) + d * to.x, (a + b) * from.y + (c + d) * to.y};
  }
  return points;
}

bool cross(ImVec2 a, ImVec2 b, ImVec2 c, ImVec2 d) {
  const auto side = [](ImVec2 p, ImVec2 q, ImVec2 r) { return (q.x - p.x) * (r.y - p.y) - (q.y - p.y) * (r.x - p.x); };
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0;
}

}  // namespace

std::pair<ImVec2, ImVec2> CanvasLinks::ends(const LinkView& link) const {
  const CanvasModel& model = canvas.model_;
  const auto end = [&](int reroute, std::size_t node, int port) {
    return reroute >= 0 ? model.reroutes[static_cast<std::size_t>(reroute)].at
                        : model.pin_place(model.nodes[node], static_cast<std::size_t>(port));
  };
  return {end(link.from_reroute, link.from_node, link.from_port), end(link.to_reroute, link.to_node, link.to_port)};
}

void CanvasLinks::draw_plain() {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  // A line without a texture of its own, which the processor draws several times as fast.
  const ImDrawListFlags flags = std::exchange(list.Flags, list.Flags & ~ImDrawListFlags_AntiAliasedLinesUseTex);
  for (const LinkView& link : canvas.model_.links) draw_plain(link, list);
  list.Flags = flags;
}

/// As few pieces as its length on the screen needs.
void CanvasLinks::draw_plain(const LinkView& link, ImDrawList& list) {
  const auto [from, to] = ends(link);
  const float handle = std::min(90.0f, std::abs(to.x - from.x) * 0.5f);
  const ImVec2 min = canvas.view_min_, max = canvas.view_max_;
  if (std::max(from.y, to.y) < min.y || std::min(from.y, to.y) > max.y || std::max(from.x, to.x) + handle < min.x ||
      std::min(from.x, to.x) - handle > max.x)
    return;
  const float length = std::hypot(to.x - from.x, to.y - from.y) * canvas.zoom_, width = 0.99f / canvas.zoom_;
  const ImU32 colour = with_alpha(link.colour, 0.7f);
  list.PathLineTo(from);
  if (length < 12)
    list.PathLineTo(to);
  else
    list.PathBezierCubicCurveTo({from.x + handle, from.y}, {to.x - handle, to.y}, to,
        length < 60        ? 4
            : length < 200 ? 8
                           : 14);
  list.PathStroke(colour, width);
}

void CanvasLinks::draw_all() {
  for (const LinkView& link : canvas.model_.links) {
    if (!canvas.drawn_[link.from_node] || !canvas.drawn_[link.to_node]) continue;  // no part of it is seen
    if (canvas.taken_up_ == link.link) continue;  // its end hangs at the mouse
    const bool target = canvas.insert_target_ == link.link;
    ed::Link(link.number, link.from, link.to, as_vec4(target ? app.theme.accent : with_alpha(link.colour, 0.9f)),
        target ? 4.5f : 2.2f);
  }
}

void CanvasLinks::say(const std::string& what, const std::string& remedy, bool refused) {
  const Theme& t = app.theme;
  ImGui::SetNextWindowPos({ImGui::GetIO().MousePos.x + 18, ImGui::GetIO().MousePos.y + 14});
  if (!ImGui::BeginTooltip()) return;
  ImGui::PushTextWrapPos(ImGui::GetFontSize() * 26);
  ImGui::PushStyleColor(ImGuiCol_Text, refused ? t.bad : t.text);
  ImGui::TextUnformatted((std::string(refused ? icon::kCross : icon::kDone) + "  " + what).c_str());
  ImGui::PopStyleColor();
  if (!remedy.empty()) dim_text(t, remedy);
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

void CanvasLinks::take_pair(const LinkEnd& held, const LinkEnd& other) {
  const ImVec4 bad = canvas.taken_up_ ? ImVec4{} : as_vec4(app.theme.bad), good = as_vec4(app.theme.good);
  if (held.is_output == other.is_output) {
    say(held.is_output ? tr("both are outputs") : tr("both are inputs"),
        held.is_output ? tr("end at an input") : tr("end at an output"), true);
    ed::RejectNewItem(bad, 2.5f);
    return;
  }
  const Link link{held.is_output ? held.port : other.port, held.is_output ? other.port : held.port};
  const LinkCheck check = check_link(document.graph(), document.types(app.registry), link);
  if (!check.ok()) {
    say(check.problem->what, check.problem->remedy, true);
    ed::RejectNewItem(bad, 2.5f);
    return;
  }
  if (check.replaces)
    say(tr_format("replaces the link from {}.{}", check.replaces->node, check.replaces->port), {}, false);
  const std::optional<Link>& moved = canvas.taken_up_;
  if (ed::AcceptNewItem(moved ? ImVec4{} : good, 3.0f))
    app.attempt([&] {
      if (moved)
        reconnect(document, app.registry, *moved, link);
      else
        connect(document, app.registry, link);
    });
}

std::optional<Link> CanvasLinks::link_into(const LinkEnd& end) const {
  if (end.is_output) return std::nullopt;
  const auto& links = canvas.model_.links;
  const auto found =
      std::find_if(links.rbegin(), links.rend(), [&](const LinkView& each) { return each.link.target == end.port; });
  return found == links.rend() ? std::nullopt : std::optional(found->link);
}

std::optional<LinkEnd> CanvasLinks::take_up(const std::optional<LinkEnd>& pressed) {
  if (!pressed) return std::nullopt;
  canvas.taken_up_ = link_into(*pressed);
  return canvas.taken_up_ ? LinkEnd{canvas.taken_up_->source, true} : *pressed;
}

/// On nothing: a link that was taken up is let go; a new one asks for a node at its end.
void CanvasLinks::take_drop(const LinkEnd& held) {
  if (canvas.taken_up_) {
    say(tr("removes the link"), {}, false);
    if (ed::AcceptNewItem({}, 2.5f)) app.attempt([&, link = *canvas.taken_up_] { disconnect(document, {link}); });
    return;
  }
  if (!ed::AcceptNewItem(as_vec4(app.theme.text_dim), 2.5f)) return;
  const ImVec2 at = ed::GetMousePosOnCanvas();
  open_node_palette(app, {.at = {at.x, at.y}, .screen = canvas.to_screen(at), .from = held});
}

void CanvasLinks::take_new_links() {
  canvas.dragged_.reset();
  const std::optional<Link> taken_up = std::exchange(canvas.taken_up_, std::nullopt);
  std::optional<LinkEnd> start;
  // What was taken up is drawn from its other end, by draw_rubber_line().
  const ImVec4 colour = taken_up ? ImVec4{} : as_vec4(app.theme.text_dim);
  if (!ed::BeginCreate(colour, 2.5f)) return;
  ed::PinId a = 0, b = 0;
  if (ed::QueryNewLink(&a, &b)) {
    const std::optional<LinkEnd> pressed = canvas.model_.port_of(a), end = canvas.model_.port_of(b);
    start = take_up(pressed);
    if (start && end && a != b)
      take_pair(*start, *end);
    else
      ed::RejectNewItem(colour, 2.5f);
  }
  if (ed::QueryNewNode(&a)) {
    start = take_up(canvas.model_.port_of(a));
    if (start)
      take_drop(*start);
    else
      ed::RejectNewItem(colour, 2.5f);
  }
  ed::EndCreate();
  canvas.dragged_ = start;
  if (!start) canvas.taken_up_.reset();
}

void CanvasLinks::find_insert_target() {
  canvas.insert_target_.reset();
  const Ids& moving = document.selection().nodes;
  std::string id = moving.size() == 1 ? *moving.begin() : std::string{};
  if (canvas.moved_.nodes.size() == 1) id = canvas.moved_.nodes.begin()->first;
  const NodeView* node = canvas.model_.find(id);
  if (!node) return;
  const bool linked = std::ranges::any_of(canvas.model_.links,
      [&](const LinkView& each) { return each.link.source.node == id || each.link.target.node == id; });
  if (linked) return;
  const ImVec2 at = ed::GetNodePosition(node->number);
  const ImVec2 size = node->layout.size;
  for (const LinkView& link : canvas.model_.links) {
    const auto [from, to] = ends(link);
    const auto points = sampled(from, to);
    const bool under = std::ranges::any_of(points,
        [&](ImVec2 p) { return p.x > at.x + 12 && p.x < at.x + size.x - 12 && p.y > at.y && p.y < at.y + size.y; });
    if (under && insertion(document.graph(), canvas.model_.types(), id, link.link)) {
      canvas.insert_target_ = link.link;
      return;
    }
  }
}

void CanvasLinks::drop_on_link() {
  if (!canvas.insert_target_) return;
  const Link link = *std::exchange(canvas.insert_target_, std::nullopt);
  const Ids& selected = document.selection().nodes;
  const std::string node = canvas.last_moved_.empty() && selected.size() == 1 ? *selected.begin() : canvas.last_moved_;
  if (!node.empty()) app.attempt([&] { insert_on_link(document, app.registry, node, link); });
}

std::vector<Link> CanvasLinks::crossed(const std::vector<ImVec2>& stroke) const {
  std::vector<Link> found;
  for (const LinkView& link : canvas.model_.links) {
    const auto [from, to] = ends(link);
    const auto points = sampled(from, to);
    bool hit = false;
    for (std::size_t i = 1; i < points.size() && !hit; ++i)
      for (std::size_t j = 1; j < stroke.size() && !hit; ++j)
        hit = cross(points[i - 1], points[i], stroke[j - 1], stroke[j]);
    if (hit && std::ranges::find(found, link.link) == found.end()) found.push_back(link.link);
  }
  return found;
}

}  // namespace weft::editor
