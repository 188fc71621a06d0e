// The widget of a param, derived from its declaration: the same on a node of the canvas and in the inspector.
// One row with the param's name on the left and its value on the right. What needs room (choices, long text,
// colours, files) asks for the value popup instead.
#pragma once

#include <imgui.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "editor/session/node_text.h"
#include "editor/window/theme.h"
#include "graph/port.h"

namespace weft::editor {

/// What the user did to a field in this frame.
struct FieldEdit {
  std::optional<nlohmann::json> value;  ///< as it is now, if it changed
  bool done = false;                    ///< the gesture is over: it becomes one step of undo
  bool wants_popup = false;
};

struct FieldLook {
  const Theme& theme;
  ImVec2 size;
  std::string_view label;  ///< shown in the field; empty: none
  bool wrong = false;      ///< a problem lies here
  std::string_view shown = {};  ///< in place of the value, while it is not being edited; empty: the value
  bool mixed = false;           ///< the field stands for several values, which differ
};

/// Draws the field at the cursor. `value` null stands for the default. The id of its item is the port's name.
FieldEdit param_field(const PortInfo& port, const nlohmann::json& value, const FieldLook& look);

/// The value as one line of text: "1.5", "on", "a red boat..."; "default" for what is not said.
std::string value_text(const PortInfo& port, const nlohmann::json& value);

}  // namespace weft::editor
