#define GL_GLEXT_PROTOTYPES
#include "editor/window/window.h"

#include <GLFW/glfw3.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <imgui.h>
#include <imgui_impl_glfw.h>
#include <imgui_impl_opengl3.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>

#include "editor/window/input_method.h"

namespace weft::editor {

namespace {

/// What GLFW said last, after a colon; empty if it said nothing.
std::string reason() {
  const char* text = nullptr;
  glfwGetError(&text);
  return text ? fmt::format(": {}", text) : std::string{};
}

/// Xlib ends the process when its display goes away, and asks nobody. All work is in the journal by then.
void explain_when_the_display_goes() {
  using Handler = int (*)(void*);
  void* x11 = dlopen("libX11.so.6", RTLD_LAZY | RTLD_NOLOAD);  // GLFW has opened it, unless this is Wayland
  if (!x11) return;
  if (const auto set = reinterpret_cast<Handler (*)(Handler)>(dlsym(x11, "XSetIOErrorHandler")))
    set([](void*) -> int {
      constexpr std::string_view kText =
          "weft edit: the display is gone; what was not saved is offered at the next start\n";
      [[maybe_unused]] const auto written = write(STDERR_FILENO, kText.data(), kText.size());
      _exit(2);
    });
}

GLFWwindow* make_window(int width, int height, const std::string& title) {
  glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
  glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 3);
  glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
  for (const int name : {GLFW_X11_CLASS_NAME, GLFW_X11_INSTANCE_NAME})  // GLFW takes both or none
    glfwWindowHintString(name, "weft");
  for (const int robustness : {GLFW_LOSE_CONTEXT_ON_RESET, GLFW_NO_ROBUSTNESS}) {
    glfwWindowHint(GLFW_CONTEXT_ROBUSTNESS, robustness);
    if (GLFWwindow* window = glfwCreateWindow(width, height, title.c_str(), nullptr, nullptr)) return window;
  }
  const std::string why = reason();
  glfwTerminate();
  throw NoDisplay(
      fmt::format("no window with OpenGL 3.3 could be made{}; update the graphics driver, or let the "
                  "processor draw by LIBGL_ALWAYS_SOFTWARE=1",
          why));
}

/// Of all that it draws. Words are taken as they are in memory: it is compared within this process alone.
std::uint64_t drawing_hash(const ImDrawData& drawing) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  const auto add = [&hash](const void* from, std::size_t size) {
    const auto* bytes = static_cast<const char*>(from);
    for (; size > 0; bytes += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      const std::size_t part = std::min(size, sizeof word);
      std::memcpy(&word, bytes, part);
      hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
      hash ^= hash >> 29;
      size -= part;
    }
  };
  const auto add_all = [&add](
                           const auto& buffer) { add(buffer.Data, static_cast<std::size_t>(buffer.size_in_bytes())); };
  add(&drawing.DisplaySize, sizeof drawing.DisplaySize);
  add(&drawing.FramebufferScale, sizeof drawing.FramebufferScale);
  for (const ImDrawList* list : drawing.CmdLists)
    add_all(list->CmdBuffer), add_all(list->IdxBuffer), add_all(list->VtxBuffer);
  return hash;
}

bool changes_textures(const ImDrawData& drawing) {
  return drawing.Textures && std::ranges::any_of(*drawing.Textures, [](const ImTextureData* texture) {
    return texture->Status != ImTextureStatus_OK && texture->Status != ImTextureStatus_Destroyed;
  });
}

}  // namespace

Window::Window(int width, int height, const std::string& title) {
  if (!glfwInit())
    throw NoDisplay(
        fmt::format("no display could be opened{}; run it where there is a screen, or under xvfb-run", reason()));
  explain_when_the_display_goes();
  window_ = make_window(width, height, title);
  glfwMakeContextCurrent(window_);
  if (glfwExtensionSupported("GL_ARB_robustness"))
    reset_status_ = reinterpret_cast<unsigned (*)()>(glfwGetProcAddress("glGetGraphicsResetStatusARB"));
  glfwSwapInterval(1);
  glfwSetWindowUserPointer(window_, this);
  glfwSetDropCallback(window_, [](GLFWwindow* window, int count, const char** paths) {
    auto* self = static_cast<Window*>(glfwGetWindowUserPointer(window));
    double x = 0, y = 0;
    glfwGetCursorPos(window, &x, &y);
    self->dropped_.files.insert(self->dropped_.files.end(), paths, paths + count);
    self->dropped_.at = {static_cast<float>(x), static_cast<float>(y)};
  });
  glfwSetWindowRefreshCallback(
      window_, [](GLFWwindow* window) { static_cast<Window*>(glfwGetWindowUserPointer(window))->damaged_ = true; });
  glfwSetFramebufferSizeCallback(window_,
      [](GLFWwindow* window, int, int) { static_cast<Window*>(glfwGetWindowUserPointer(window))->damaged_ = true; });
  ImGui_ImplGlfw_InitForOpenGL(window_, true);
  take_keys(window_);
  ImGui_ImplOpenGL3_Init("#version 330");
  if (SolidFills::useful()) solid_fills_.emplace();
}

Window::~Window() {
  solid_fills_.reset();
  ImGui_ImplOpenGL3_Shutdown();
  ImGui_ImplGlfw_Shutdown();
  glfwDestroyWindow(window_);
  glfwTerminate();
}

bool Window::close_requested() {
  const bool requested = glfwWindowShouldClose(window_);
  glfwSetWindowShouldClose(window_, GLFW_FALSE);
  return requested;
}

void Window::set_title(const std::string& title) { glfwSetWindowTitle(window_, title.c_str()); }

float Window::content_scale() const {
  float x = 1, y = 1;
  glfwGetWindowContentScale(window_, &x, &y);
  return std::max(1.0f, x);
}

void Window::begin_frame(bool hold) {
  ImGui_ImplOpenGL3_NewFrame();
  ImGui_ImplGlfw_NewFrame();
  steps_.narrow(hold);
  ImGui::NewFrame();
  steps_.widen();
}

void Window::skip_frame() { ImGui::EndFrame(); }

void Window::end_frame(const std::function<void()>& before_show) {
  ImGui::Render();
  const ImDrawData& drawing = *ImGui::GetDrawData();
  const std::uint64_t hash = drawing_hash(drawing);
  if (std::exchange(shown_, hash) == hash && !damaged_ && !before_show && !changes_textures(drawing)) return;
  damaged_ = false;
  int width = 0, height = 0;
  glfwGetFramebufferSize(window_, &width, &height);
  glViewport(0, 0, width, height);
  glClearColor(0, 0, 0, 1);
  glClear(GL_COLOR_BUFFER_BIT);
  if (solid_fills_) solid_fills_->split(*ImGui::GetDrawData());
  ImGui_ImplOpenGL3_RenderDrawData(ImGui::GetDrawData());
  if (before_show) before_show();
  glfwSwapBuffers(window_);
  if (reset_status_ && reset_status_() != GL_NO_ERROR) throw ContextLost("the graphics driver was reset");
}

Picture Window::read_pixels() const {
  Picture picture;
  glfwGetFramebufferSize(window_, &picture.width, &picture.height);
  const std::size_t row = static_cast<std::size_t>(picture.width) * 3;
  std::vector<std::uint8_t> upside_down(row * picture.height);
  glPixelStorei(GL_PACK_ALIGNMENT, 1);
  glReadPixels(0, 0, picture.width, picture.height, GL_RGB, GL_UNSIGNED_BYTE, upside_down.data());
  picture.rgb.resize(upside_down.size());
  for (int y = 0; y < picture.height; ++y)
    std::copy_n(upside_down.begin() + static_cast<std::ptrdiff_t>(row * (picture.height - 1 - y)), row,
        picture.rgb.begin() + static_cast<std::ptrdiff_t>(row * y));
  return picture;
}

bool Window::wait_for_events(double seconds) {
  const double until = glfwGetTime() + seconds;
  if (seconds < 0)
    glfwWaitEvents();
  else if (seconds > 0)
    glfwWaitEventsTimeout(seconds);
  else
    glfwPollEvents();
  return seconds < 0 || glfwGetTime() < until;
}

void Window::wake() { glfwPostEmptyEvent(); }

}  // namespace weft::editor
