// What the viewer makes of pictures before it shows them: one channel, the difference of two. Values, no
// ImGui.
#pragma once

#include "editor/app/panel_states.h"
#include "graph/value.h"

namespace weft::editor {

Picture channel_of(const Picture& picture, ViewerState::Channel channel);

/// |a - b| times `gain`, clamped; empty where the sizes differ.
Picture difference(const Picture& a, const Picture& b, int gain);

/// Of two pictures of one size: how far they are apart.
struct Distance {
  double mean = 0;  ///< of |a - b|, 0 to 255
  int most = 0;
};
Distance distance(const Picture& a, const Picture& b);

}  // namespace weft::editor
