// Where the canvas looks: fit, zoom, bookmarks, minimap; and strokes with a key held.
#define IMGUI_DEFINE_MATH_OPERATORS  // the library's internals want them
#include <imgui_internal.h>
#include <imgui_node_editor_internal.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "editor/app/app.h"
#include "editor/canvas/canvas_links.h"
#include "editor/session/gestures.h"
#include "editor/session/layout.h"
#include "editor/widgets/draw.h"

namespace weft::editor {

namespace ed = ax::NodeEditor;

namespace {

/// The library can show a rectangle, but does not say so in its public header.
ed::Detail::EditorContext& internals(ed::EditorContext* context) {
  return *reinterpret_cast<ed::Detail::EditorContext*>(context);
}

}  // namespace

bool is_instance(const GraphNode& node) { return node.type.starts_with("subgraph:"); }

/// Inside a subgraph: the way back, a button for each step.
void Canvas::draw_path(App& app, Document& document) {
  ImGui::SetCursorScreenPos({min_.x + 12 * app.ui_scale(), min_.y + 10 * app.ui_scale()});
  ImGui::PushStyleColor(ImGuiCol_ChildBg, with_alpha(app.theme.panel, 0.9f));
  ImGui::BeginChild(
      "path", {0, 0}, ImGuiChildFlags_AutoResizeX | ImGuiChildFlags_AutoResizeY | ImGuiChildFlags_AlwaysAutoResize);
  ImGui::PopStyleColor();
  const std::vector<std::string> path = document.path();
  if (quiet_button((document.name() + "##top").c_str(), app.theme)) document.leave(0);
  for (std::size_t i = 0; i < path.size(); ++i) {
    ImGui::SameLine(0, 2);
    ImGui::AlignTextToFramePadding();
    ImGui::TextDisabled("/");
    ImGui::SameLine(0, 2);
    ImGui::PushID(static_cast<int>(i));
    if (quiet_button(path[i].c_str(), app.theme) && i + 1 < path.size()) document.leave(i + 1);
    ImGui::PopID();
  }
  ImGui::EndChild();
}

Point Canvas::free_place(Point wanted, Size size) const { return editor::free_place(model_.taken(), wanted, size); }

void Canvas::remember_view() {
  constexpr std::size_t kMost = 50;
  if (!is_seen()) return;
  views_before_.push_back(view());
  if (views_before_.size() > kMost) views_before_.erase(views_before_.begin());
  views_after_.clear();
}

void Canvas::go_back() {
  if (views_before_.empty()) return;
  views_after_.push_back(view());
  look_wanted_ = views_before_.back();
  views_before_.pop_back();
}

void Canvas::go_forward() {
  if (views_after_.empty()) return;
  views_before_.push_back(view());
  look_wanted_ = views_after_.back();
  views_after_.pop_back();
}

void Canvas::fit(bool selection_only) {
  remember_view();
  fit_wanted_ = true;
  fit_selection_ = selection_only;
  frames_ = std::max(frames_, 2);
}

void Canvas::look_at(const std::string& node) {
  remember_view();
  look_at_ = node;
}

void Canvas::reveal(const std::string& node) {
  const NodeView* view = model_.find(node);
  if (!view) return;
  const ImVec2 end{view->at.x + view->layout.size.x, view->at.y + view->layout.size.y};
  const bool seen =
      view->at.x >= view_min_.x && view->at.y >= view_min_.y && end.x <= view_max_.x && end.y <= view_max_.y;
  if (!seen) look_wanted_ = View{{(view->at.x + end.x) / 2.0, (view->at.y + end.y) / 2.0}, zoom_};
}

void Canvas::set_zoom(float zoom) { look_wanted_ = View{centre(), std::clamp(zoom, kFarthestZoom, kNearestZoom)}; }

View Canvas::view() const { return {centre(), zoom_}; }

void Canvas::look(const View& view) {
  remember_view();
  look_wanted_ = view;
}

/// What is undone takes the view back that it was made in, and what is done again is shown again. Where undoing leaves
/// nothing to be seen, all is shown.
void Canvas::follow_history(const Document& document) {
  const std::size_t was = std::exchange(known_position_, document.position()), now = known_position_;
  if (was == now || model_.nodes.empty()) return;
  const auto first = views_of_steps_.upper_bound(std::min(was, now));
  if (first != views_of_steps_.end() && first->first <= std::max(was, now)) {
    if (now < was)
      look_wanted_ = first->second;
    else
      fit_wanted_ = true, fit_selection_ = false;
    return;
  }
  if (now > was) return;
  const bool some = std::ranges::any_of(model_.nodes, [&](const NodeView& node) {
    return node.at.x < view_max_.x && node.at.y < view_max_.y && node.at.x + node.layout.size.x > view_min_.x &&
        node.at.y + node.layout.size.y > view_min_.y;
  });
  if (!some) fit_wanted_ = true, fit_selection_ = false;
}

bool Canvas::covers_nodes(const ImVec4& view, const ImVec4& area) const {
  const float zoom = (max_.x - min_.x) / (view.z - view.x);
  const ImVec2 from{view.x + (area.x - min_.x) / zoom, view.y + (area.y - min_.y) / zoom};
  const ImVec2 to{view.x + (area.z - min_.x) / zoom, view.y + (area.w - min_.y) / zoom};
  return std::ranges::any_of(model_.nodes, [&](const NodeView& node) {
    return node.at.x < to.x && node.at.y < to.y && node.at.x + node.layout.size.x > from.x &&
        node.at.y + node.layout.size.y > from.y;
  });
}

/// The view in which one sees `all`; the minimap covers no node in it.
ImVec4 Canvas::fitted(const App& app, ImVec4 all) const {
  constexpr float kMargin = 48;
  const ImVec2 size{all.z - all.x + 2 * kMargin, all.w - all.y + 2 * kMargin};
  const auto zoom_in = [&](const ImVec4& room) {
    return std::clamp(std::min((room.z - room.x) / size.x, (room.w - room.y) / size.y), kFarthestZoom, app.ui_scale());
  };
  const auto view_in = [&](const ImVec4& room) {
    const float zoom = zoom_in(room);
    const ImVec2 from{(all.x + all.z) / 2 - ((room.x + room.z) / 2 - min_.x) / zoom,
        (all.y + all.w) / 2 - ((room.y + room.w) / 2 - min_.y) / zoom};
    return ImVec4{from.x, from.y, from.x + (max_.x - min_.x) / zoom, from.y + (max_.y - min_.y) / zoom};
  };
  const ImVec4 whole{min_.x, min_.y, max_.x, max_.y};
  const std::optional<ImVec4> map = minimap_area(app);
  if (!map || !covers_nodes(view_in(whole), *map)) return view_in(whole);
  const ImVec4 left{min_.x, min_.y, map->x, max_.y}, above{min_.x, min_.y, max_.x, map->y};
  return view_in(zoom_in(left) >= zoom_in(above) ? left : above);
}

/// The rectangle that the view shall show; nothing: it stays.
std::optional<ImVec4> Canvas::wanted_rect(const App& app, const Document& document) {
  const ImVec2 room{max_.x - min_.x, max_.y - min_.y};
  const auto around = [&](ImVec2 middle, float zoom) {
    const ImVec2 half{room.x / zoom / 2, room.y / zoom / 2};
    return ImVec4{middle.x - half.x, middle.y - half.y, middle.x + half.x, middle.y + half.y};
  };
  if (look_wanted_) {
    const View view = *std::exchange(look_wanted_, std::nullopt);
    return around(
        {static_cast<float>(view.centre.x), static_cast<float>(view.centre.y)}, static_cast<float>(view.zoom));
  }
  const float scale = app.ui_scale();
  if (const NodeView* node = model_.find(std::exchange(look_at_, {}))) {
    fit_wanted_ = false;  // that a subgraph was entered asks for it
    return around({node->at.x + node->layout.size.x / 2, node->at.y + node->layout.size.y / 2}, std::max(zoom_, scale));
  }
  if (!fit_wanted_ || frames_ < 1) return std::nullopt;
  fit_wanted_ = false;
  ImVec4 all = model_.bounds();
  if (fit_selection_ && !document.selection().nodes.empty()) {
    all = {1e9f, 1e9f, -1e9f, -1e9f};
    for (const std::string& id : document.selection().nodes)
      if (const NodeView* node = model_.find(id))
        all = {std::min(all.x, node->at.x), std::min(all.y, node->at.y),
            std::max(all.z, node->at.x + node->layout.size.x), std::max(all.w, node->at.y + node->layout.size.y)};
  }
  return all.z <= all.x ? around({0, 0}, scale) : fitted(app, all);
}

/// Where the canvas changes its size, the library keeps to the middle that it had, and forgets what it was to show next: so
/// that is wanted again. What was fitted and has not been touched since is fitted again.
void Canvas::follow_size(const Document& document) {
  const ImVec2 size{max_.x - min_.x, max_.y - min_.y}, before = std::exchange(size_, size);
  const std::optional<View> last = std::exchange(navigated_, std::nullopt);
  if (size.x == before.x && size.y == before.y) return;
  if (look_wanted_ || fit_wanted_ || !look_at_.empty()) return;
  const auto shows = [&](const View& view) {
    return std::hypot(view.centre.x - centre().x, view.centre.y - centre().y) * zoom_ < 2 &&
        std::abs(view.zoom / zoom_ - 1) < 0.01;
  };
  const bool untouched =
      fitted_view_ && document.position() == 0 && document.selection().nodes.empty() && shows(*fitted_view_);
  if (untouched || (last && fitted_view_ == last))
    fit_wanted_ = true;
  else
    look_wanted_ = last;
}

void Canvas::navigate(const App& app, const Document& document) {
  follow_size(document);
  const bool fits = fit_wanted_ && !look_wanted_ && look_at_.empty();
  if (const std::optional<ImVec4> rect = wanted_rect(app, document)) {
    navigated_ = View{{(rect->x + rect->z) / 2.0, (rect->y + rect->w) / 2.0}, (max_.x - min_.x) / (rect->z - rect->x)};
    fitted_view_ = fits && !fit_wanted_ ? navigated_ : std::nullopt;
    // The library adds a tenth of the longer side as its margin; ours is in the rectangle already.
    ImRect inner(*rect);
    const float longer = std::max(inner.GetWidth(), inner.GetHeight()) / 1.1f;
    inner.Expand(-0.05f * longer);
    internals(context_.get()).NavigateTo(inner, true, 0.0f);
  }
}

bool Canvas::selects() const {
  ed::Detail::EditorAction* action = internals(context_.get()).GetCurrentAction();
  return action && action->AsSelect();
}

/// Where the library has what is dragged. Links follow in this frame.
void Canvas::take_dragged() {
  ed::Detail::EditorAction* action = internals(context_.get()).GetCurrentAction();
  const ed::Detail::DragAction* drag = action ? action->AsDrag() : nullptr;
  if (!drag || !drag->m_IsActive) return;
  const auto has_moved = [](ImVec2 now, ImVec2 was) {
    return std::abs(now.x - was.x) > 0.5f || std::abs(now.y - was.y) > 0.5f;
  };
  const auto floored = [](Point p) {
    return ImVec2{std::floor(static_cast<float>(p.x)), std::floor(static_cast<float>(p.y))};
  };
  const auto take_area = [&](auto& annotations, const std::string& id, ImVec2 now) {
    for (auto& each : annotations)
      if (each.id == id && has_moved(now, floored(each.area.at)))
        moved_.annotations[id] = each.area.at = {now.x, now.y}, moving_ = true;
  };
  for (const ed::Detail::Object* object : drag->m_Objects) {
    const auto* dragged = const_cast<ed::Detail::Object*>(object)->AsNode();
    if (!dragged) continue;
    const ImVec2 now = dragged->m_Bounds.Min;
    if (NodeView* node = model_.node_of(dragged->m_ID)) {
      if (!has_moved(now, floored({node->at.x, node->at.y}))) continue;
      node->at = now;
      moved_.nodes[node->id] = {now.x, now.y};
      moving_ = true;
      continue;
    }
    const std::string id = model_.annotation_of(dragged->m_ID);
    take_area(model_.frames, id, now);
    take_area(model_.comments, id, now);
    constexpr float kHalf = metric::kReroute / 2;
    for (RerouteView& each : model_.reroutes)
      if (each.reroute.id == id && has_moved(now, floored({each.at.x - kHalf, each.at.y - kHalf}))) {
        each.at = {now.x + kHalf, now.y + kHalf};
        moved_.annotations[id] = {each.at.x, each.at.y};
        moving_ = true;
      }
  }
}

void Canvas::pan_with_middle_button() {
  if (!ImGui::IsMouseDragging(ImGuiMouseButton_Middle, 0) ||
      !ImGui::IsWindowHovered(ImGuiHoveredFlags_AllowWhenBlockedByActiveItem))
    return;
  const ImVec2 delta = ImGui::GetIO().MouseDelta;
  look_wanted_ = View{{centre().x - delta.x / zoom_, centre().y - delta.y / zoom_}, zoom_};
}

void Canvas::take_strokes(App& app, Document& document) {
  const ImGuiIO& io = ImGui::GetIO();
  const bool free = !io.WantTextInput && !io.KeyCtrl && !io.KeyAlt && !io.KeyShift;
  knife = free && ImGui::IsKeyDown(ImGuiKey_X);
  lazy_connect = free && ImGui::IsKeyDown(ImGuiKey_L);
  const bool hovered = ImGui::IsWindowHovered();
  if (stroke_.empty()) {
    if (!(knife || lazy_connect) || !hovered || !ImGui::IsMouseClicked(ImGuiMouseButton_Left)) return;
    stroke_is_knife_ = knife;
  }
  internals(context_.get()).DisableUserInputThisFrame();
  const ImVec2 at = ImGui::GetMousePos();
  if (stroke_.empty() || std::hypot(at.x - stroke_.back().x, at.y - stroke_.back().y) > 3 / zoom_)
    stroke_.push_back(at);
  if (ImGui::IsMouseDown(ImGuiMouseButton_Left)) return;
  const std::vector<ImVec2> stroke = std::exchange(stroke_, {});
  if (stroke.size() < 2) return;
  if (stroke_is_knife_) {
    const std::vector<Link> cut = CanvasLinks{app, document, *this}.crossed(stroke);
    if (!cut.empty()) app.attempt([&] { disconnect(document, cut); });
    return;
  }
  const NodeView *from = node_at(stroke.front()), *to = node_at(stroke.back());
  if (from && to && from != to)
    app.attempt([&, a = from->id, b = to->id] { editor::lazy_connect(document, app.registry, a, b); });
}

const NodeView* Canvas::node_at(ImVec2 at) const {
  for (auto node = model_.nodes.rbegin(); node != model_.nodes.rend(); ++node)
    if (at.x >= node->at.x && at.y >= node->at.y && at.x <= node->at.x + node->layout.size.x &&
        at.y <= node->at.y + node->layout.size.y)
      return &*node;
  return nullptr;
}

/// A link that is not there: from a port to a place on the screen.
void Canvas::draw_loose_link(const App& app, const LinkEnd& end, ImVec2 to) {
  const NodeView* node = model_.find(end.port.node);
  const int port = node ? model_.port_index(*node, end.port.port, end.is_output) : -1;
  if (port < 0) return;
  const ImVec2 from = to_screen(model_.pin_place(*node, static_cast<std::size_t>(port)));
  const float handle = std::min(90.0f * zoom_, std::abs(to.x - from.x) * 0.5f) * (end.is_output ? 1 : -1);
  ImGui::GetWindowDrawList()->AddBezierCubic(
      from, {from.x + handle, from.y}, {to.x - handle, to.y}, to, app.theme.text_dim, 2.5f);
}

std::string Canvas::node_under(ImVec2 screen) const {
  const Point at = to_canvas(screen);
  const NodeView* node = node_at({static_cast<float>(at.x), static_cast<float>(at.y)});
  return node ? node->id : std::string{};
}

void Canvas::draw_rubber_line(const App& app) {
  if (taken_up_) draw_loose_link(app, {taken_up_->source, true}, ImGui::GetIO().MousePos);
  const SearchList& list = app.panels.search;
  if (list.open && list.link_from && app.active_tab && &app.active_tab->canvas == this)
    draw_loose_link(
        app, *list.link_from, to_screen({static_cast<float>(list.link_to.x), static_cast<float>(list.link_to.y)}));
  ImDrawList& list_of_window = *ImGui::GetWindowDrawList();
  if (stroke_.size() < 2) return;
  for (std::size_t i = 1; i < stroke_.size(); ++i)
    list_of_window.AddLine(
        to_screen(stroke_[i - 1]), to_screen(stroke_[i]), stroke_is_knife_ ? app.theme.bad : app.theme.good, 2);
}

std::string Canvas::neighbour(const std::string& from, ImVec2 direction) const {
  const NodeView* start = model_.find(from);
  if (!start) return model_.nodes.empty() ? std::string{} : model_.nodes.front().id;
  const auto middle = [](const NodeView& n) {
    return ImVec2{n.at.x + n.layout.size.x / 2, n.at.y + n.layout.size.y / 2};
  };
  const ImVec2 origin = middle(*start);
  std::string best;
  float least = 1e9f;
  for (const NodeView& node : model_.nodes) {
    const ImVec2 to{middle(node).x - origin.x, middle(node).y - origin.y};
    const float along = to.x * direction.x + to.y * direction.y;
    const float aside = std::abs(to.x * direction.y - to.y * direction.x);
    if (along <= 1 || along + 2 * aside >= least) continue;
    least = along + 2 * aside;
    best = node.id;
  }
  return best;
}

/// On the screen: left, top, right, bottom. Nothing where it is switched off, or has no room.
std::optional<ImVec4> Canvas::minimap_area(const App& app) const {
  const float scale = app.ui_scale();
  const float share =
      std::min({1.0f, (max_.x - min_.x) * 0.24f / (190 * scale), (max_.y - min_.y) * 0.3f / (120 * scale)});
  if (!app.settings.show_minimap || model_.nodes.empty() || share < 0.4f) return std::nullopt;
  const float margin = 12 * scale;
  const ImVec2 end{max_.x - margin, max_.y - margin};
  return ImVec4{end.x - 190 * scale * share, end.y - 120 * scale * share, end.x, end.y};
}

void Canvas::draw_minimap(App& app) {
  const std::optional<ImVec4> area = minimap_area(app);
  if (!area) return;
  const ImVec2 at{area->x, area->y}, room{area->z - area->x, area->w - area->y};
  ImVec4 all = model_.bounds();
  all = {std::min(all.x, view_min_.x), std::min(all.y, view_min_.y), std::max(all.z, view_max_.x),
      std::max(all.w, view_max_.y)};
  const float fit = std::min(room.x / (all.z - all.x), room.y / (all.w - all.y)) * 0.92f;
  const ImVec2 start{at.x + (room.x - (all.z - all.x) * fit) / 2, at.y + (room.y - (all.w - all.y) * fit) / 2};
  const auto place = [&](ImVec2 p) { return ImVec2{start.x + (p.x - all.x) * fit, start.y + (p.y - all.y) * fit}; };

  ImGui::SetCursorScreenPos(at);
  ImGui::PushStyleColor(ImGuiCol_ChildBg, with_alpha(app.theme.panel, 0.88f));
  ImGui::BeginChild("minimap", room, ImGuiChildFlags_None, ImGuiWindowFlags_NoNav | ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::PopStyleColor();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRect(at, {at.x + room.x, at.y + room.y}, app.theme.border, ImGui::GetStyle().ChildRounding);
  const float rounding = model_.nodes.size() < 500 ? 1.5f : 0;  // costs more than all else of a small node
  for (std::size_t i = 0; i < model_.nodes.size(); ++i) {
    const NodeView& node = model_.nodes[i];
    const ImVec2 min = place(node.at);
    const ImVec2 size{std::max(2.0f, node.layout.size.x * fit), std::max(2.0f, node.layout.size.y * fit)};
    const bool selected = i < selected_.size() && selected_[i];
    list.AddRectFilled(min, {min.x + size.x, min.y + size.y}, selected ? app.theme.accent : node.colour, rounding);
  }
  list.AddRectFilled(place(view_min_), place(view_max_), with_alpha(app.theme.text, 0.06f), 2);
  list.AddRect(place(view_min_), place(view_max_), with_alpha(app.theme.text, 0.45f), 2);
  ImGui::InvisibleButton("##map", room);
  if (ImGui::IsItemActive()) {
    const ImVec2 mouse = ImGui::GetIO().MousePos;
    look_wanted_ = View{{all.x + (mouse.x - start.x) / fit, all.y + (mouse.y - start.y) / fit}, zoom_};
  }
  ImGui::EndChild();
}

}  // namespace weft::editor
