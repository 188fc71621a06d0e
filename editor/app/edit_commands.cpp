// Commands that edit: undo, the clipboard, deleting, renaming.
#include <imgui.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/app/lists.h"
#include "editor/session/clipboard.h"
#include "editor/session/gestures.h"

namespace weft::editor {

namespace {

std::string clipboard_text() {
  const char* text = ImGui::GetClipboardText();
  return text ? text : "";
}

}  // namespace

void App::bind_edit_commands() {
  const auto selected = [this] { return document() && !document()->selection().empty(); };
  const auto has_document = [this] { return document() != nullptr; };
  bind("edit.undo", [this] { document()->undo(); }, [this] { return document() && document()->position() > 0; });
  bind(
      "edit.redo", [this] { document()->redo(); },
      [this] { return document() && document()->position() < document()->step_names().size(); });
  bind("edit.copy", [this] { ImGui::SetClipboardText(copy(*document(), document()->selection()).c_str()); }, selected);
  bind(
      "edit.cut",
      [this] {
        attempt([&] { ImGui::SetClipboardText(cut(*document(), registry, document()->selection()).c_str()); });
      },
      selected);
  const auto paste_here = [this](OutsideLinks links) {
    attempt([&] {
      const std::string text = clipboard_text();
      paste(*document(), registry, text, place_for_new(*this, size_of_copied(text, registry)), links);
    });
  };
  bind("edit.paste", [=] { paste_here(OutsideLinks::Drop); }, has_document);
  bind("edit.paste_linked", [=] { paste_here(OutsideLinks::Keep); }, has_document);
  bind(
      "edit.duplicate", [this] { attempt([&] { duplicate(*document(), registry, document()->selection()); }); },
      selected);
  bind(
      "edit.delete",
      [this] {
        const std::vector<Link> links = active_tab->canvas.selected_links();
        attempt([&] {
          if (!links.empty())
            disconnect(*document(), links);
          else
            remove(*document(), registry, document()->selection());
        });
      },
      [this, selected] { return selected() || (active_tab && !active_tab->canvas.selected_links().empty()); });
  bind(
      "edit.dissolve", [this] { attempt([&] { remove(*document(), registry, document()->selection(), true); }); },
      selected);
  bind(
      "edit.rename",
      [this] {
        if (const Ids& notes = document()->selection().annotations; !notes.empty()) {
          active_tab->canvas.edit_text(*notes.begin());
          return;
        }
        const Ids& nodes = document()->selection().nodes;
        panels.rename_node = nodes.empty() ? std::string{} : *nodes.begin();
        const GraphNode* node = document()->graph().find(panels.rename_node);
        panels.rename_definition = node ? subgraph_of_type(node->type).value_or("") : document()->scope();
        panels.rename_text = panels.rename_definition.empty() ? node->title : panels.rename_definition;
        panels.rename_opened = true;
      },
      [this] {
        if (!document()) return false;
        const auto& [nodes, notes] = document()->selection();
        if (nodes.empty() && notes.empty()) return !document()->path().empty();
        return nodes.size() + notes.size() == 1 && (notes.empty() || active_tab->canvas.has_text(*notes.begin()));
      });
  bind("edit.find", [this] { open_node_search(*this); }, has_document);
}

}  // namespace weft::editor
