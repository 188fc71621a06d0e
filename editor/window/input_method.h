// Input methods on X11. GLFW 3.3 reports every key at once, also one that the input method takes, so that the Enter which
// accepts a word would end the text field as well. [main-thread]
#pragma once

struct GLFWwindow;

namespace weft::editor {

/// Gives the window's keys to Dear ImGui, but for those of the input method. After ImGui_ImplGlfw_Init...().
void take_keys(GLFWwindow* window);

}  // namespace weft::editor
