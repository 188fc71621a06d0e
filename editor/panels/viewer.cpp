// The viewer: what came out of any port. Pictures with zoom, pixel values, channels and comparison of two;
// other values as their type describes them.
#include <fmt/format.h>
#include <implot.h>

#include <algorithm>
#include <cmath>

#include "editor/app/app.h"
#include "editor/canvas/canvas_nodes.h"
#include "editor/panels/panels.h"
#include "editor/panels/picture_math.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

using Compare = ViewerState::Compare;
using Channel = ViewerState::Channel;

class Viewer {
 public:
  explicit Viewer(App& app) : app_(app), state_(app.panels.viewer), theme_(app.theme) {}

  void draw() {
    if (!state_.a) follow_results();
    if (!state_.a) {
      empty_hint(theme_, icon::kEye, tr("Click a port or a link to see what comes through it."));
      return;
    }
    const OutputView* output = output_of(state_.a);
    const std::shared_ptr<const Picture> a = picture_of_shown(state_.a), b = picture_of_shown(state_.b);
    draw_tools(a != nullptr, b != nullptr);
    if (a)
      draw_pictures(*a, b.get());
    else if (output)
      draw_description(*output);
    else
      draw_nothing_yet();
  }

 private:
  /// Where nobody chose what to see, the picture that the workflow made last, or makes now.
  void follow_results() {
    const Document* document = app_.document();
    const auto run = document ? app_.runs->documents.find(document->id()) : app_.runs->documents.end();
    if (run == app_.runs->documents.end()) return;
    for (const auto& [id, node] : run->second->nodes) {
      const GraphNode* in_graph = document->graph().find(id);
      for (const OutputView& output : node.outputs)
        if (in_graph && output.picture && output.type == "image")
          state_.a = {.node = id, .port = output.port, .file = {}};
    }
    if (state_.a) return;
    for (const auto& [id, node] : run->second->nodes)
      if (node.state == NodeRun::State::Running && node.preview) followed_preview_ = node.preview;
    if (followed_preview_) {
      draw_pictures(*followed_preview_, nullptr);
    }
  }

  const OutputView* output_of(const ViewerState::Shown& shown) const {
    const NodeRun* node = shown.node.empty() ? nullptr : app_.node_run(shown.node);
    if (!node) return nullptr;
    const auto found = std::ranges::find(node->outputs, shown.port, &OutputView::port);
    return found == node->outputs.end() ? nullptr : &*found;
  }

  std::shared_ptr<const Picture> picture_of_shown(const ViewerState::Shown& shown) const {
    if (!shown.file.empty()) return app_.gallery_picture(shown.file);
    const NodeRun* node = shown.node.empty() ? nullptr : app_.node_run(shown.node);
    if (node && node->state == NodeRun::State::Running && node->preview) return node->preview;
    const OutputView* output = output_of(shown);
    return output ? output->picture : nullptr;
  }

  /// Another number for another picture.
  std::uint64_t version_of(const ViewerState::Shown& shown) const {
    if (!shown.file.empty()) return std::hash<std::string>{}(shown.file);
    const Document* document = app_.document();
    const NodeRun* node = document && !shown.node.empty() ? app_.node_run(shown.node) : nullptr;
    const auto run = document ? app_.runs->documents.find(document->id()) : app_.runs->documents.end();
    if (!node || run == app_.runs->documents.end()) return app_.runs->revision;
    const std::shared_ptr<const Picture> picture = picture_of_shown(shown);
    if (!picture) return app_.runs->revision;
    return picture_version(*node, *run->second, *picture) +
           std::hash<std::string>{}(shown.node + "." + shown.port);
  }

  static std::string name_of(const ViewerState::Shown& shown) {
    return shown.file.empty() ? shown.node + "." + shown.port
                              : std::filesystem::path(shown.file).filename().string();
  }

  void draw_tools(bool has_a, bool has_b) {
    ImGui::AlignTextToFramePadding();
    const float channel_width = ImGui::GetFontSize() * 5.5f;
    const float at_right = channel_width + ImGui::GetFrameHeight() * 1.5f + ImGui::GetStyle().WindowPadding.x;
    dim_text(theme_,
             elided(name_of(state_.a), ImGui::GetWindowWidth() - at_right - ImGui::GetFontSize() * 2));
    if (!has_a) return;
    ImGui::SameLine(ImGui::GetWindowWidth() - at_right);
    const char* const channels[] = {"RGB", tr("Red"), tr("Green"), tr("Blue"), tr("Luminance")};
    ImGui::SetNextItemWidth(channel_width);
    int channel = static_cast<int>(state_.channel);
    if (ImGui::Combo("##channel", &channel, channels, static_cast<int>(std::size(channels))))
      state_.channel = static_cast<Channel>(channel);
    ImGui::SameLine(0, 2);
    if (quiet_button((std::string(icon::kFit) + "##fit").c_str(), theme_,
                     tr("Fit (double click); 100 % by another")))
      state_.zoom = state_.zoom == 0 ? 1.0f : 0.0f, state_.pan = {};
    if (quiet_button(label("Keep as B"), theme_, tr("Compares this picture with what is shown later")))
      state_.b = state_.a, state_.compare = Compare::Wipe;
    if (has_b) {
      constexpr std::pair<Compare, const char*> kModes[] = {{Compare::Off, "A"},
                                                            {Compare::Wipe, tr_later("Wipe")},
                                                            {Compare::SideBySide, tr_later("Side")},
                                                            {Compare::Difference, tr_later("Diff")}};
      for (const auto& [mode, name] : kModes) {
        ImGui::SameLine(0, 2);
        if (quiet_button(label(name), theme_, nullptr, state_.compare == mode)) state_.compare = mode;
      }
    }
  }

  /// As it shall be shown; kept as long as what it is made of stays.
  Textures::Entry texture(const char* slot, const Picture& picture, const Picture* other) {
    const std::uint64_t mode = static_cast<std::uint64_t>(state_.channel) * 2 + (other ? 1 : 0);
    const std::uint64_t version = (version_of(state_.a) * 31 + version_of(state_.b)) * 16 + mode;
    if (const auto known = app_.textures.find(slot, version)) return *known;
    constexpr int kGain = 4;  // small differences are what one looks for
    const Picture shown = channel_of(other ? difference(picture, *other, kGain) : picture, state_.channel);
    return app_.textures.get(slot, version, shown);
  }

  void draw_pictures(const Picture& a, const Picture* b) {
    const ImVec2 room = ImGui::GetContentRegionAvail();
    const float facts = ImGui::GetTextLineHeightWithSpacing();
    const ImVec2 area{std::max(room.x, 20.0f), std::max(room.y - facts, 20.0f)};
    const ImVec2 min = ImGui::GetCursorScreenPos(), max{min.x + area.x, min.y + area.y};
    ImGui::InvisibleButton("##picture", area,
                           ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonMiddle);
    const bool hovered = ImGui::IsItemHovered(), active = ImGui::IsItemActive();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled(min, max, theme_.canvas, 4);
    const Compare compare = b ? state_.compare : Compare::Off;
    const bool side = compare == Compare::SideBySide;
    const ImVec2 pane{side ? area.x / 2 - 1 : area.x, area.y};
    const float fit = std::min(pane.x / static_cast<float>(a.width), pane.y / static_cast<float>(a.height));
    const float zoom = state_.zoom > 0 ? state_.zoom * app_.ui_scale() : std::min(fit, 16.0f);
    take_navigation(hovered, active, min, pane, zoom, compare);
    const ImVec2 size{static_cast<float>(a.width) * zoom, static_cast<float>(a.height) * zoom};
    const ImVec2 at{min.x + (pane.x - size.x) / 2 + state_.pan.x,
                    min.y + (pane.y - size.y) / 2 + state_.pan.y};
    list.PushClipRect(min, max, true);
    if (zoom >= 2) list.AddCallback(ImGui::GetPlatformIO().DrawCallback_SetSamplerNearest, nullptr);
    const Textures::Entry shown = texture("viewer a", a, compare == Compare::Difference ? b : nullptr);
    list.AddImage(shown.ref, at, {at.x + size.x, at.y + size.y});
    if (compare == Compare::Wipe) draw_wipe(list, min, max, at, size, *b);
    if (side) draw_side(list, min, pane, at, size, *b);
    if (zoom >= 2) list.AddCallback(ImGui::GetPlatformIO().DrawCallback_SetSamplerLinear, nullptr);
    list.PopClipRect();
    draw_facts(a, b, compare, hovered, at, zoom);
  }

  void take_navigation(bool hovered, bool active, ImVec2 min, ImVec2 pane, float zoom, Compare compare) {
    const ImGuiIO& io = ImGui::GetIO();
    const float wipe_x = min.x + pane.x * state_.wipe;
    if (compare == Compare::Wipe && ImGui::IsItemClicked() &&
        std::abs(io.MousePos.x - wipe_x) < 10 * app_.ui_scale())
      state_.dragging_wipe = true;
    if (!ImGui::IsMouseDown(ImGuiMouseButton_Left)) state_.dragging_wipe = false;
    if (state_.dragging_wipe)
      state_.wipe = std::clamp((io.MousePos.x - min.x) / pane.x, 0.0f, 1.0f);
    else if (active &&
             ImGui::IsMouseDragging(ImGui::IsMouseDown(ImGuiMouseButton_Middle) ? ImGuiMouseButton_Middle
                                                                                : ImGuiMouseButton_Left,
                                    2)) {
      if (state_.zoom == 0) state_.zoom = zoom / app_.ui_scale();
      state_.pan = {state_.pan.x + io.MouseDelta.x, state_.pan.y + io.MouseDelta.y};
    }
    if (hovered && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) state_.zoom = 0, state_.pan = {};
    if (!hovered || io.MouseWheel == 0) return;
    const float wanted = std::clamp(zoom * std::pow(1.2f, io.MouseWheel), 0.05f, 64.0f);
    // The pixel under the mouse stays there.
    const ImVec2 middle{min.x + pane.x / 2 + state_.pan.x, min.y + pane.y / 2 + state_.pan.y};
    const float by = 1 - wanted / zoom;
    state_.pan = {state_.pan.x + (io.MousePos.x - middle.x) * by,
                  state_.pan.y + (io.MousePos.y - middle.y) * by};
    state_.zoom = wanted / app_.ui_scale();
  }

  void draw_wipe(ImDrawList& list, ImVec2 min, ImVec2 max, ImVec2 at, ImVec2 size, const Picture& b) {
    const float x = min.x + (max.x - min.x) * state_.wipe;
    const Textures::Entry shown = texture("viewer b", b, nullptr);
    list.PushClipRect({x, min.y}, max, true);
    list.AddRectFilled({x, min.y}, max, theme_.canvas);
    list.AddImage(shown.ref, at, {at.x + size.x, at.y + size.y});
    list.PopClipRect();
    list.AddLine({x, min.y}, {x, max.y}, theme_.accent, 2);
    list.AddCircleFilled({x, (min.y + max.y) / 2}, 7 * app_.ui_scale(), theme_.accent);
    const float pad = 8;
    list.AddText({x - pad - ImGui::CalcTextSize("A").x, min.y + pad}, theme_.accent, "A");
    list.AddText({x + pad, min.y + pad}, theme_.accent, "B");
  }

  void draw_side(ImDrawList& list, ImVec2 min, ImVec2 pane, ImVec2 at, ImVec2 size, const Picture& b) {
    const float shift = pane.x + 2;
    const Textures::Entry shown = texture("viewer b", b, nullptr);
    list.AddRectFilled({min.x + pane.x, min.y}, {min.x + 2 * pane.x + 2, min.y + pane.y}, theme_.canvas);
    list.PushClipRect({min.x + shift, min.y}, {min.x + shift + pane.x, min.y + pane.y}, true);
    list.AddImage(shown.ref, {at.x + shift, at.y}, {at.x + shift + size.x, at.y + size.y});
    list.PopClipRect();
    list.AddLine({min.x + pane.x + 1, min.y}, {min.x + pane.x + 1, min.y + pane.y}, theme_.border, 2);
  }

  void draw_facts(const Picture& a, const Picture* b, Compare compare, bool hovered, ImVec2 at, float zoom) {
    std::string facts =
        fmt::format("{} \u00d7 {}   {:.0f} %", a.width, a.height, zoom / app_.ui_scale() * 100);
    const ImVec2 mouse = ImGui::GetIO().MousePos;
    const int x = static_cast<int>(std::floor((mouse.x - at.x) / zoom)),
              y = static_cast<int>(std::floor((mouse.y - at.y) / zoom));
    if (hovered && x >= 0 && y >= 0 && x < a.width && y < a.height) {
      const auto* p = &a.rgb[(static_cast<std::size_t>(y) * a.width + x) * 3];
      facts += fmt::format("   ({}, {})  {} {} {}", x, y, p[0], p[1], p[2]);
    }
    if (b && compare == Compare::Difference) {
      if (a.width != b->width || a.height != b->height)
        facts += std::string("   ") + tr("A and B differ in size");
      else {
        const Distance apart = distance(a, *b);
        facts += "   " + tr_format("mean {:.2f}, most {}", apart.mean, apart.most);
      }
    }
    dim_text(theme_, facts);
  }

  void draw_description(const OutputView& output) {
    const ValueType* type = app_.registry.find_type(output.type);
    ImGui::TextColored(as_vec4(type_colour(theme_, type)), "%s",
                       type ? type->title.c_str() : output.type.c_str());
    if (!output.description.is_object()) {
      dim_text(theme_, output.description.is_null() ? tr("This type does not describe its values.")
                                                    : output.description.dump());
      return;
    }
    for (const auto& [key, value] : output.description.items()) draw_entry(key, value);
  }

  void draw_entry(const std::string& key, const nlohmann::json& value) {
    const bool numbers = value.is_array() && value.size() > 3 &&
                         std::ranges::all_of(value, [](const auto& each) { return each.is_number(); });
    if (numbers) {
      const auto points = value.get<std::vector<double>>();
      if (ImPlot::BeginPlot(key.c_str(), {-1, ImGui::GetFontSize() * 11},
                            ImPlotFlags_NoMouseText | ImPlotFlags_NoLegend)) {
        ImPlot::SetupAxes(nullptr, nullptr, ImPlotAxisFlags_AutoFit, ImPlotAxisFlags_AutoFit);
        ImPlot::PlotLine(key.c_str(), points.data(), static_cast<int>(points.size()));
        ImPlot::EndPlot();
      }
      return;
    }
    dim_text(theme_, key);
    ImGui::SameLine(ImGui::GetFontSize() * 8);
    ImGui::PushTextWrapPos();
    ImGui::TextUnformatted((value.is_string() ? value.get<std::string>() : value.dump()).c_str());
    ImGui::PopTextWrapPos();
  }

  void draw_nothing_yet() {
    const Document* document = app_.document();
    const bool there = document && document->graph().contains(state_.a.node);
    dim_text(theme_, there ? tr("Nothing has come out of this port yet.") : tr("The node is gone."));
    if (there && accent_button(fmt::format("{}  {}", icon::kPlay, tr("Run up to here")).c_str(), theme_))
      app_.run({state_.a.node});
  }

  App& app_;
  ViewerState& state_;
  const Theme& theme_;
  std::shared_ptr<const Picture> followed_preview_;
};

}  // namespace

void draw_viewer(App& app) {
  if (ImGui::Begin(label("Viewer"), nullptr, ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoScrollWithMouse))
    Viewer(app).draw();
  ImGui::End();
}

}  // namespace weft::editor
