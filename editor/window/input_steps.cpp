#include "editor/window/input_steps.h"

namespace weft::editor {

namespace {

bool is_modifier(ImGuiKey key) {
  return (key >= ImGuiKey_LeftCtrl && key <= ImGuiKey_RightSuper) || (key & ImGuiMod_Mask_) != 0;
}

/// Whether a text field takes it as a letter, or to move in its text: ImGui orders those itself.
bool is_for_text(ImGuiKey key) {
  const ImGuiIO& io = ImGui::GetIO();
  const bool ends =
      key == ImGuiKey_Enter || key == ImGuiKey_KeypadEnter || key == ImGuiKey_Escape || key == ImGuiKey_Tab;
  return io.WantTextInput && !io.KeyCtrl && !io.KeyAlt && !ends;
}

}  // namespace

bool input_waits() { return !ImGui::GetCurrentContext()->InputEventsQueue.empty(); }

bool InputSteps::in_transition() const {
  const ImGuiContext& g = *ImGui::GetCurrentContext();
  return g.NavMoveSubmitted || g.NavMoveScoringItems || g.NavInitRequest || g.NavNextActivateId != 0 ||
      g.OpenPopupStack.Size != popups_;
}

int InputSteps::length(bool hold) const {
  const ImVector<ImGuiInputEvent>& waiting = ImGui::GetCurrentContext()->InputEventsQueue;
  bool moved = false, acted = false, wrote = false;
  for (int i = 0; i < waiting.Size; ++i) {
    const ImGuiInputEvent& event = waiting[i];
    switch (event.Type) {
      case ImGuiInputEventType_MousePos:
        if (acted) return i;
        moved = true;
        break;
      case ImGuiInputEventType_MouseButton:
        if (acted || moved || hold) return i;
        acted = true;
        break;
      case ImGuiInputEventType_Key:
        if (acted || hold) return i;
        acted = event.Key.Down && !is_modifier(event.Key.Key) && !is_for_text(event.Key.Key);
        if (acted && wrote) return i;  // Enter comes after the letters before it
        break;
      case ImGuiInputEventType_MouseWheel:
        if (acted || hold) return i;
        break;
      case ImGuiInputEventType_Text:  // belongs to the key before it
        if (hold) return i;
        wrote = !acted;
        break;
      default:
        if (acted) return i;
        break;
    }
  }
  return waiting.Size;
}

void InputSteps::narrow(bool hold) {
  constexpr int kMostHeld = 20;  // whatever goes wrong, the window hears its user
  ImGuiContext& g = *ImGui::GetCurrentContext();
  hold = (hold || in_transition()) && !g.InputEventsQueue.empty() && frames_held_ < kMostHeld;
  frames_held_ = hold ? frames_held_ + 1 : 0;
  popups_ = g.OpenPopupStack.Size;
  const int now = length(hold);
  for (int i = now; i < g.InputEventsQueue.Size; ++i) later_.push_back(g.InputEventsQueue[i]);
  g.InputEventsQueue.resize(now);
}

void InputSteps::widen() {
  for (const ImGuiInputEvent& event : later_) ImGui::GetCurrentContext()->InputEventsQueue.push_back(event);
  later_.clear();
}

}  // namespace weft::editor
