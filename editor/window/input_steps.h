// InputSteps: what of the waiting input a frame gets to see. Dear ImGui may take several keys in one frame: of Ctrl+Z,
// typed fast, Ctrl is up again before the frame looks; of A and F the commands would hear one; letters that follow Space
// would be gone before the list that it opens has the keyboard. So each frame gets one step: a key, or a press or a
// release of a button, where the mouse was seen before. The rest stays in ImGui's queue, and input_waits() says so.
// [main-thread]
#pragma once

#include <imgui.h>
#include <imgui_internal.h>

namespace weft::editor {

class InputSteps {
 public:
  /// Before ImGui::NewFrame(): leaves one step in ImGui's queue. `hold`: not even a step, but for where the mouse is.
  void narrow(bool hold);
  /// After it: what was taken out is in the queue again, before what comes next.
  void widen();

 private:
  /// How many of the events that wait are the next step.
  int length(bool hold) const;
  /// A window or a field is about to get the keyboard: what is typed is for it.
  bool in_transition() const;

  ImVector<ImGuiInputEvent> later_;
  int popups_ = 0;  ///< that were open when the frame before began
  int frames_held_ = 0;  ///< one after the other, for a transition
};

/// Whether ImGui holds input that no frame has seen.
bool input_waits();

}  // namespace weft::editor
