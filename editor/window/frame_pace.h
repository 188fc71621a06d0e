// FramePace: when the next frame is due, and whether anybody needs to see it. The editor sleeps until something happens,
// or until something changes by itself: a cursor blinks, a tooltip is due. Input is never slept over: while ImGui holds
// some, frame follows frame, and only few of them are drawn, as drawing is what takes the time. [main-thread]
#pragma once

#include <chrono>

namespace weft::editor {

class FramePace {
 public:
  /// How long to sleep before the next frame; 0: not at all; negative: until something happens. `own`: seconds until
  /// something changes that ImGui does not know of; negative: nothing will.
  double sleep(double own);
  /// The sleep is over: because something happened, or else because its time was.
  void woken(bool happened);
  /// Whether the frame that was begun is to be drawn.
  bool shows();

 private:
  using Clock = std::chrono::steady_clock;
  int frames_ = 4;  ///< that are due at once
  int moving_ = 0;  ///< frames one after the other for what moves by itself
  Clock::time_point last_input_ = Clock::now(), last_shown_ = {};
  Clock::duration drawing_{};  ///< what the last frame took that was drawn
  bool draws_ = false;  ///< the frame that was begun
};

}  // namespace weft::editor
