// One frame of the editor: what is drawn, in which order. Needs a current ImGui context, no window. [main-thread]
#pragma once

namespace weft::editor {

class App;

/// Between ImGui's NewFrame() and Render().
void draw_frame(App& app);

}  // namespace weft::editor
