// Files that come in by hand: dropped on the window, dragged out of the gallery. A picture becomes what a Load Image reads,
// where it was dropped. [main-thread]
#pragma once

#include <imgui.h>

#include <filesystem>
#include <vector>

#include "editor/session/document.h"

namespace weft::editor {

class App;

/// From another program, at a place on the screen: workflows are opened; so is a picture that carries one, and the user may
/// have it as a picture instead. What is neither is told in a sentence.
void take_dropped(App& app, const std::vector<std::filesystem::path>& files, ImVec2 at);
/// A picture, whatever it carries: on a node that reads one it is what the node reads, elsewhere it makes such a node.
void drop_picture(App& app, Document& document, const std::filesystem::path& file, ImVec2 at);
/// The selected node that reads a picture reads this one; without one, a node is added that does.
void use_as_input(App& app, const std::filesystem::path& file);

}  // namespace weft::editor
