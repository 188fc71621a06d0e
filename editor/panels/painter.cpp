// The painter: a node's painting, made with a brush on the picture that the node gets. Each stroke is one
// step of undo, and a line in the param's text: what runs headlessly is what is seen here.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "editor/app/app.h"
#include "editor/app/shown_pictures.h"
#include "editor/panels/node_dialog.h"
#include "editor/panels/panels.h"
#include "editor/session/picture_params.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

using painting::Stroke;

constexpr double kLeastBrush = 0.004, kMostBrush = 0.6;

/// Lives for a frame.
class Painter {
 public:
  Painter(App& app, Document& document, const GraphNode& node, const NodeInfo& type, const PortInfo& port)
      : app_(app),
        document_(document),
        state_(app.panels.painter),
        theme_(app.theme),
        port_(port),
        manner_(painting_manner(node, type)),
        text_(effective_value(node, port)),
        backdrop_(backdrop_of(app, node.id)),
        size_(painting_size(node, type)) {
    if (!backdrop_.source.empty() && backdrop_.picture)
      size_ = {static_cast<double>(backdrop_.picture.picture->width),
          static_cast<double>(backdrop_.picture.picture->height)};
  }

  void draw() {
    take_document();
    draw_tools();
    hear_keys();
    draw_canvas();
    draw_foot();
  }

 private:
  // What is painted.

  painting::Canvas canvas(std::vector<float>& pixels) const { return {state_.width, state_.height, pixels}; }

  /// Brings `painted` to what the document says: by what is new, where it goes on from what was.
  void take_document() {
    constexpr double kLongest = 640;  // pixels: it is made anew while the mouse moves
    const double scale = std::min(1.0, kLongest / std::max(size_.width, size_.height));
    const int width = std::max(1, static_cast<int>(std::lround(size_.width * scale)));
    const int height = std::max(1, static_cast<int>(std::lround(size_.height * scale)));
    const std::string text = text_.is_string() ? text_.get<std::string>() : std::string();
    const bool same = state_.width == width && state_.height == height && state_.manner.polygons == manner_.polygons &&
        state_.manner.brush == manner_.brush;
    if (same && state_.text == text) return;
    std::vector<Stroke> strokes = strokes_of(text);
    const bool goes_on = same && strokes.size() >= state_.strokes.size() &&
        std::equal(state_.strokes.begin(), state_.strokes.end(), strokes.begin());
    const std::size_t made = goes_on ? state_.strokes.size() : 0;
    state_.width = width;
    state_.height = height;
    if (!goes_on) state_.painted.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 0);
    for (std::size_t i = made; i < strokes.size(); ++i) painting::apply(strokes[i], manner_, canvas(state_.painted));
    state_.strokes = std::move(strokes);
    state_.manner = manner_;
    state_.text = text;
    show(state_.painted);
  }

  std::vector<Stroke> strokes_of(const std::string& text) {
    state_.problem.clear();
    try {
      return painting::parse(text);
    } catch (const painting::Misread& error) {
      state_.problem = error.what();
      return {};
    }
  }

  void show(const std::vector<float>& pixels) {
    state_.shown = pixels;
    ++state_.version;
  }

  void set(const char* step, const std::vector<Stroke>& strokes) {
    app_.attempt([&] { set_painting(document_, state_.node, port_, step, strokes); });
  }

  void add(const char* step, Stroke stroke) {
    std::vector<Stroke> strokes = state_.strokes;
    strokes.push_back(std::move(stroke));
    set(step, strokes);
  }

  // The stroke that is being made.

  Stroke stroke_of(std::vector<painting::Point> points) const {
    Stroke stroke{.kind = state_.stroke_erases ? Stroke::Kind::Erase : Stroke::Kind::Paint,
        .hardness = state_.hardness,
        .points = std::move(points)};
    if (manner_.polygons)
      stroke.hardness = 1;
    else
      stroke.brush = state_.brush;
    return stroke;
  }

  painting::Point point_at(const PicturePlace& place) const {
    const ImVec2 at = place.to_picture(ImGui::GetIO().MousePos);
    return {at.x / size_.width, at.y / size_.height};
  }

  /// A point for each few pixels that the mouse moves.
  bool far_enough(painting::Point a, painting::Point b) const {
    const double shorter = std::min(size_.width, size_.height);
    const double least = manner_.polygons ? 1.5 : std::max(1.0, state_.brush * shorter / 12);
    return std::hypot((a.x - b.x) * size_.width, (a.y - b.y) * size_.height) >= least;
  }

  void take_mouse(const PicturePlace& place, bool hovered) {
    const bool left = ImGui::IsMouseClicked(ImGuiMouseButton_Left);
    const bool right = ImGui::IsMouseClicked(ImGuiMouseButton_Right);
    if (hovered && (left || right) && state_.stroke.empty()) {
      state_.stroke_erases = state_.erase != right;
      go_on(point_at(place));
    } else if (!state_.stroke.empty()) {
      const painting::Point now = point_at(place);
      if (far_enough(state_.stroke.back(), now)) go_on(now);
      if (!ImGui::IsMouseDown(ImGuiMouseButton_Left) && !ImGui::IsMouseDown(ImGuiMouseButton_Right)) end_stroke();
    }
  }

  void go_on(painting::Point point) {
    state_.stroke.push_back(point);
    const std::size_t count = state_.stroke.size();
    if (manner_.polygons) {
      state_.shown = state_.painted;
      painting::apply(stroke_of(state_.stroke), manner_, canvas(state_.shown));
    } else {  // what is covered twice counts once: the last piece is enough
      const std::size_t from = count > 1 ? count - 2 : 0;
      painting::apply(stroke_of({state_.stroke.begin() + static_cast<std::ptrdiff_t>(from), state_.stroke.end()}),
          manner_, canvas(state_.shown));
    }
    ++state_.version;
  }

  void end_stroke() {
    Stroke stroke = stroke_of(std::exchange(state_.stroke, {}));
    const bool counts = !manner_.polygons || stroke.points.size() > 2;
    if (counts)
      add(state_.stroke_erases ? tr("Erase from the painting") : tr("Paint"), std::move(stroke));
    else
      show(state_.painted);
  }

  // Widgets.

  void draw_tools() {
    const float slider = ImGui::GetFontSize() * 7;
    if (!manner_.polygons) {
      draw_slider(tr("Size"), "##size", state_.brush, kLeastBrush, kMostBrush, slider, true);
      ImGui::SameLine();
      draw_slider(tr("Hardness"), "##hardness", state_.hardness, 0, 1, slider, false);
      ImGui::SameLine();
    }
    tool(icon::kBrush, "##paint", tr("Paint (the right button erases)"), !state_.erase, [&] { state_.erase = false; });
    tool(icon::kEraser, "##erase", tr("Erase (E)"), state_.erase, [&] { state_.erase = true; });
    ImGui::SameLine(0, ImGui::GetFontSize());
    if (ImGui::Button(label("Invert"))) add(tr("Invert the painting"), {.kind = Stroke::Kind::Invert});
    ImGui::SameLine();
    if (ImGui::Button(label("Clear"))) set(tr("Clear the painting"), {});
    ImGui::SameLine(0, ImGui::GetFontSize());
    tool(icon::kUndo, "##undo", tr("Undo"), false, [&] { document_.undo(); });
    tool(icon::kRedo, "##redo", tr("Redo"), false, [&] { document_.redo(); });
  }

  void draw_slider(
      const char* name, const char* id, double& value, double least, double most, float width, bool logarithmic) {
    ImGui::AlignTextToFramePadding();
    dim_text(theme_, name);
    ImGui::SameLine();
    ImGui::SetNextItemWidth(width);
    float percent = static_cast<float>(value * 100);
    if (ImGui::SliderFloat(id, &percent, static_cast<float>(least * 100), static_cast<float>(most * 100), "",
            logarithmic ? ImGuiSliderFlags_Logarithmic : 0))
      value = std::clamp(static_cast<double>(percent) / 100, least, most);
    // Beside the slider: on it the knob would cover it.
    ImGui::SameLine(0, ImGui::GetStyle().ItemInnerSpacing.x);
    const float start = ImGui::GetCursorPosX();
    dim_text(theme_, fmt::format("{:.1f} %", value * 100));
    ImGui::SameLine(start + ImGui::CalcTextSize("100.0 %").x, 0);
    ImGui::Dummy({0, 0});
  }

  template <class Action>
  void tool(const char* icon, const char* id, const char* tip, bool on, const Action& action) {
    if (quiet_button((std::string(icon) + id).c_str(), theme_, tip, on)) action();
    ImGui::SameLine(0, 2);
  }

  void hear_keys() {
    const auto scaled = [&](double by) { state_.brush = std::clamp(state_.brush * by, kLeastBrush, kMostBrush); };
    if (ImGui::GetIO().WantTextInput) return;
    if (ImGui::IsKeyPressed(ImGuiKey_LeftBracket)) scaled(1 / 1.15);
    if (ImGui::IsKeyPressed(ImGuiKey_RightBracket)) scaled(1.15);
    if (ImGui::IsKeyChordPressed(ImGuiMod_Ctrl | ImGuiKey_Enter)) {
      app_.run();
      state_.open = false;
    }
    if (ImGui::IsKeyPressed(ImGuiKey_E, false)) state_.erase = !state_.erase;
    if (ImGui::IsKeyChordPressed(ImGuiMod_Ctrl | ImGuiKey_Z)) document_.undo();
    if (ImGui::IsKeyChordPressed(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_Z) ||
        ImGui::IsKeyChordPressed(ImGuiMod_Ctrl | ImGuiKey_Y))
      document_.redo();
  }

  void draw_canvas() {
    ImGui::NewLine();
    const ImVec2 room = ImGui::GetContentRegionAvail();
    const ImVec2 area{std::max(room.x, 20.0f), std::max(room.y - ImGui::GetFrameHeightWithSpacing() * 1.2f, 20.0f)};
    const ImVec2 min = ImGui::GetCursorScreenPos(), max{min.x + area.x, min.y + area.y};
    ImGui::InvisibleButton("##canvas", area,
        ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonRight | ImGuiButtonFlags_MouseButtonMiddle);
    const bool hovered = ImGui::IsItemHovered(), active = ImGui::IsItemActive();
    const PicturePlace place =
        place_picture(state_.view, {static_cast<float>(size_.width), static_cast<float>(size_.height)}, min, area,
            app_.ui_scale(), hovered, active, false);
    take_mouse(place, hovered);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled(min, max, theme_.canvas, 4);
    list.PushClipRect(min, max, true);
    if (backdrop_.picture)
      list.AddImage(app_.textures.get("painter.backdrop", backdrop_.picture.version, *backdrop_.picture.picture).ref,
          place.at, place.max());
    else
      list.AddRectFilled(place.at, place.max(), theme_.field);
    const ImU32 tint = with_alpha(theme_.good, 0.62f);
    list.AddImage(
        app_.textures.get("painter.mask", state_.version, state_.width, state_.height, state_.shown, tint).ref,
        place.at, place.max());
    list.AddRect(place.at, place.max(), theme_.border);
    if (hovered && !manner_.polygons) draw_brush(list, place);
    list.PopClipRect();
  }

  void draw_brush(ImDrawList& list, const PicturePlace& place) const {
    const ImVec2 mouse = ImGui::GetIO().MousePos;
    const float radius = static_cast<float>(state_.brush * std::min(size_.width, size_.height) / 2) * place.zoom;
    list.AddCircle(mouse, radius + 1, IM_COL32_BLACK, 0, 1);
    list.AddCircle(mouse, radius, IM_COL32_WHITE, 0, 1.5f);
    if (state_.hardness < 1)
      list.AddCircle(mouse, radius * static_cast<float>(state_.hardness), with_alpha(IM_COL32_WHITE, 0.5f));
  }

  void draw_foot() {
    if (accent_button(label("Done"), theme_)) state_.open = false;
    ImGui::SameLine();
    ImGui::AlignTextToFramePadding();
    if (!state_.problem.empty()) {
      ImGui::TextColored(as_vec4(theme_.bad), "%s", state_.problem.c_str());
    } else if (!backdrop_.source.empty() && !backdrop_.picture) {
      dim_text(theme_, tr("The picture below has not been made yet."));
      ImGui::SameLine();
      if (ImGui::Button(label("Make It"))) app_.run({backdrop_.source});
    } else {
      dim_text(theme_,
          fmt::format("{:.0f} \u00d7 {:.0f}, {}   {}", size_.width, size_.height,
              tr_format_n("{} stroke", "{} strokes", state_.strokes.size()),
              tr("[ and ] change the size, the wheel zooms")));
    }
  }

  App& app_;
  Document& document_;
  PainterState& state_;
  const Theme& theme_;
  const PortInfo& port_;
  painting::Manner manner_;
  nlohmann::json text_;
  Backdrop backdrop_;
  Size size_;
};

}  // namespace

void draw_painter(App& app) {
  PainterState& state = app.panels.painter;
  draw_node_dialog(
      app, state, tr("Paint"), painting_param, [&](Document& document, const GraphNode& node, const NodeInfo& type) {
        Painter(app, document, node, type, *painting_param(type)).draw();
      });
  if (!state.open) state = {.brush = state.brush, .hardness = state.hardness};
}

}  // namespace weft::editor
