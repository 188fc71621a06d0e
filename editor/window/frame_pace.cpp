#include "editor/window/frame_pace.h"

#include <imgui.h>
#include <imgui_internal.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "editor/window/input_steps.h"

namespace weft::editor {

namespace {

/// After something happened ImGui needs a few frames: for what follows from it, and to find sizes.
constexpr int kFramesAfterEvent = 4;

/// Until the cursor of the text field goes on or off; negative: it does not.
double until_cursor_blinks() {
  constexpr float kOn = 0.8f, kPeriod = 1.2f, kLater = 0.005f;  // as in ImGui::InputTextEx()
  const ImGuiInputTextState* field = ImGui::GetInputTextState(ImGui::GetActiveID());
  if (!field || !ImGui::GetIO().ConfigInputTextCursorBlink) return -1;
  const float phase = field->CursorAnim > 0 ? std::fmod(field->CursorAnim, kPeriod) : field->CursorAnim;
  return (phase <= kOn ? kOn : kPeriod) - phase + kLater;
}

/// Until the item under the mouse tells of itself; negative: it does not, or does already.
double until_tooltip() {
  const ImGuiContext& g = *ImGui::GetCurrentContext();
  const float left = g.Style.HoverStationaryDelay - g.MouseStationaryTimer;
  return g.HoverItemDelayId != 0 && left > 0 ? left : -1;
}

/// A popup is not where it will be, or what lies behind a dialog is being dimmed.
bool moves() {
  const ImGuiContext& g = *ImGui::GetCurrentContext();
  for (const ImGuiPopupData& popup : g.OpenPopupStack)
    if (!popup.Window || popup.Window->Hidden || popup.Window->Appearing || popup.Window->AutoFitFramesX > 0)
      return true;
  return g.DimBgRatio > 0 && (g.DimBgRatio < 1 || !ImGui::GetTopMostPopupModal());
}

}  // namespace

double FramePace::sleep(double own) {
  constexpr int kMostMoving = 200;  // whatever goes wrong, the processor gets its rest
  if (std::exchange(draws_, false)) drawing_ = Clock::now() - last_shown_;
  moving_ = moves() ? moving_ + 1 : 0;
  if (frames_ > 0 || input_waits() || (moving_ > 0 && moving_ < kMostMoving)) return 0;
  double least = -1;
  for (const double each : {own, until_cursor_blinks(), until_tooltip()})
    if (each >= 0) least = least < 0 ? each : std::min(least, each);
  return least;
}

void FramePace::woken(bool happened) {
  constexpr auto kBlinks = std::chrono::seconds(10);  // as in other programs: a cursor that nobody uses stands still
  const bool tooltip = !happened && until_tooltip() >= 0;
  if (input_waits()) last_input_ = Clock::now();
  if (input_waits() || (frames_ == 0 && (happened || tooltip)))
    frames_ = kFramesAfterEvent;
  else if (frames_ == 0)
    frames_ = 1;
  --frames_;
  ImGui::GetIO().ConfigInputTextCursorBlink = Clock::now() - last_input_ < kBlinks;
}

bool FramePace::shows() {
  // A fifth of the time at most goes into drawing what is out of date already; but people want to see that it goes on.
  constexpr Clock::duration kLeast = std::chrono::milliseconds(50), kLongest = std::chrono::milliseconds(300);
  const auto now = Clock::now();
  draws_ = !input_waits() || now - last_shown_ > std::clamp(5 * drawing_, kLeast, kLongest);
  if (draws_) last_shown_ = now;
  return draws_;
}

}  // namespace weft::editor
