// What a field's gesture does to the document: one place for the canvas and the inspector.
#pragma once

#include <imgui.h>

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "editor/session/document.h"
#include "editor/widgets/param_field.h"

namespace weft::editor {

class App;

/// The literal that the document has; null: none, the default stands.
const nlohmann::json& param_value(const GraphNode& node, std::string_view port);

/// `nodes`: those that the field is of, mostly one. `min`, `max`: the field on the screen, where its popup opens.
void take_field_edit(App& app, Document& document, std::span<const std::string> nodes, const PortInfo& port,
    const FieldEdit& edit, ImVec2 min, ImVec2 max);
inline void take_field_edit(App& app, Document& document, const std::string& node, const PortInfo& port,
    const FieldEdit& edit, ImVec2 min, ImVec2 max) {
  take_field_edit(app, document, std::span(&node, 1), port, edit, min, max);
}

/// Lets the user choose a file that a param names `now`, while the document stays the active one. What `chosen` throws is
/// shown to the user.
void ask_for_file(App& app, const std::string& now, const std::function<void(const std::filesystem::path&)>& chosen);

/// What a seed's field shows that is not fixed: the mark of its mode, and the seed that was used last. Empty for others.
std::string shown_seed(const App& app, const Document& document, const GraphNode& node, const PortInfo& port);

/// Opens the window in which the node's painting is made.
void open_painter(App& app, const std::string& node);

/// What is edited on a picture: the node's painting, its region; as buttons, or as items of the menu that is open.
/// Nothing where it has neither. True if there was something.
bool draw_picture_tools(App& app, const GraphNode& node, const NodeInfo& type, bool in_menu = false);

/// The popup of the param that asked for one, if any.
void draw_value_popup(App& app);

}  // namespace weft::editor
