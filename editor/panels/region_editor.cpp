// The region editor: a node's x, y, width and height as a rectangle on the picture, dragged by its handles in
// steps of 8 pixels, with the numbers beside it to type. A drag is one step of undo.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "editor/app/app.h"
#include "editor/app/param_edit.h"
#include "editor/app/shown_pictures.h"
#include "editor/panels/node_dialog.h"
#include "editor/panels/panels.h"
#include "editor/session/picture_params.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

constexpr int kWhole = 8;  // the grip that moves all
constexpr double kStep = 8;

/// Handles from the upper left corner on, clockwise: which edges each takes along (-1 the lesser, 1 the
/// greater).
struct Grip {
  int x, y;
};
constexpr std::array<Grip, 8> kGrips{{{-1, -1}, {0, -1}, {1, -1}, {1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}}};

/// Lives for a frame.
class RegionEditor {
 public:
  RegionEditor(App& app, Document& document, const GraphNode& node, const NodeInfo& type, const RegionParams& params)
      : app_(app),
        document_(document),
        state_(app.panels.region),
        theme_(app.theme),
        node_(node),
        params_(params),
        backdrop_(backdrop_of(app, node.id)),
        picture_(size_of_picture(type)),
        region_(region_of(node, params, picture_)) {
    if (params.form == RegionParams::Form::Corner) region_.size = size_of_corner(type);
  }

  void draw() {
    const float side = ImGui::GetFontSize() * 15;
    const ImVec2 room = ImGui::GetContentRegionAvail();
    const ImVec2 area{std::max(room.x - side - ImGui::GetStyle().ItemSpacing.x, 20.0f), std::max(room.y, 20.0f)};
    draw_picture(area);
    ImGui::SameLine();
    if (ImGui::BeginChild("##side")) draw_side();
    ImGui::EndChild();
  }

 private:
  Size size_of_picture(const NodeInfo& type) const {
    if (backdrop_.picture)
      return {static_cast<double>(backdrop_.picture.picture->width),
          static_cast<double>(backdrop_.picture.picture->height)};
    if (params_.parts || params_.form != RegionParams::Form::Box) return painting_size(node_, type);
    const Rect said = region_of(node_, params_, {});
    return {std::max(512.0, said.right()), std::max(512.0, said.bottom())};
  }

  /// Of what is laid over the picture: the second picture that the node gets.
  Size size_of_corner(const NodeInfo& type) const {
    int images = 0;
    for (const PortInfo& input : type.inputs) {
      const auto source = source_of(node_, input.name);
      if (input.type != "image" || !source || images++ == 0) continue;
      if (const ShownPicture above = picture_of(app_, {.node = source->node, .port = source->port, .file = {}}))
        return {static_cast<double>(above.picture->width), static_cast<double>(above.picture->height)};
    }
    return {picture_.width / 4, picture_.height / 4};
  }

  bool may_resize() const { return params_.form != RegionParams::Form::Corner; }

  // Dragging.

  static double snapped(double value, double step) { return std::round(value / step) * step; }

  /// Ctrl gives single pixels.
  double step() const {
    const double least = !params_.parts ? params_.ports.front()->step.value_or(1) : 1;
    return std::max(least, ImGui::GetIO().KeyCtrl ? 1.0 : kStep);
  }

  /// Where the region comes to lie when the mouse is at `now`.
  Rect dragged(Point now) const {
    const Point by = now - state_.from;
    const Rect& start = state_.start;
    const double step = this->step();
    if (state_.grip == kWhole)
      return within({{snapped(start.at.x + by.x, step), snapped(start.at.y + by.y, step)}, start.size});
    const Grip grip = kGrips[static_cast<std::size_t>(state_.grip)];
    const auto [left, right] = edges(start.at.x, start.right(), grip.x, by.x, picture_.width, least_size(2));
    const auto [top, bottom] = edges(start.at.y, start.bottom(), grip.y, by.y, picture_.height, least_size(3));
    return {{left, top}, {right - left, bottom - top}};
  }

  /// Both edges of one direction, of which the grip moves one; they do not cross nor leave the picture.
  std::pair<double, double> edges(double low, double high, int grip, double by, double end, double least) const {
    const double step = this->step();
    if (grip < 0) return {std::clamp(snapped(low + by, step), 0.0, std::max(0.0, high - least)), high};
    if (grip > 0) return {low, std::clamp(snapped(high + by, step), low + least, std::max(low + least, end))};
    return {low, high};
  }

  /// The width (port 2) or height (port 3) that a region has at the least.
  double least_size(std::size_t port) const {
    const bool said = params_.form == RegionParams::Form::Box && !params_.parts;
    return std::max(step(), said ? params_.ports[port]->min.value_or(1) : 1);
  }

  /// Moved back into the picture, where a region has to lie in it.
  Rect within(Rect region) const {
    if (!may_resize()) return region;
    region.at.x = std::clamp(region.at.x, 0.0, std::max(0.0, picture_.width - region.size.width));
    region.at.y = std::clamp(region.at.y, 0.0, std::max(0.0, picture_.height - region.size.height));
    return region;
  }

  ImVec2 handle(const Rect& region, Grip grip, const PicturePlace& place) const {
    return place.to_screen({static_cast<float>(region.at.x + region.size.width * (grip.x + 1) / 2),
        static_cast<float>(region.at.y + region.size.height * (grip.y + 1) / 2)});
  }

  /// What the mouse is on; -1: nothing.
  int grip_at(const PicturePlace& place, ImVec2 mouse) const {
    const float reach = 9 * app_.ui_scale();
    if (may_resize())
      for (std::size_t i = 0; i < kGrips.size(); ++i) {
        const ImVec2 at = handle(region_, kGrips[i], place);
        if (std::abs(at.x - mouse.x) < reach && std::abs(at.y - mouse.y) < reach) return static_cast<int>(i);
      }
    const ImVec2 p = place.to_picture(mouse);
    const bool inside = p.x >= region_.at.x && p.y >= region_.at.y && p.x < region_.right() && p.y < region_.bottom();
    return inside ? kWhole : -1;
  }

  void take_mouse(const PicturePlace& place, bool hovered) {
    const ImVec2 mouse = ImGui::GetIO().MousePos, in_picture = place.to_picture(mouse);
    const Point now{in_picture.x, in_picture.y};
    if (hovered && ImGui::IsMouseClicked(ImGuiMouseButton_Left)) {
      state_.grip = grip_at(place, mouse);
      state_.start = region_;
      state_.from = now;
      if (state_.grip < 0) begin_anew(now);
    }
    if (state_.grip < 0) return;
    if (ImGui::IsMouseDragging(ImGuiMouseButton_Left, 1)) {
      region_ = dragged(now);
      app_.attempt([&] { set_region(document_, node_.id, params_, region_, picture_); });
    }
    if (!ImGui::IsMouseDown(ImGuiMouseButton_Left)) {
      state_.grip = -1;
      document_.end_gesture();
    }
  }

  /// A drag that begins beside the region draws another one; one without a size comes here.
  void begin_anew(Point now) {
    const double step = this->step();
    const Point at{snapped(now.x, step), snapped(now.y, step)};
    state_.grip = may_resize() ? 4 : kWhole;
    state_.start = {at, may_resize() ? Size{} : region_.size};
    state_.from = at;
  }

  // Drawing.

  void draw_picture(ImVec2 area) {
    const ImVec2 min = ImGui::GetCursorScreenPos(), max{min.x + area.x, min.y + area.y};
    ImGui::InvisibleButton("##picture", area, ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonMiddle);
    const bool hovered = ImGui::IsItemHovered(), active = ImGui::IsItemActive();
    const float margin = 24 * app_.ui_scale();  // handles at the edges are to be reached
    const PicturePlace place = place_picture(state_.view,
        {static_cast<float>(picture_.width), static_cast<float>(picture_.height)}, {min.x + margin, min.y + margin},
        {area.x - 2 * margin, area.y - 2 * margin}, app_.ui_scale(), hovered, active, false);
    take_mouse(place, hovered);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled(min, max, theme_.canvas, 4);
    list.PushClipRect(min, max, true);
    if (backdrop_.picture)
      list.AddImage(app_.textures.get("region.backdrop", backdrop_.picture.version, *backdrop_.picture.picture).ref,
          place.at, place.max());
    else
      list.AddRectFilled(place.at, place.max(), theme_.field);
    list.AddRect(place.at, place.max(), theme_.border);
    draw_region(list, place);
    list.PopClipRect();
    if (hovered || state_.grip >= 0)
      show_cursor(state_.grip >= 0 ? state_.grip : grip_at(place, ImGui::GetIO().MousePos));
  }

  void draw_region(ImDrawList& list, const PicturePlace& place) const {
    const ImVec2 from = handle(region_, kGrips[0], place), to = handle(region_, kGrips[4], place);
    const ImVec2 low = place.at, high = place.max();
    const ImU32 shade = with_alpha(IM_COL32_BLACK, 0.5f);
    const auto shade_rect = [&](ImVec2 a, ImVec2 b) {
      if (a.x < b.x && a.y < b.y) list.AddRectFilled(a, b, shade);
    };
    shade_rect(low, {high.x, std::min(from.y, high.y)});
    shade_rect({low.x, std::max(to.y, low.y)}, high);
    shade_rect({low.x, std::max(from.y, low.y)}, {std::min(from.x, high.x), std::min(to.y, high.y)});
    shade_rect({std::max(to.x, low.x), std::max(from.y, low.y)}, {high.x, std::min(to.y, high.y)});
    list.AddRect({from.x - 1, from.y - 1}, {to.x + 1, to.y + 1}, IM_COL32_BLACK);
    list.AddRect(from, to, theme_.accent, 0, 2);
    if (!may_resize()) return;
    const float half = 5 * app_.ui_scale();
    for (const Grip& grip : kGrips) {
      const ImVec2 at = handle(region_, grip, place);
      list.AddRectFilled({at.x - half, at.y - half}, {at.x + half, at.y + half}, theme_.accent, 2);
      list.AddRect({at.x - half, at.y - half}, {at.x + half, at.y + half}, IM_COL32_WHITE, 2);
    }
  }

  static void show_cursor(int grip) {
    constexpr ImGuiMouseCursor kCursors[] = {ImGuiMouseCursor_ResizeNWSE, ImGuiMouseCursor_ResizeNS,
        ImGuiMouseCursor_ResizeNESW, ImGuiMouseCursor_ResizeEW, ImGuiMouseCursor_ResizeNWSE, ImGuiMouseCursor_ResizeNS,
        ImGuiMouseCursor_ResizeNESW, ImGuiMouseCursor_ResizeEW, ImGuiMouseCursor_ResizeAll};
    if (grip >= 0) ImGui::SetMouseCursor(kCursors[grip]);
  }

  void draw_side() {
    const ImVec2 size{ImGui::GetContentRegionAvail().x, ImGui::GetFrameHeight()};
    for (const PortInfo* port : params_.ports) {
      if (const auto source = source_of(node_, port->name)) {
        dim_text(theme_, fmt::format("{}   \u2190  {}.{}", port_label(port->name), source->node, source->port));
        continue;
      }
      const std::string name = port_label(port->name);
      const FieldEdit edit = param_field(*port, param_value(node_, port->name), {theme_, size, name});
      if (!port->tip.empty()) ImGui::SetItemTooltip("%s", port->tip.c_str());
      take_field_edit(app_, document_, node_.id, *port, edit, {}, {});
    }
    ImGui::Spacing();
    ImGui::PushTextWrapPos();
    dim_text(theme_,
        tr_format("{:.0f} \u00d7 {:.0f} at {:.0f}, {:.0f} of a picture of {:.0f} \u00d7 {:.0f}", region_.size.width,
            region_.size.height, region_.at.x, region_.at.y, picture_.width, picture_.height));
    ImGui::Spacing();
    dim_text(theme_, tr("Drags go in steps of 8 pixels, with Ctrl one by one."));
    if (!backdrop_.picture) {
      ImGui::Spacing();
      dim_text(theme_, tr("There is no picture yet: run the workflow to see what lies here."));
      if (!backdrop_.source.empty() && ImGui::Button(label("Make It"))) app_.run({backdrop_.source});
    }
    ImGui::PopTextWrapPos();
    ImGui::Spacing();
    if (accent_button(label("Done"), theme_)) state_.open = false;
  }

  App& app_;
  Document& document_;
  RegionState& state_;
  const Theme& theme_;
  const GraphNode& node_;
  const RegionParams& params_;
  Backdrop backdrop_;
  Size picture_;
  Rect region_;
};

}  // namespace

void draw_region_editor(App& app) {
  RegionState& state = app.panels.region;
  draw_node_dialog(
      app, state, tr("Area"), region_params, [&](Document& document, const GraphNode& node, const NodeInfo& type) {
        RegionEditor(app, document, node, type, *region_params(type)).draw();
      });
  if (!state.open) state = {};
}

}  // namespace weft::editor
