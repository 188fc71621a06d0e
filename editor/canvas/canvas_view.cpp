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
#include "editor/widgets/draw.h"

namespace weft::editor {

namespace ed = ax::NodeEditor;

namespace {

/// The library can show a rectangle, but does not say so in its public header.
ed::Detail::EditorContext& internals(ed::EditorContext* context) {
  return *reinterpret_cast<ed::Detail::EditorContext*>(context);
}

}  // namespace

ImU32 frame_colour(const std::string& hex, const Theme& theme) {
  unsigned r = 0, g = 0, b = 0;
  return std::sscanf(hex.c_str(), "#%2x%2x%2x", &r, &g, &b) == 3 ? IM_COL32(r, g, b, 255) : theme.text_faint;
}

bool is_instance(const GraphNode& node) { return node.type.starts_with("subgraph:"); }

/// Inside a subgraph: the way back, a button for each step.
void Canvas::draw_path(App& app, Document& document) {
  ImGui::SetCursorScreenPos({min_.x + 12 * app.ui_scale(), min_.y + 10 * app.ui_scale()});
  ImGui::PushStyleColor(ImGuiCol_ChildBg, with_alpha(app.theme.panel, 0.9f));
  ImGui::BeginChild(
      "path", {0, 0},
      ImGuiChildFlags_AutoResizeX | ImGuiChildFlags_AutoResizeY | ImGuiChildFlags_AlwaysAutoResize);
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

void Canvas::remember_view() {
  constexpr std::size_t kMost = 50;
  if (frames_ <= 4) return;  // nobody has seen it
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
  const bool seen = view->at.x >= view_min_.x && view->at.y >= view_min_.y && end.x <= view_max_.x && end.y <= view_max_.y;
  if (!seen) look_wanted_ = View{{(view->at.x + end.x) / 2.0, (view->at.y + end.y) / 2.0}, zoom_};
}

void Canvas::set_zoom(float zoom) { look_wanted_ = View{centre(), std::clamp(zoom, 0.1f, 8.0f)}; }

View Canvas::view() const { return {centre(), zoom_}; }

void Canvas::look(const View& view) {
  remember_view();
  look_wanted_ = view;
}

/// The rectangle that the view shall show; nothing: it stays.
std::optional<ImVec4> Canvas::wanted_rect(const Document& document, float scale) {
  const ImVec2 room{max_.x - min_.x, max_.y - min_.y};
  const auto around = [&](ImVec2 middle, float zoom) {
    const ImVec2 half{room.x / zoom / 2, room.y / zoom / 2};
    return ImVec4{middle.x - half.x, middle.y - half.y, middle.x + half.x, middle.y + half.y};
  };
  if (look_wanted_) {
    const View view = *std::exchange(look_wanted_, std::nullopt);
    return around({static_cast<float>(view.centre.x), static_cast<float>(view.centre.y)},
                  static_cast<float>(view.zoom));
  }
  if (const NodeView* node = model_.find(std::exchange(look_at_, {}))) {
    fit_wanted_ = false;  // that a subgraph was entered asks for it
    return around({node->at.x + node->layout.size.x / 2, node->at.y + node->layout.size.y / 2},
                  std::max(zoom_, scale));
  }
  if (!fit_wanted_ || frames_ < 1) return std::nullopt;
  fit_wanted_ = false;
  ImVec4 all = model_.bounds();
  if (fit_selection_ && !document.selection().nodes.empty()) {
    all = {1e9f, 1e9f, -1e9f, -1e9f};
    for (const std::string& id : document.selection().nodes)
      if (const NodeView* node = model_.find(id))
        all = {std::min(all.x, node->at.x), std::min(all.y, node->at.y),
               std::max(all.z, node->at.x + node->layout.size.x),
               std::max(all.w, node->at.y + node->layout.size.y)};
  }
  if (all.z <= all.x) return around({0, 0}, scale);
  constexpr float kMargin = 48;
  const ImVec2 size{all.z - all.x + 2 * kMargin, all.w - all.y + 2 * kMargin};
  const float zoom = std::clamp(std::min(room.x / size.x, room.y / size.y), 0.1f, scale);
  return around({(all.x + all.z) / 2, (all.y + all.w) / 2}, zoom);
}

void Canvas::navigate(const Document& document, float scale) {
  if (const std::optional<ImVec4> rect = wanted_rect(document, scale)) {
    // The library adds a tenth of the longer side as its margin; ours is in the rectangle already.
    ImRect inner(*rect);
    const float longer = std::max(inner.GetWidth(), inner.GetHeight()) / 1.1f;
    inner.Expand(-0.05f * longer);
    internals(context_.get()).NavigateTo(inner, true, 0.0f);
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

void Canvas::draw_rubber_line(const App& app) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  if (const NodeView* node = taken_up_ ? model_.find(taken_up_->source.node) : nullptr)
    if (const int port = model_.port_index(*node, taken_up_->source.port, true); port >= 0) {
      const ImVec2 from = to_screen(model_.pin_place(*node, static_cast<std::size_t>(port)));
      const ImVec2 to = ImGui::GetIO().MousePos;
      const float handle = std::min(90.0f * zoom_, std::abs(to.x - from.x) * 0.5f);
      list.AddBezierCubic(from, {from.x + handle, from.y}, {to.x - handle, to.y}, to, app.theme.text_dim, 2.5f);
    }
  if (stroke_.size() < 2) return;
  for (std::size_t i = 1; i < stroke_.size(); ++i)
    list.AddLine(to_screen(stroke_[i - 1]), to_screen(stroke_[i]),
                 stroke_is_knife_ ? app.theme.bad : app.theme.good, 2);
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

void Canvas::draw_minimap(App& app) {
  if (model_.nodes.empty()) return;
  const float scale = app.ui_scale();
  const float share = std::min({1.0f, (max_.x - min_.x) * 0.24f / (190 * scale), (max_.y - min_.y) * 0.3f / (120 * scale)});
  const ImVec2 room{190 * scale * share, 120 * scale * share};
  if (share < 0.4f) return;  // no room for it
  ImVec4 all = model_.bounds();
  all = {std::min(all.x, view_min_.x), std::min(all.y, view_min_.y), std::max(all.z, view_max_.x),
         std::max(all.w, view_max_.y)};
  const float margin = 12 * scale;
  const ImVec2 at{max_.x - room.x - margin, max_.y - room.y - margin};
  const float fit = std::min(room.x / (all.z - all.x), room.y / (all.w - all.y)) * 0.92f;
  const ImVec2 start{at.x + (room.x - (all.z - all.x) * fit) / 2,
                     at.y + (room.y - (all.w - all.y) * fit) / 2};
  const auto place = [&](ImVec2 p) {
    return ImVec2{start.x + (p.x - all.x) * fit, start.y + (p.y - all.y) * fit};
  };

  ImGui::SetCursorScreenPos(at);
  ImGui::PushStyleColor(ImGuiCol_ChildBg, with_alpha(app.theme.panel, 0.88f));
  ImGui::BeginChild("minimap", room, ImGuiChildFlags_None,
                    ImGuiWindowFlags_NoNav | ImGuiWindowFlags_NoScrollWithMouse);
  ImGui::PopStyleColor();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRect(at, {at.x + room.x, at.y + room.y}, app.theme.border, ImGui::GetStyle().ChildRounding);
  const float rounding = model_.nodes.size() < 500 ? 1.5f : 0;  // costs more than all else of a small node
  for (const NodeView& node : model_.nodes) {
    const ImVec2 min = place(node.at);
    const ImVec2 size{std::max(2.0f, node.layout.size.x * fit), std::max(2.0f, node.layout.size.y * fit)};
    const bool selected = known_selection_.nodes.contains(node.id);
    list.AddRectFilled(min, {min.x + size.x, min.y + size.y}, selected ? app.theme.accent : node.colour,
                       rounding);
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
