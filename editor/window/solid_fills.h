// SolidFills: makes drawing without a graphics card several times as fast. ImGui draws everything with one shader that
// looks up a texture and blends, of which nothing is needed for areas of one colour: a processor spends most of a frame on
// it. Here the commands of a frame are split, and plain areas are drawn by a shader that does no more than they need. A
// graphics card gains nothing by it. [main-thread, with the window's OpenGL context]
#pragma once

#include <imgui.h>

namespace weft::editor {

class SolidFills {
 public:
  SolidFills() = default;
  ~SolidFills();
  SolidFills(const SolidFills&) = delete;
  SolidFills& operator=(const SolidFills&) = delete;

  /// Whether the processor draws what this context shows.
  static bool useful();
  /// Before the frame is rendered: its commands call back while it is.
  void split(ImDrawData& data);

 private:
  static void begin_blended(const ImDrawList*, const ImDrawCmd* command);
  static void begin_opaque(const ImDrawList*, const ImDrawCmd* command);
  void begin(bool blended);

  unsigned program_ = 0;
  int projection_ = -1;  ///< the place of the uniform
};

}  // namespace weft::editor
