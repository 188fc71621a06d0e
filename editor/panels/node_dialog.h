// The large window in which something of one node is edited on a picture: its painting, its region.
#pragma once

#include <fmt/format.h>

#include <string>

#include "editor/app/app.h"
#include "editor/widgets/picture_view.h"

namespace weft::editor {

/// Draws the window while `state.open` and no other dialog is before it; closes it when the node is gone or has nothing of the kind: `find(type)` gives what
/// is edited, or something false. `draw(document, node, type)` fills it. [main-thread]
template <class State, class Find, class Draw>
void draw_node_dialog(App& app, State& state, const char* title, const Find& find, const Draw& draw) {
  if (app.dialog() != Dialog::Picture || !state.open) return;
  Document* document = app.document();
  const GraphNode* found = document ? document->graph().find(state.node) : nullptr;
  const NodeInfo* known = found ? app.type_of(*found) : nullptr;
  state.open = known && find(*known);
  const std::string name = fmt::format("{}: {}###Edit on picture", title, state.node);
  if (!state.open || !begin_large_modal(name.c_str(), state.open)) return;
  const GraphNode node = *found;  // edits replace the document's, and what the types were made of
  const NodeInfo type = *known;
  draw(*document, node, type);
  if (!state.open) ImGui::CloseCurrentPopup();
  ImGui::EndPopup();
}

}  // namespace weft::editor
