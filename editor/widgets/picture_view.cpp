#include "editor/widgets/picture_view.h"

#include <algorithm>
#include <cmath>

#include "editor/widgets/draw.h"

namespace weft::editor {

namespace {

constexpr float kLeastZoom = 0.05f, kMostZoom = 64, kMostFit = 16;

void move(PictureView& view, float zoom, float ui_scale) {
  const ImVec2 delta = ImGui::GetIO().MouseDelta;
  if (view.zoom == 0) view.zoom = zoom / ui_scale;
  view.pan = {view.pan.x + delta.x, view.pan.y + delta.y};
}

}  // namespace

bool begin_large_modal(const char* name, bool& open) {
  const ImVec2 room = ImGui::GetMainViewport()->Size;
  constexpr ImGuiWindowFlags kFlags =
      ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse | ImGuiWindowFlags_NoNavInputs;
  if (!begin_dialog(name, {room.x * 0.72f, room.y * 0.82f}, kFlags, &open)) return false;
  if (ImGui::IsKeyPressed(ImGuiKey_Escape) && !ImGui::IsAnyItemActive()) open = false;
  return true;
}

PicturePlace place_picture(PictureView& view, ImVec2 picture, ImVec2 min, ImVec2 room, float ui_scale, bool hovered,
    bool active, bool left_moves) {
  const ImGuiIO& io = ImGui::GetIO();
  const float fit = std::min({room.x / picture.x, room.y / picture.y, kMostFit});
  float zoom = view.zoom > 0 ? view.zoom * ui_scale : fit;
  const bool middle = ImGui::IsMouseDragging(ImGuiMouseButton_Middle, 2);
  const bool left = left_moves && ImGui::IsMouseDragging(ImGuiMouseButton_Left, 2);
  if (active && (middle || left)) move(view, zoom, ui_scale);
  if (hovered && io.MouseWheel != 0) {
    const float wanted = std::clamp(zoom * std::pow(1.2f, io.MouseWheel), kLeastZoom, kMostZoom);
    const ImVec2 centre{min.x + room.x / 2 + view.pan.x, min.y + room.y / 2 + view.pan.y};
    const float by = 1 - wanted / zoom;
    view.pan = {view.pan.x + (io.MousePos.x - centre.x) * by, view.pan.y + (io.MousePos.y - centre.y) * by};
    view.zoom = wanted / ui_scale;
    zoom = wanted;
  }
  const ImVec2 size{picture.x * zoom, picture.y * zoom};
  return {{min.x + (room.x - size.x) / 2 + view.pan.x, min.y + (room.y - size.y) / 2 + view.pan.y}, size, zoom};
}

}  // namespace weft::editor
