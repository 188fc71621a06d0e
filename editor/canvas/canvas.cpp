#include "editor/canvas/canvas.h"

#include <imgui_internal.h>

#include <algorithm>
#include <cfloat>
#include <cmath>

#include "editor/app/app.h"
#include "editor/app/dropped.h"
#include "editor/app/lists.h"
#include "editor/app/shown_pictures.h"
#include "editor/canvas/canvas_links.h"
#include "editor/canvas/canvas_nodes.h"
#include "editor/canvas/canvas_titles.h"
#include "editor/session/gestures.h"
#include "editor/widgets/draw.h"

namespace weft::editor {

namespace ed = ax::NodeEditor;

namespace {

ed::EditorContext* make_context() {
  ed::Config config;
  config.SettingsFile = nullptr;  // places are the document's
  config.NavigateButtonIndex = ImGuiMouseButton_Right;
  config.CanvasSizeMode = ed::CanvasSizeMode::CenterOnly;
  for (const float zoom : {kFarthestZoom, 1.0f, kNearestZoom}) config.CustomZoomLevels.push_back(zoom);
  return ed::CreateEditor(&config);
}

ImVec2 floored(ImVec2 p) { return {std::floor(p.x), std::floor(p.y)}; }
ImVec2 as_vec(Point p) { return {static_cast<float>(p.x), static_cast<float>(p.y)}; }

/// Text is made at the size at which it will be seen, in few steps, as each one fills the font's texture.
float text_density(float zoom) {
  for (const float step : {0.5f, 0.75f, 1.0f, 1.25f, 1.5f, 2.0f, 3.0f})
    if (zoom <= step * 1.05f) return step;
  return 4;
}

}  // namespace

Canvas::Canvas() : context_(make_context()) { ed::SetCurrentEditor(context_.get()); }
Canvas::~Canvas() {
  if (ed::GetCurrentEditor() == context_.get()) ed::SetCurrentEditor(nullptr);
}

void Canvas::push_style(const App& app) {
  const Theme& t = app.theme;
  ed::Style& s = ed::GetStyle();
  s.NodePadding = {0, 0, 0, 0};
  s.NodeRounding = metric::kRounding;
  s.NodeBorderWidth = 0;
  s.HoveredNodeBorderWidth = 1.5f;
  s.SelectedNodeBorderWidth = 2.5f;
  s.SelectedNodeBorderOffset = s.HoverNodeBorderOffset = 2;
  s.LinkStrength = 90;
  s.AngledLinks = false;
  s.ScrollDuration = 0.18f;
  s.GroupRounding = 8;
  s.GroupBorderWidth = 1;
  const auto set = [&](ed::StyleColor which, ImU32 colour) { s.Colors[which] = as_vec4(colour); };
  set(ed::StyleColor_Bg, t.canvas);
  set(ed::StyleColor_Grid, 0);
  set(ed::StyleColor_NodeBg, 0);
  set(ed::StyleColor_NodeBorder, 0);
  set(ed::StyleColor_HovNodeBorder, with_alpha(t.accent, 0.55f));
  set(ed::StyleColor_SelNodeBorder, t.accent);
  set(ed::StyleColor_NodeSelRect, with_alpha(t.accent, 0.12f));
  set(ed::StyleColor_NodeSelRectBorder, with_alpha(t.accent, 0.7f));
  set(ed::StyleColor_HovLinkBorder, with_alpha(t.accent, 0.8f));
  set(ed::StyleColor_SelLinkBorder, t.accent);
  set(ed::StyleColor_PinRect, 0);
  set(ed::StyleColor_PinRectBorder, 0);
  set(ed::StyleColor_GroupBg, with_alpha(t.raised, 0.35f));
  set(ed::StyleColor_GroupBorder, t.border);
  // Within the canvas, sizes are in its units: the zoom makes them what the user's scale asks for.
  const float scale = app.ui_scale();
  const ImGuiStyle& style = ImGui::GetStyle();
  const auto unscaled = [&](ImVec2 v) { return ImVec2{v.x / scale, v.y / scale}; };
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, unscaled(style.FramePadding));
  ImGui::PushStyleVar(ImGuiStyleVar_FrameRounding, style.FrameRounding / scale);
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2{0, 0});
}

void Canvas::pop_style() { ImGui::PopStyleVar(3); }

Point Canvas::to_canvas(ImVec2 screen) const {
  return {view_min_.x + (screen.x - min_.x) / zoom_, view_min_.y + (screen.y - min_.y) / zoom_};
}

ImVec2 Canvas::to_screen(ImVec2 canvas) const {
  return {min_.x + (canvas.x - view_min_.x) * zoom_, min_.y + (canvas.y - view_min_.y) * zoom_};
}

std::optional<Point> Canvas::mouse() const {
  const ImVec2 at = ImGui::GetIO().MousePos;
  if (at.x <= min_.x || at.y <= min_.y || at.x >= max_.x || at.y >= max_.y) return std::nullopt;
  return to_canvas(at);
}

Point Canvas::centre() const { return {(view_min_.x + view_max_.x) / 2.0, (view_min_.y + view_max_.y) / 2.0}; }

void Canvas::draw(App& app, Document& document) {
  ed::SetCurrentEditor(context_.get());
  ed::EnableShortcuts(false);  // keys are commands, which users may change
  min_ = ImGui::GetCursorScreenPos();
  const ImVec2 room = ImGui::GetContentRegionAvail();
  max_ = {min_.x + room.x, min_.y + room.y};
  Ids with_picture;
  const std::string scope = document.address("");
  if (std::exchange(shown_scope_, scope) != scope) {
    fit_wanted_ = true, fit_selection_ = false;
    views_before_.clear(), views_after_.clear();  // they were of another graph
  }
  const auto run = app.runs->owners.find(document.id());
  const runs::OwnerRun* document_run = run == app.runs->owners.end() ? nullptr : run->second.get();
  if (document_run)
    for (const auto& [address, node] : document_run->nodes)
      if (picture_of(&node) && address.starts_with(scope) && address.find('/', scope.size()) == address.npos)
        with_picture.insert(address.substr(scope.size()));
  find_readers(app, document);
  for (const std::string& reader : readers_)
    if (input_file(app, document.address(reader))) with_picture.insert(reader);
  push_style(app);
  ImGui::PushFont(app.fonts.regular, metric::kTextSize / app.ui_scale());
  model_.update(document, app.registry, app.theme, with_picture);
  follow_history(document);
  ed::Begin("canvas");
  zoom_ = 1 / ed::GetCurrentZoom();
  const ImVec2 corner = ed::ScreenToCanvas(min_), far_corner = ed::ScreenToCanvas(max_);
  view_min_ = corner, view_max_ = far_corner;
  ImGui::SetPixelDensity(text_density(zoom_));
  take_strokes(app, document);
  if (app.settings.show_grid) draw_grid(app);
  put_positions();
  find_seen();
  draw_frames(app, document);
  const CanvasNodes::Detail detail = CanvasNodes::detail_at(zoom_ / app.ui_scale());
  CanvasLinks links{app, document, *this};
  if (detail == CanvasNodes::Detail::Map) links.draw_plain();  // under the nodes
  CanvasNodes{app, document, *this, document_run, detail}.draw_all();
  draw_reroutes(app);
  if (detail != CanvasNodes::Detail::Map) links.draw_all();
  links.take_new_links();
  take_clicks(app, document);
  take_right_click();
  ImGui::SetPixelDensity(1);
  {
    // To the library Alt means not to snap what is dragged. That is so here too, unless snapping is switched off.
    ImGuiIO& io = ImGui::GetIO();
    const bool alt = io.KeyAlt, ctrl = io.KeyCtrl, shift = io.KeyShift;
    if (moving_ && !app.settings.snap_to_grid) io.KeyAlt = !alt;
    // Only Ctrl adds to the selection there; here Shift does too, to a click and to a rectangle.
    io.KeyCtrl |= shift;
    if (!ed::GetHoveredNode()) io.KeyShift = false;
    ed::End();
    io.KeyAlt = alt, io.KeyCtrl = ctrl, io.KeyShift = shift;
  }
  ImGui::PopFont();
  pop_style();
  take_positions(app, document);
  exchange_selection(document);
  pan_with_middle_button();
  navigate(app, document);
  take_dropped_type(app, document);
  CanvasTitles(app, *this).draw_all();
  draw_rubber_line(app);
  draw_minimap(app);
  if (!document.path().empty()) draw_path(app, document);
  draw_menus(app, document);
  ++frames_;
}

void Canvas::find_readers(App& app, const Document& document) {
  if (std::exchange(readers_revision_, document.revision()) == document.revision() && shown_scope_ == readers_scope_)
    return;
  readers_scope_ = shown_scope_;
  readers_ = picture_readers(document, app.registry);
  std::ranges::sort(readers_);
}

/// A node type from the library, or a picture of the gallery, that is dropped here.
void Canvas::take_dropped_type(App& app, Document& document) {
  if (!ImGui::BeginDragDropTargetCustom(ImRect(min_, max_), ImGui::GetID("drop"))) return;
  if (const ImGuiPayload* payload = ImGui::AcceptDragDropPayload("picture_file")) {
    const std::string file(static_cast<const char*>(payload->Data), static_cast<std::size_t>(payload->DataSize));
    drop_picture(app, document, file, ImGui::GetIO().MousePos);
  }
  if (const ImGuiPayload* payload = ImGui::AcceptDragDropPayload("node type")) {
    const std::string type(static_cast<const char*>(payload->Data), static_cast<std::size_t>(payload->DataSize));
    app.attempt([&] {
      add_node(document, app.registry, type, place_for_new(app, size_of_new(app, type)), app.beginning(type));
    });
  }
  ImGui::EndDragDropTarget();
}

void Canvas::draw_grid(const App& app) {
  constexpr float kStep = 32;
  float step = kStep;
  while (step * zoom_ < 18) step *= 4;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float half = 1.0f / zoom_;
  for (float y = std::floor(view_min_.y / step) * step; y < view_max_.y; y += step)
    for (float x = std::floor(view_min_.x / step) * step; x < view_max_.x; x += step)
      list.AddRectFilled({x - half, y - half}, {x + half, y + half}, app.theme.grid);
}

namespace {

void put(ed::NodeId number, ImVec2 at) {
  if (const ImVec2 now = ed::GetNodePosition(number), wanted = floored(at); now.x != wanted.x || now.y != wanted.y)
    ed::SetNodePosition(number, wanted);
}

}  // namespace

/// Of nodes those alone that are drawn: each that the library knows makes it slower.
void Canvas::put_positions() {
  if (placed_generation_ == model_.generation()) return;
  placed_generation_ = model_.generation();
  placed_.assign(model_.nodes.size(), 0);
  if (moving_) return;  // the drag goes on from where it has brought them
  for (const RerouteView& each : model_.reroutes)
    put(each.number, {each.at.x - metric::kReroute / 2, each.at.y - metric::kReroute / 2});
  for (const Frame& each : model_.frames) put(model_.annotation_number(each.id), as_vec(each.area.at));
  for (const Comment& each : model_.comments) put(model_.annotation_number(each.id), as_vec(each.area.at));
}

void Canvas::put_position(std::size_t node) {
  if (std::exchange(placed_[node], 1)) return;
  const NodeView& view = model_.nodes[node];
  if (!moved_.nodes.contains(view.id)) put(view.number, view.at);
}

void Canvas::find_seen() {
  constexpr float kMargin = 24;
  const std::size_t count = model_.nodes.size();
  seen_.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    const NodeView& node = model_.nodes[i];
    seen_[i] = node.at.x < view_max_.x + kMargin && node.at.y < view_max_.y + kMargin &&
        node.at.x + node.layout.size.x > view_min_.x - kMargin &&
        node.at.y + node.layout.size.y > view_min_.y - kMargin;
  }
  if (selected_generation_ == model_.generation() && selected_.size() == count) return;
  selected_generation_ = model_.generation();
  selected_.resize(count);
  for (std::size_t i = 0; i < count; ++i) selected_[i] = known_selection_.nodes.contains(model_.nodes[i].id);
}

/// From afar: the node under the mouse, the one that it was pressed on, what lies in a frame that it could drag; and while
/// it selects, all that is seen.
void Canvas::find_awake() {
  const ImVec2 mouse = ImGui::GetMousePos();
  const bool down = ImGui::IsMouseDown(ImGuiMouseButton_Left) || ImGui::IsMouseDown(ImGuiMouseButton_Right);
  if (const NodeView* under = node_at(mouse);
      !down || ImGui::IsMouseClicked(ImGuiMouseButton_Left) || ImGui::IsMouseClicked(ImGuiMouseButton_Right))
    held_ = under ? under->id : std::string{};
  if (selects()) {
    awake_ = seen_;
  } else {
    awake_.assign(model_.nodes.size(), 0);
    if (const NodeView* node = model_.find(held_)) awake_[static_cast<std::size_t>(node - model_.nodes.data())] = 1;
  }
  for (const Frame& frame : model_.frames) {
    const Rect& area = frame.area;
    const Point at{mouse.x, mouse.y};
    if (!area.contains({at, {}})) continue;
    for (std::size_t i = 0; i < model_.nodes.size(); ++i) {
      const NodeView& node = model_.nodes[i];
      if (area.overlaps({{node.at.x, node.at.y}, {node.layout.size.x, node.layout.size.y}})) awake_[i] = 1;
    }
  }
}

void Canvas::take_positions(App& app, Document& document) {
  if (ImGui::IsMouseDown(ImGuiMouseButton_Left)) {
    take_dragged();
    if (moving_) CanvasLinks{app, document, *this}.find_insert_target();
    return;
  }
  if (!std::exchange(moving_, false)) return;
  const Positions moved = std::exchange(moved_, {});
  last_moved_ = moved.nodes.size() == 1 ? moved.nodes.begin()->first : std::string{};
  if (!moved.nodes.empty() || !moved.annotations.empty()) app.attempt([&] { move(document, moved); });
  document.end_gesture();
  CanvasLinks{app, document, *this}.drop_on_link();
}

void Canvas::exchange_selection(Document& document) {
  if (document.selection() != known_selection_) {  // changed by somebody else: shown here
    known_selection_ = document.selection();
    selected_.clear();
    ed::ClearSelection();
    for (const std::string& id : known_selection_.nodes)
      if (const NodeView* node = model_.find(id)) {
        put_position(static_cast<std::size_t>(node - model_.nodes.data()));
        ed::SelectNode(node->number, true);
      }
    for (const std::string& id : known_selection_.annotations) ed::SelectNode(model_.annotation_number(id), true);
    return;
  }
  if (!ed::HasSelectionChanged()) return;
  std::vector<ed::NodeId> numbers(static_cast<std::size_t>(ed::GetSelectedObjectCount()));
  numbers.resize(static_cast<std::size_t>(ed::GetSelectedNodes(numbers.data(), static_cast<int>(numbers.size()))));
  Selection selection;
  for (const ed::NodeId number : numbers) {
    if (const NodeView* node = model_.node_of(number))
      selection.nodes.insert(node->id);
    else if (const std::string id = model_.annotation_of(number); !id.empty())
      selection.annotations.insert(id);
  }
  document.select(selection);
  known_selection_ = document.selection();
  selected_.clear();
}

std::vector<Link> Canvas::selected_links() const {
  ed::SetCurrentEditor(context_.get());
  std::vector<ed::LinkId> numbers(static_cast<std::size_t>(ed::GetSelectedObjectCount()));
  numbers.resize(static_cast<std::size_t>(ed::GetSelectedLinks(numbers.data(), static_cast<int>(numbers.size()))));
  std::vector<Link> links;
  for (const ed::LinkId number : numbers)
    if (const LinkView* link = model_.link_of(number)) links.push_back(link->link);
  return links;
}

void Canvas::draw_frames(App& app, Document& document) {
  const auto begin = [&](const std::string& id, const Rect& area) {
    ed::BeginNode(model_.annotation_number(id));
    return std::pair{
        ImGui::GetCursorScreenPos(), ImVec2{static_cast<float>(area.size.width), static_cast<float>(area.size.height)}};
  };
  for (const Frame& frame : model_.frames) {
    const ImU32 colour = colour_of(frame.colour, app.theme.text_faint);
    ed::PushStyleColor(ed::StyleColor_GroupBg, as_vec4(with_alpha(colour, app.theme.dark ? 0.16f : 0.22f)));
    ed::PushStyleColor(ed::StyleColor_GroupBorder, as_vec4(with_alpha(colour, 0.7f)));
    const auto [at, size] = begin(frame.id, frame.area);
    ImGui::Dummy({size.x, metric::kTitle});
    draw_frame_title(app, frame.title, {at.x + 10, at.y + metric::kTitle}, size.x - 20);
    ed::Group({size.x, size.y - metric::kTitle});
    ed::EndNode();
    ed::PopStyleColor(2);
    take_frame_size(app, document, frame);
  }
  for (const Comment& comment : model_.comments) {
    const auto [at, size] = begin(comment.id, comment.area);
    ImDrawList& node_list = *ImGui::GetWindowDrawList();
    const ImVec2 end{at.x + size.x, at.y + size.y};
    node_list.AddRectFilled(at, end, with_alpha(mixed(app.theme.node, app.theme.warn, 0.16f), 0.95f), 6);
    node_list.AddRect(at, end, mixed(app.theme.node_border, app.theme.warn, 0.4f), 6);
    draw_comment_text(app, comment.text, {at.x + 10, at.y + 8}, {size.x - 20, size.y - 16});
    ImGui::Dummy(size);
    ed::EndNode();
  }
}

/// As large as has room, up to what is readable from afar.
void Canvas::draw_comment_text(const App& app, const std::string& text, ImVec2 at, ImVec2 room) {
  constexpr float kLeastZoom = 0.8f;
  const char *begin = text.data(), *end = begin + text.size();
  float size = ImGui::GetFontSize() * std::clamp(kLeastZoom / zoom_, 1.0f, 3.0f);
  const auto height = [&] { return app.fonts.regular->CalcTextSizeA(size, FLT_MAX, room.x, begin, end).y; };
  while (size > ImGui::GetFontSize() && height() > room.y) size = std::max(ImGui::GetFontSize(), size * 0.85f);
  if (size * zoom_ < 4) return;  // nobody could read it
  ImGui::GetWindowDrawList()->AddText(app.fonts.regular, size, at, app.theme.text, begin, end, room.x);
}

/// Stays readable from afar, where it stands above the frame: that is what frames are for.
void Canvas::draw_frame_title(const App& app, const std::string& title, ImVec2 bottom_left, float width) {
  constexpr float kLeastZoom = 0.8f;
  const float size = ImGui::GetFontSize() * std::clamp(kLeastZoom / zoom_, 1.0f, 5.0f);
  const ImVec2 at{bottom_left.x, bottom_left.y - (metric::kTitle - ImGui::GetFontSize()) / 2 - size};
  const ImVec4 clip{at.x, at.y, at.x + width, at.y + size * 1.3f};
  ImGui::GetWindowDrawList()->AddText(
      app.fonts.bold, size, at, app.theme.text_dim, title.data(), title.data() + title.size(), 0, &clip);
}

void Canvas::take_frame_size(App& app, Document& document, const Frame& frame) {
  const ed::NodeId number = model_.annotation_number(frame.id);
  const ImVec2 size = ed::GetNodeSize(number);
  if (!ImGui::IsMouseDown(ImGuiMouseButton_Left) || size.x == 0) return;
  const Size now{std::max(80.0f, size.x), std::max(60.0f, size.y)};
  if (std::abs(now.width - frame.area.size.width) < 1 && std::abs(now.height - frame.area.size.height) < 1) return;
  Frame sized = frame;
  const ImVec2 at = ed::GetNodePosition(number);
  sized.area = {{at.x, at.y}, now};
  moving_ = true;
  app.attempt([&] { set_frame(document, sized); });
}

void Canvas::draw_reroutes(const App& app) {
  using namespace metric;
  for (const RerouteView& each : model_.reroutes) {
    ed::BeginNode(each.number);
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const ImVec2 centre{at.x + kReroute / 2, at.y + kReroute / 2};
    for (const bool output : {false, true}) {
      ImGui::SetCursorScreenPos(centre);
      ed::BeginPin(CanvasModel::reroute_pin(each, output), output ? ed::PinKind::Output : ed::PinKind::Input);
      ed::PinPivotRect(centre, centre);
      ed::PinRect(centre, centre);
      ImGui::Dummy({0, 0});
      ed::EndPin();
    }
    ImGui::GetWindowDrawList()->AddCircleFilled(centre, kReroute / 2, app.theme.node, 16);
    ImGui::GetWindowDrawList()->AddCircleFilled(centre, kReroute / 2 - 2.5f, each.colour, 16);
    ImGui::SetCursorScreenPos(at);
    ImGui::Dummy({kReroute, kReroute});
    ed::EndNode();
  }
}

void Canvas::take_clicks(App& app, Document& document) {
  const bool released = ImGui::IsMouseReleased(ImGuiMouseButton_Left) &&
      ImGui::GetIO().MouseDragMaxDistanceSqr[ImGuiMouseButton_Left] < 16;
  if (const ed::PinId pin = ed::GetHoveredPin()) {
    if (const std::optional<LinkEnd> end = model_.port_of(pin)) {
      if (released) view_value(app, document, *end);
      ed::Suspend();
      tell_port(app, document, *end);
      ed::Resume();
    }
  }
  if (const ed::LinkId link = ed::GetDoubleClickedLink())
    if (const LinkView* view = model_.link_of(link)) {
      const ImVec2 at = ed::GetMousePosOnCanvas();
      app.attempt([&] { add_reroute(document, view->link.source, view->link.target, {at.x, at.y}); });
    }
  if (released)
    if (const ed::LinkId link = ed::GetHoveredLink())
      if (const LinkView* view = model_.link_of(link)) view_value(app, document, {view->link.source, true});
  if (const ed::NodeId number = ed::GetDoubleClickedNode()) {
    const NodeView* node = model_.node_of(number);
    const float in_node = node ? ed::GetMousePosOnCanvas().y - node->at.y : 0;
    const bool on_title = node && in_node < metric::kTitle;
    const bool on_thumbnail = node && !node->collapsed && in_node >= node->layout.thumbnail_top;
    if (const std::string note = model_.annotation_of(number); !note.empty())
      edit_text(note);
    else if (on_title && is_instance(*node->node))
      app.commands.run("node.enter");
    else if (on_title)
      app.commands.run("edit.rename");
    else if (on_thumbnail)
      look_closer(app, document.address(node->id));
  }
  const bool held = ImGui::GetIO().KeyCtrl || ImGui::GetIO().KeyShift;
  if (ed::IsBackgroundDoubleClicked() && !held) {
    const ImVec2 at = ed::GetMousePosOnCanvas();
    open_node_palette(app, {.at = {at.x, at.y}, .screen = to_screen(at)});
  }
}

}  // namespace weft::editor
