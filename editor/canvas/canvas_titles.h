// CanvasTitles: the titles of nodes where the zoom would make them smaller than one can read. They are drawn over the
// canvas in pixels of the screen: in the node's title bar where there is room, else over the node, else beside it.
// [main-thread]
#pragma once

#include <imgui.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "editor/canvas/canvas_model.h"

namespace weft::editor {

class App;
class Canvas;

/// Pixels that a title has at least.
inline constexpr float kLeastTitle = 10;

/// Whether nodes draw their titles themselves, in the units of the canvas: they are large enough. `zoom`: without the
/// interface's scale.
inline bool titles_are_readable(float zoom) { return metric::kTextSize * zoom >= kLeastTitle; }
/// The height of a title's bar in units of the canvas: from afar more than it has near, so that it holds the title.
float title_bar(const NodeView& node, float zoom);

class CanvasTitles {
 public:
  CanvasTitles(const App& app, const Canvas& canvas);
  void draw_all();

 private:
  struct Box {
    ImVec2 min, max;
  };
  Box on_screen(const NodeView& node) const;
  void draw_inside(const NodeView& node, const Box& bar);
  void draw_beside(std::size_t node, const Box& box);
  /// In the font of titles, cut where it has no room; in several lines where there is room for them.
  void draw_text(std::string_view text, const Box& room, ImU32 colour);

  // Which parts of the screen have something on them: 0 nothing, else one more than the node's number.
  void take(const Box& box, std::uint32_t mark);
  float free_until(std::size_t node, const Box& box, float furthest) const;

  const App& app_;
  const Canvas& canvas_;
  ImDrawList& list_;
  const float size_;  ///< of the letters
  int columns_ = 0, rows_ = 0;
  std::vector<std::uint32_t> cells_;
};

}  // namespace weft::editor
