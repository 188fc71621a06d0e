// Window: the one window of the editor, GLFW and OpenGL 3.3, and Dear ImGui's backends on it. Knows nothing
// of what is drawn. [main-thread], but for wake().
#pragma once

#include <imgui.h>

#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "editor/window/input_steps.h"
#include "editor/window/solid_fills.h"
#include "graph/value.h"

struct GLFWwindow;

namespace weft::editor {

/// There is no display, or none with OpenGL 3.3.
struct NoDisplay : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The graphics driver was reset (a crash of it, a suspended machine): nothing more can be drawn by this process.
struct ContextLost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Window {
 public:
  /// Makes the window and attaches the current ImGui context. Throws NoDisplay.
  Window(int width, int height, const std::string& title);
  ~Window();
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;

  /// The user asked to close it since the last call.
  bool close_requested();
  void set_title(const std::string& title);
  /// Of the monitor: 2 on a high-DPI screen.
  float content_scale() const;

  /// Files that were dropped since the last call, and where.
  struct Dropped {
    std::vector<std::filesystem::path> files;
    ImVec2 at{0, 0};
  };
  Dropped take_dropped() { return std::exchange(dropped_, {}); }

  /// The frame sees the next step of the input (InputSteps). `hold`: none, as the windows are taking their places.
  void begin_frame(bool hold = false);
  /// Ends a frame that nobody shall see: it was there for its step of the input.
  void skip_frame();
  /// Draws what ImGui made, and shows it; nothing is done where that is what is shown already. `before_show` sees the
  /// finished picture in the back buffer. Throws ContextLost.
  void end_frame(const std::function<void()>& before_show = {});
  /// What the back buffer holds. Only in `before_show`.
  Picture read_pixels() const;

  /// Sleeps until something happens: input, wake(), or the time is over (negative: no limit). False if it was the time.
  bool wait_for_events(double seconds);
  static void wake();  ///< [any thread]

 private:
  GLFWwindow* window_ = nullptr;
  std::optional<SolidFills> solid_fills_;  ///< where the processor draws
  unsigned (*reset_status_)() = nullptr;  ///< of OpenGL; null where the driver cannot tell
  Dropped dropped_;
  InputSteps steps_;
  std::uint64_t shown_ = 0;  ///< drawing_hash() of what the window shows
  bool damaged_ = true;  ///< what it shows is lost
};

}  // namespace weft::editor
