#include "editor/window/input_method.h"

#include <GLFW/glfw3.h>
#include <X11/Xlib.h>
#include <dlfcn.h>
#include <imgui.h>
#include <imgui_impl_glfw.h>

#include "editor/session/held_keys.h"

namespace weft::editor {
namespace {

/// Of the one window: Xlib's function below can be told of no other.
HeldKeys held_keys;
GLFWwindow* window_of_keys = nullptr;

void report(GLFWwindow* window, const PressedKey& key) {
  ImGui_ImplGlfw_KeyCallback(window, key.key, key.scancode, key.action, key.mods);
}

}  // namespace

void take_keys(GLFWwindow* window) {
  window_of_keys = window;
  glfwSetKeyCallback(window, [](GLFWwindow* from, int key, int scancode, int action, int mods) {
    const PressedKey reported{key, scancode, action, mods};
    if (action == GLFW_RELEASE || !held_keys.hold(reported)) report(from, reported);
  });
}

}  // namespace weft::editor

/// In place of Xlib's, which it calls: GLFW asks it whether the input method takes an event, and tells nobody. Where GLFW
/// finds Xlib by itself (3.4, or without X11) this is not called, and keys are reported as GLFW does it.
extern "C" __attribute__((visibility("default"))) int XFilterEvent(XEvent* event, Window window) {
  using Filter = int (*)(XEvent*, Window);
  static const auto filter = reinterpret_cast<Filter>(dlsym(RTLD_NEXT, "XFilterEvent"));
  const bool is_press = event->type == KeyPress;
  const int scancode = is_press ? static_cast<int>(event->xkey.keycode) : 0;
  const std::uint64_t time = is_press ? event->xkey.time : 0;
  const bool taken = filter && filter(event, window);
  using namespace weft::editor;
  if (is_press && window_of_keys)
    if (const auto key = held_keys.filtered(scancode, time, taken)) report(window_of_keys, *key);
  return taken;
}
