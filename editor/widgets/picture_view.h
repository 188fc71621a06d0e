// A picture in a frame that is zoomed with the wheel and moved with a drag: what the viewer, the painter and
// the region editor share.
#pragma once

#include <imgui.h>

namespace weft::editor {

/// How it is looked at; a value that stays between frames.
struct PictureView {
  float zoom = 0;  ///< pixels of the screen a pixel, without the UI's scale; 0: as large as fits
  ImVec2 pan{0, 0};
};

/// Where it lies in this frame.
struct PicturePlace {
  ImVec2 at;       ///< its upper left corner on the screen
  ImVec2 size;     ///< on the screen
  float zoom = 1;  ///< pixels of the screen a pixel
  ImVec2 to_picture(ImVec2 screen) const { return {(screen.x - at.x) / zoom, (screen.y - at.y) / zoom}; }
  ImVec2 to_screen(ImVec2 picture) const { return {at.x + picture.x * zoom, at.y + picture.y * zoom}; }
  ImVec2 max() const { return {at.x + size.x, at.y + size.y}; }
};

/// A dialog (begin_dialog()) that takes most of the window: true if it is to be filled, and ended with
/// ImGui::EndPopup(). `open` becomes false when it is closed, by its cross or with Escape. `name` may hold
/// "###id".
bool begin_large_modal(const char* name, bool& open);

/// `picture`: its size; `min` and `room`: the frame. Zooms with the wheel where `hovered`, so that the pixel
/// under the mouse stays there; moves with the middle button, and with the left where `left_moves`, while
/// `active`.
PicturePlace place_picture(PictureView& view, ImVec2 picture, ImVec2 min, ImVec2 room, float ui_scale, bool hovered,
    bool active, bool left_moves);

}  // namespace weft::editor
