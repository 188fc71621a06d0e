// The viewer: what came out of any port. Pictures with zoom, pixel values, channels and comparison of two;
// other values as their type describes them.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "editor/app/app.h"
#include "editor/app/shown_pictures.h"
#include "editor/panels/panels.h"
#include "editor/panels/picture_math.h"
#include "editor/widgets/draw.h"
#include "editor/widgets/value_view.h"
#include "editor/window/icons.h"
#include "runs/address.h"

namespace weft::editor {

namespace {

using Compare = ViewerState::Compare;
using Channel = ViewerState::Channel;
using Mode = ViewerState::Mode;

class Viewer {
 public:
  explicit Viewer(App& app) : app_(app), state_(app.viewer()), theme_(app.theme) {}

  void draw() {
    if (state_.mode == Mode::Follow) follow_results();
    take_kept();
    if (!state_.a) {
      draw_modes();
      empty_hint(theme_, icon::kEye, tr("Click a port or a link to see what comes through it."));
      return;
    }
    const runs::OutputView* output = output_of(app_, state_.a);
    a_ = picture_of(app_, state_.a);
    stale_ = is_stale(app_, state_.a, a_);
    const bool described = output && output->description.is_structured();
    draw_tools(described);
    if (a_ && !(state_.numbers && described))
      draw_pictures();
    else if (output)
      draw_description(*output);
    else
      draw_nothing_yet();
  }

 private:
  /// What the workflow made last, or makes now; once for each state of its runs.
  void follow_results() {
    if (state_.followed == app_.runs) return;
    state_.followed = app_.runs;
    const auto latest = latest_picture(app_);
    if (!latest) {
      state_.a = {};
      return;
    }
    const bool same = latest->node == state_.a.node && latest->port == state_.a.port;
    const std::size_t item = same ? state_.a.item : 0;
    state_.a = *latest;
    state_.a.item = item;
  }

  /// What was put aside; of a file once it has been read.
  void take_kept() {
    if (!state_.b) return;
    KeptPicture& kept = *state_.b;
    if (!kept.file.empty()) {
      const ShownPicture read = picture_of(app_, {.node = {}, .port = {}, .file = kept.file});
      kept.picture = read.picture, kept.version = read.version;
    }
    b_ = {kept.picture, kept.version};
  }

  // The tools above the picture.

  void draw_tools(bool described) {
    draw_modes();
    if (a_) draw_picture_tools(described);
    draw_caption(caption_of(app_, state_.a, a_), 0);
    if (!a_) return;
    draw_compare_tools();
    draw_items();
  }

  /// A line of what is shown, with room for what stands at its end.
  void draw_caption(const std::string& caption, float at_end) {
    dim_text(theme_, elided(caption, std::max(ImGui::GetContentRegionAvail().x - at_end, ImGui::GetFontSize())));
    ImGui::SetItemTooltip("%s", caption.c_str());
  }

  void draw_picture_tools(bool described) {
    const float channel_width = ImGui::GetFontSize() * 5.5f, button = ImGui::GetFrameHeight() * 1.5f;
    ImGui::SameLine(ImGui::GetWindowWidth() - channel_width - button - (described ? button : 0) -
        ImGui::GetStyle().WindowPadding.x);
    const char* const channels[] = {"RGB", tr("Red"), tr("Green"), tr("Blue"), tr("Luminance")};
    ImGui::SetNextItemWidth(channel_width);
    int channel = static_cast<int>(state_.channel);
    if (ImGui::Combo("##channel", &channel, channels, static_cast<int>(std::size(channels))))
      state_.channel = static_cast<Channel>(channel);
    ImGui::SameLine(0, 2);
    if (quiet_button((std::string(icon::kFit) + "##fit").c_str(), theme_, tr("Fit; click again for 100 %")))
      state_.view = {.zoom = state_.view.zoom == 0 ? 1.0f : 0.0f};
    if (!described) return;
    ImGui::SameLine(0, 2);
    if (quiet_button((std::string(icon::kChart) + "##numbers").c_str(), theme_,
            tr("The value in numbers: shape, range and histogram"), state_.numbers))
      state_.numbers = !state_.numbers;
  }

  /// Whether it follows, and whether it is pinned.
  void draw_modes() {
    const bool follows = state_.mode == Mode::Follow, pinned = state_.mode == Mode::Pinned;
    const auto with_keys = [&](const char* tip, const char* command) {
      const std::string keys = app_.commands.keys_text(command);
      return keys.empty() ? std::string(tip) : fmt::format("{} ({})", tip, keys);
    };
    if (quiet_button(label("Follow"), theme_,
            with_keys(tr("Shows the newest picture of each run"), "view.follow").c_str(), follows))
      follow_latest(state_, !follows);
    ImGui::SameLine(0, 2);
    ImGui::BeginDisabled(!state_.a);
    if (quiet_button((std::string(icon::kPin) + "##pin").c_str(), theme_,
            with_keys(tr("Keeps showing this, whatever is clicked"), "view.pin").c_str(), pinned))
      pin(state_, !pinned);
    ImGui::EndDisabled();
  }

  void draw_compare_tools() {
    if (quiet_button(label("Keep as B"), theme_, tr("Puts this picture aside, to compare with what is shown later"))) {
      state_.b = {.picture = a_.picture, .version = a_.version, .file = {}, .caption = caption_of(app_, state_.a, a_)};
      b_ = {a_.picture, a_.version};
      state_.compare = Compare::Wipe;
    }
    if (!state_.b) return;
    constexpr std::pair<Compare, const char*> kModes[] = {{Compare::Off, "A"}, {Compare::Wipe, tr_later("Wipe")},
        {Compare::SideBySide, tr_later("Side")}, {Compare::Difference, tr_later("Diff")}};
    for (const auto& [mode, name] : kModes) {
      ImGui::SameLine(0, 2);
      if (quiet_button(label(name), theme_, nullptr, state_.compare == mode)) state_.compare = mode;
    }
    draw_kept();
  }

  /// What B is, and the way to be rid of it.
  void draw_kept() {
    const float cross = ImGui::GetFrameHeight() * 1.3f;
    ImGui::AlignTextToFramePadding();
    draw_caption(fmt::format("B: {}", state_.b->caption), cross);
    ImGui::SameLine(0, 2);
    if (quiet_button((std::string(icon::kCross) + "##drop").c_str(), theme_, tr("Stop comparing"))) {
      state_.b.reset();
      b_ = {};
    }
  }

  /// Of a batch: which item is shown, and the way to the others.
  void draw_items() {
    const runs::OutputView* output = output_of(app_, state_.a);
    const std::size_t count = output ? output->pictures.size() : 0;
    if (count < 2 || a_.live) return;
    state_.a.item = std::min(state_.a.item, count - 1);
    if (quiet_button((std::string(icon::kLeft) + "##before").c_str(), theme_, tr("The picture before")))
      state_.a.item = (state_.a.item + count - 1) % count;
    ImGui::SameLine(0, 2);
    if (quiet_button((std::string(icon::kRight) + "##after").c_str(), theme_, tr("The next picture")))
      state_.a.item = (state_.a.item + 1) % count;
    ImGui::SameLine();
    ImGui::AlignTextToFramePadding();
    std::string place = tr_format("{} of {}", state_.a.item + 1, count);
    if (state_.a.item < output->captions.size()) {
      const std::string& caption = output->captions[state_.a.item];
      place += "  \u00b7  " + (caption.empty() ? tr("table") : caption);
    }
    dim_text(theme_, place);
  }

  /// As it shall be shown; kept as long as what it is made of stays.
  Textures::Entry texture(const char* slot, const Picture& picture, const Picture* other) {
    const std::uint64_t mode = static_cast<std::uint64_t>(state_.channel) * 2 + (other ? 1 : 0);
    const std::uint64_t version = (a_.version * 31 + b_.version) * 16 + mode;
    if (const auto known = app_.textures.find(slot, version)) return *known;
    constexpr int kGain = 4;  // small differences are what one looks for
    const Picture shown = channel_of(other ? difference(picture, *other, kGain) : picture, state_.channel);
    return app_.textures.get(slot, version, shown);
  }

  void draw_pictures() {
    const Picture& a = *a_.picture;
    const Picture* b = b_ ? b_.picture.get() : nullptr;
    const ImVec2 room = ImGui::GetContentRegionAvail();
    const float facts = ImGui::GetTextLineHeightWithSpacing();
    const ImVec2 area{std::max(room.x, 20.0f), std::max(room.y - facts, 20.0f)};
    const ImVec2 min = ImGui::GetCursorScreenPos(), max{min.x + area.x, min.y + area.y};
    ImGui::InvisibleButton("##picture", area, ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonMiddle);
    const bool hovered = ImGui::IsItemHovered(), active = ImGui::IsItemActive();
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled(min, max, theme_.canvas, 4);
    const Compare compare = b ? state_.compare : Compare::Off;
    const bool side = compare == Compare::SideBySide;
    const ImVec2 pane{side ? area.x / 2 - 1 : area.x, area.y};
    if (compare == Compare::Wipe) drag_wipe(min, pane);
    if (hovered && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left) && !state_.dragging_wipe)
      open_lightbox(app_, state_.a);
    const PicturePlace place = place_picture(state_.view, {static_cast<float>(a.width), static_cast<float>(a.height)},
        min, pane, app_.ui_scale(), hovered, active, !state_.dragging_wipe);
    const auto& [at, size, zoom] = place;
    list.PushClipRect(min, max, true);
    if (zoom >= 2) list.AddCallback(ImGui::GetPlatformIO().DrawCallback_SetSamplerNearest, nullptr);
    const Textures::Entry shown = texture("viewer a", a, compare == Compare::Difference ? b : nullptr);
    list.AddImage(shown.ref, at, place.max());
    if (compare == Compare::Wipe) draw_wipe(list, min, max, at, size, *b);
    if (side) draw_side(list, min, pane, at, size, *b);
    if (zoom >= 2) list.AddCallback(ImGui::GetPlatformIO().DrawCallback_SetSamplerLinear, nullptr);
    if (stale_) {
      const float pad = 2 * ImGui::GetStyle().FramePadding.y;
      draw_chip(
          list, {min.x + pad, max.y - ImGui::GetTextLineHeight() - pad}, tr("of an earlier version"), theme_.warn);
    }
    list.PopClipRect();
    draw_facts(a, b, compare, hovered, at, zoom);
  }

  /// A word on the picture, readable on any.
  void draw_chip(ImDrawList& list, ImVec2 at, std::string_view text, ImU32 colour) {
    const ImVec2 size = ImGui::CalcTextSize(text.data(), text.data() + text.size());
    const float pad = ImGui::GetStyle().FramePadding.y;
    list.AddRectFilled(
        {at.x - pad, at.y - pad}, {at.x + size.x + pad, at.y + size.y + pad}, with_alpha(theme_.panel, 0.85f), 4);
    list.AddText(at, colour, text.data(), text.data() + text.size());
  }

  void drag_wipe(ImVec2 min, ImVec2 pane) {
    const float mouse = ImGui::GetIO().MousePos.x, wipe_x = min.x + pane.x * state_.wipe;
    if (ImGui::IsItemClicked() && std::abs(mouse - wipe_x) < 10 * app_.ui_scale()) state_.dragging_wipe = true;
    if (!ImGui::IsMouseDown(ImGuiMouseButton_Left)) state_.dragging_wipe = false;
    if (state_.dragging_wipe) state_.wipe = std::clamp((mouse - min.x) / pane.x, 0.0f, 1.0f);
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
    const float pad = 10 * app_.ui_scale();
    draw_chip(list, {x - pad - ImGui::CalcTextSize("A").x, min.y + pad}, "A", theme_.accent);
    draw_chip(list, {x + pad, min.y + pad}, "B", theme_.accent);
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
    std::string facts = fmt::format("{} \u00d7 {}   {:.0f} %", a.width, a.height, zoom / app_.ui_scale() * 100);
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

  void draw_description(const runs::OutputView& output) {
    if (ImGui::BeginChild("##value")) draw_value(theme_, app_.registry.find_type(output.type), output);
    ImGui::EndChild();
  }

  void draw_nothing_yet() {
    if (!state_.a.file.empty()) {
      dim_text(theme_, app_.pictures.is_unreadable(state_.a.file) ? tr("This file cannot be read as a picture.") : "");
      return;
    }
    const Document* document = app_.document();
    const bool there = document && runs::node_at(document->workflow(), state_.a.node);
    dim_text(theme_, there ? tr("Nothing has come out of this port yet.") : tr("The node is gone."));
    if (there && accent_button(fmt::format("{}  {}", icon::kPlay, tr("Run up to here")).c_str(), theme_))
      app_.run({state_.a.node});
  }

  App& app_;
  ViewerState& state_;
  const Theme& theme_;
  ShownPicture a_, b_;
  bool stale_ = false;
};

}  // namespace

void draw_viewer(App& app) {
  if (ImGui::Begin(label("Viewer"), nullptr, ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoScrollWithMouse))
    Viewer(app).draw();
  ImGui::End();
}

}  // namespace weft::editor
