// The lightbox: a picture over the whole window. Arrows lead to the next, a click or Escape closes it.
#include <fmt/format.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/app/shown_pictures.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

constexpr char kName[] = "##lightbox";

/// Covers the window.
bool begin() {
  if (!ImGui::IsPopupOpen(kName)) ImGui::OpenPopup(kName);  // what takes the focus closes popups
  const ImGuiViewport& viewport = *ImGui::GetMainViewport();
  ImGui::SetNextWindowPos(viewport.Pos);
  ImGui::SetNextWindowSize(viewport.Size);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2{0, 0});
  ImGui::PushStyleVar(ImGuiStyleVar_WindowRounding, 0);
  ImGui::PushStyleVar(ImGuiStyleVar_WindowBorderSize, 0);
  ImGui::PushStyleColor(ImGuiCol_PopupBg, IM_COL32(12, 12, 14, 255));
  constexpr ImGuiWindowFlags kFlags = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoMove |
      ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoScrollWithMouse | ImGuiWindowFlags_NoNavInputs;
  const bool begun = ImGui::BeginPopupModal(kName, nullptr, kFlags);
  ImGui::PopStyleColor();
  ImGui::PopStyleVar(3);
  return begun;
}

void step(LightboxState& state, int by) {
  const auto count = static_cast<std::ptrdiff_t>(state.pictures.size());
  state.at = static_cast<std::size_t>((static_cast<std::ptrdiff_t>(state.at) + by + count) % count);
  state.view = {};
}

void hear_keys(LightboxState& state) {
  if (ImGui::IsKeyPressed(ImGuiKey_RightArrow) || ImGui::IsKeyPressed(ImGuiKey_Space)) step(state, 1);
  if (ImGui::IsKeyPressed(ImGuiKey_LeftArrow)) step(state, -1);
  if (ImGui::IsKeyPressed(ImGuiKey_Escape) || ImGui::IsKeyPressed(ImGuiKey_Enter)) state.open = false;
}

/// White on dark, whatever the theme: pictures are judged on a dark ground.
void text_at(ImVec2 at, const std::string& text) {
  ImGui::GetWindowDrawList()->AddText(at, IM_COL32(225, 225, 228, 255), text.c_str());
}

bool arrow(const char* name, ImVec2 at, ImVec2 size) {
  ImGui::SetCursorScreenPos(at);
  ImGui::PushStyleColor(ImGuiCol_Text, IM_COL32(225, 225, 228, 255));
  ImGui::PushStyleColor(ImGuiCol_Button, IM_COL32(255, 255, 255, 20));
  ImGui::PushStyleColor(ImGuiCol_ButtonHovered, IM_COL32(255, 255, 255, 50));
  const bool pressed = ImGui::Button(name, size);
  ImGui::PopStyleColor(3);
  return pressed;
}

void draw_picture(App& app, LightboxState& state, const ShownPicture& shown, ImVec2 min, ImVec2 room) {
  ImGui::SetCursorScreenPos(min);
  ImGui::SetNextItemAllowOverlap();
  const bool clicked =
      ImGui::InvisibleButton("##picture", room, ImGuiButtonFlags_MouseButtonLeft | ImGuiButtonFlags_MouseButtonMiddle);
  const bool hovered = ImGui::IsItemHovered(), active = ImGui::IsItemActive();
  constexpr float kDragged = 16;  // square pixels: less is a click
  if (clicked && ImGui::GetIO().MouseDragMaxDistanceSqr[ImGuiMouseButton_Left] < kDragged) state.open = false;
  if (!shown) return;
  const Picture& picture = *shown.picture;
  const PicturePlace place =
      place_picture(state.view, {static_cast<float>(picture.width), static_cast<float>(picture.height)}, min, room,
          app.ui_scale(), hovered, active, /*left_moves=*/true);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.PushClipRect(min, {min.x + room.x, min.y + room.y}, true);
  if (place.zoom >= 2) list.AddCallback(ImGui::GetPlatformIO().DrawCallback_SetSamplerNearest, nullptr);
  list.AddImage(app.textures.get("lightbox", shown.version, picture).ref, place.at, place.max());
  if (place.zoom >= 2) list.AddCallback(ImGui::GetPlatformIO().DrawCallback_SetSamplerLinear, nullptr);
  list.PopClipRect();
}

void draw(App& app, LightboxState& state) {
  hear_keys(state);
  const Shown& now = state.pictures[state.at];
  const ShownPicture shown = picture_of(app, now);
  const ImGuiViewport& viewport = *ImGui::GetMainViewport();
  const float bar = ImGui::GetFrameHeight() * 1.4f, pad = (bar - ImGui::GetTextLineHeight()) / 2;
  draw_picture(app, state, shown, {viewport.Pos.x, viewport.Pos.y + bar}, {viewport.Size.x, viewport.Size.y - 2 * bar});
  text_at({viewport.Pos.x + pad, viewport.Pos.y + pad}, caption_of(app, now, shown));
  const std::string size =
      shown ? fmt::format("{} \u00d7 {}", shown.picture->width, shown.picture->height) : std::string();
  text_at({viewport.Pos.x + pad, viewport.Pos.y + viewport.Size.y - bar + pad}, size);
  const std::string hint = tr("A click or Escape closes, the wheel zooms");
  text_at({viewport.Pos.x + (viewport.Size.x - ImGui::CalcTextSize(hint.c_str()).x) / 2,
              viewport.Pos.y + viewport.Size.y - bar + pad},
      hint);
  if (state.pictures.size() < 2) return;
  const std::string place = tr_format("{} of {}", state.at + 1, state.pictures.size());
  text_at({viewport.Pos.x + viewport.Size.x - pad - ImGui::CalcTextSize(place.c_str()).x, viewport.Pos.y + pad}, place);
  const ImVec2 size_of_arrow{bar, bar * 2};
  const float middle = viewport.Pos.y + (viewport.Size.y - size_of_arrow.y) / 2;
  if (arrow(fmt::format("{}##before", icon::kLeft).c_str(), {viewport.Pos.x + pad, middle}, size_of_arrow))
    step(state, -1);
  if (arrow(fmt::format("{}##after", icon::kRight).c_str(),
          {viewport.Pos.x + viewport.Size.x - pad - size_of_arrow.x, middle}, size_of_arrow))
    step(state, 1);
}

}  // namespace

void draw_lightbox(App& app) {
  LightboxState& state = app.panels.lightbox;
  if (!state.open || !begin()) return;
  draw(app, state);
  if (!state.open) ImGui::CloseCurrentPopup();
  ImGui::EndPopup();
}

}  // namespace weft::editor
