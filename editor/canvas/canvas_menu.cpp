// What a right click on the canvas offers, what a port tells under the mouse, and the text of frames and
// comments.
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/app/lists.h"
#include "editor/app/menus.h"
#include "editor/app/param_edit.h"
#include "editor/app/vary.h"
#include "editor/canvas/canvas.h"
#include "editor/session/gestures.h"
#include "editor/session/node_text.h"
#include "editor/widgets/draw.h"
#include "editor/widgets/param_field.h"
#include "editor/widgets/value_view.h"

namespace weft::editor {

namespace ed = ax::NodeEditor;

namespace {

/// The field of the node at a place of the canvas.
const ShownPort* field_at(const NodeView& node, ImVec2 at) {
  if (node.collapsed) return nullptr;
  for (const ShownPort& port : node.layout.ports) {
    const ImVec2 min{node.at.x + port.field_min.x, node.at.y + port.field_min.y};
    if (port.field && at.x >= min.x && at.y >= min.y && at.x < min.x + port.field_size.x &&
        at.y < min.y + port.field_size.y)
      return &port;
  }
  return nullptr;
}

}  // namespace

void Canvas::tell_port(App& app, const Document& document, const LinkEnd& end) {
  const NodeView* node = model_.find(end.port.node);
  if (!node || dragged_ || ImGui::GetIO().MouseDown[0]) return;
  const auto port = std::ranges::find_if(node->layout.ports,
      [&](const ShownPort& each) { return each.is_output == end.is_output && each.info.name == end.port.port; });
  if (port == node->layout.ports.end() || !ImGui::BeginTooltip()) return;
  const ValueType* type = app.registry.find_type(port->info.type);
  ImGui::PushTextWrapPos(ImGui::GetFontSize() * 24);
  ImGui::PushFont(app.fonts.bold, 0);
  ImGui::TextUnformatted(port->label.c_str());
  ImGui::PopFont();
  ImGui::SameLine(0, ImGui::GetFontSize() * 0.6f);
  ImGui::TextColored(
      as_vec4(type_colour(app.theme, type)), "%s", type ? shown_title(*type).c_str() : port->info.type.c_str());
  if (!port->info.tip.empty()) ImGui::TextUnformatted(port->info.tip.c_str());
  if (!port->exposed_as.empty())
    ImGui::TextColored(as_vec4(app.theme.accent), "%s",
        (document.path().empty() ? tr_format("For callers it is '{}'", port->exposed_as)
                                 : tr_format("It is the subgraph's port '{}'", port->exposed_as))
            .c_str());
  const runs::NodeRun* run = app.runs->node(document.id(), document.address(node->id));
  if (run && port->is_output)
    for (const runs::OutputView& output : run->outputs)
      if (output.port == port->info.name) draw_facts(app.theme, output);
  dim_text(app.theme, port->is_output || port->linked ? tr("Click to view, drag to connect") : tr("Drag to connect"));
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

void Canvas::take_right_click() {
  ed::NodeId node = 0;
  ed::LinkId link = 0;
  ed::PinId pin = 0;
  ed::Suspend();
  if (ed::ShowNodeContextMenu(&node))
    menu_wanted_ = "node menu", menu_node_ = node;
  else if (ed::ShowPinContextMenu(&pin))
    menu_wanted_ = "port menu", menu_port_ = model_.port_of(pin);
  else if (ed::ShowLinkContextMenu(&link))
    menu_wanted_ = "link menu", menu_link_ = link;
  else if (ed::ShowBackgroundContextMenu())
    menu_wanted_ = "canvas menu";
  ed::Resume();
}

void Canvas::draw_menus(App& app, Document& document) {
  if (const char* menu = std::exchange(menu_wanted_, nullptr)) {
    const Point at = to_canvas(ImGui::GetIO().MousePos);
    menu_at_ = {static_cast<float>(at.x), static_cast<float>(at.y)};
    ImGui::OpenPopup(menu);
  }
  if (ImGui::BeginPopup("node menu")) {
    node_menu(app, document);
    ImGui::EndPopup();
  }
  if (ImGui::BeginPopup("port menu")) {
    port_menu(app, document);
    ImGui::EndPopup();
  }
  if (ImGui::BeginPopup("link menu")) {
    link_menu(app, document);
    ImGui::EndPopup();
  }
  if (ImGui::BeginPopup("canvas menu")) {
    background_menu(app, document);
    ImGui::EndPopup();
  }
  draw_text_edit(app, document);
}

void Canvas::node_menu(App& app, Document& document) {
  const std::string note = model_.annotation_of(menu_node_);
  const NodeView* node = model_.node_of(menu_node_);
  Selection wanted = document.selection();
  if (node && !wanted.nodes.contains(node->id)) wanted = {{node->id}, {}};
  if (!note.empty() && !wanted.annotations.contains(note)) wanted = {{}, {note}};
  if (wanted != document.selection()) document.select(wanted);
  if (!note.empty()) {
    if (has_text(note) && ImGui::MenuItem(label("Edit Text\u2026"), app.commands.keys_text("edit.rename").c_str()))
      edit_text(note);
    frame_colour_menu(app, document, note);
    menu_item(app, "edit.delete");
    return;
  }
  if (const ShownPort* field = node ? field_at(*node, menu_at_) : nullptr) {
    draw_vary_items(app, document, node->id, field->info);
    ImGui::Separator();
  }
  if (node && node->type && draw_picture_tools(app, *node->node, *node->type, /*in_menu=*/true)) ImGui::Separator();
  for (const char* id : {"run.selection", "view.node", "", "edit.rename", "edit.duplicate", "edit.copy",
           "node.collapse", "node.mute", "node.bypass", "node.frame", "node.detach", "", "node.group", "node.enter",
           "node.ungroup", "", "node.help", "", "edit.dissolve", "edit.delete"}) {
    if (*id)
      menu_item(app, id);
    else
      ImGui::Separator();
  }
}

void Canvas::frame_colour_menu(App& app, Document& document, const std::string& id) {
  const auto frame = std::ranges::find(model_.frames, id, &Frame::id);
  if (frame == model_.frames.end() || !ImGui::BeginMenu(label("Colour"))) return;
  static constexpr const char* kColours[] = {
      "#4a5568", "#4a6fa5", "#3f8a8c", "#4f8a5b", "#a58a3f", "#a5603f", "#8a4f7d"};
  for (const char* colour : kColours) {
    ImGui::PushID(colour);
    if (ImGui::ColorButton("##colour", as_vec4(colour_of(colour, app.theme.text_faint)))) {
      Frame coloured = *frame;
      coloured.colour = colour;
      app.attempt([&] {
        set_frame(document, coloured);
        document.end_gesture();
      });
    }
    ImGui::PopID();
    ImGui::SameLine();
  }
  ImGui::NewLine();
  ImGui::EndMenu();
}

void Canvas::port_menu(App& app, Document& document) {
  if (!menu_port_) return;
  const LinkEnd end = *menu_port_;
  if (ImGui::MenuItem(label("View Value"))) view_value(app, document, end);
  std::vector<Link> links;
  for (const LinkView& each : model_.links)
    if ((end.is_output ? each.link.source : each.link.target) == end.port) links.push_back(each.link);
  if (ImGui::MenuItem(label("Disconnect"), nullptr, false, !links.empty()))
    app.attempt([&] { disconnect(document, links); });
  const NodeView* node = model_.find(end.port.node);
  const PortInfo* info = node && node->type && !end.is_output ? node->type->find_input(end.port.port) : nullptr;
  if (info && info->kind == PortKind::Param) {
    if (links.empty()) draw_vary_items(app, document, end.port.node, *info);
    const bool as_input = node_ui(*node->node).shown_ports.contains(info->name);
    if (ImGui::MenuItem(as_input ? label("Show as Field") : label("Show as Input")))
      app.attempt([&] { show_as_input(document, end.port.node, end.port.port, !as_input); });
  }
  if (!document.path().empty() && ImGui::MenuItem(label("Make a Port of the Subgraph")))
    app.attempt([&] { promote(document, end); });
  if (!document.path().empty()) return;
  const bool named = end.is_output ? false : info && info->kind == PortKind::Param;
  if (named && ImGui::MenuItem(label("Make an Input of the Workflow")))
    app.attempt(
        [&] { app.notify(tr_format("Callers may set it as '{}'", expose_input(document, end.port, end.port.port))); });
  if (end.is_output && ImGui::MenuItem(label("Make an Output of the Workflow")))
    app.attempt(
        [&] { app.notify(tr_format("Callers get it as '{}'", expose_output(document, end.port, end.port.port))); });
}

void Canvas::link_menu(App& app, Document& document) {
  const LinkView* view = model_.link_of(menu_link_);
  if (!view) return;
  const Link link = view->link;
  if (ImGui::MenuItem(label("View Value"))) view_value(app, document, {link.source, true});
  if (ImGui::MenuItem(label("Insert Node\u2026")))
    open_node_palette(app, {.at = {menu_at_.x, menu_at_.y}, .screen = to_screen(menu_at_), .on_link = link});
  if (ImGui::MenuItem(label("Add Reroute")))
    app.attempt([&] { add_reroute(document, link.source, link.target, {menu_at_.x, menu_at_.y}); });
  ImGui::Separator();
  if (ImGui::MenuItem(label("Delete"))) app.attempt([&] { disconnect(document, {link}); });
}

void Canvas::background_menu(App& app, Document& document) {
  const Point at{menu_at_.x, menu_at_.y};
  if (ImGui::MenuItem(label("Add Node\u2026"), app.commands.keys_text("node.add").c_str()))
    open_node_palette(app, {.at = at, .screen = to_screen(menu_at_)});
  if (ImGui::MenuItem(label("Add Comment")))
    app.attempt(
        [&] { edit_text(add_comment(document, "", {free_place(at, kNewComment), kNewComment}), /*is_new=*/true); });
  if (ImGui::MenuItem(label("Add Frame"))) app.attempt([&] { edit_text(add_frame(document, "", {at, {420, 300}})); });
  ImGui::Separator();
  for (const char* id : {"edit.paste", "select.all", "arrange.all", "view.fit"}) menu_item(app, id);
}

void Canvas::edit_text(const std::string& annotation, bool is_new) {
  edit_note_ = annotation;
  edit_opened_ = true;
  edit_is_new_ = is_new;
}

bool Canvas::has_text(const std::string& annotation) const {
  return std::ranges::find(model_.frames, annotation, &Frame::id) != model_.frames.end() ||
      std::ranges::find(model_.comments, annotation, &Comment::id) != model_.comments.end();
}

void Canvas::draw_text_edit(App& app, Document& document) {
  if (edit_note_.empty()) return;
  const Annotations notes = annotations(document);
  const auto frame = std::ranges::find(notes.frames, edit_note_, &Frame::id);
  const auto comment = std::ranges::find(notes.comments, edit_note_, &Comment::id);
  const bool is_frame = frame != notes.frames.end();
  if (!is_frame && comment == notes.comments.end()) {
    edit_note_.clear();
    return;
  }
  const Rect area = is_frame ? frame->area : comment->area;
  if (edit_opened_) {
    edit_text_ = is_frame ? frame->title : comment->text;
    ImGui::OpenPopup("Text");
  }
  ImGui::SetNextWindowPos(
      to_screen({static_cast<float>(area.at.x), static_cast<float>(area.at.y)}), ImGuiCond_Appearing);
  if (!ImGui::BeginPopup("Text")) {
    document.end_gesture();
    if (edit_is_new_ && edit_text_.empty()) document.undo();  // nobody wants an empty one
    edit_note_.clear();
    return;
  }
  if (edit_opened_) ImGui::SetKeyboardFocusHere();
  edit_opened_ = false;
  const float width = std::max(ImGui::GetFontSize() * 14, static_cast<float>(area.size.width) * zoom_);
  bool entered = escape_keeps_text();
  if (is_frame) {
    ImGui::SetNextItemWidth(width);
    entered |= ImGui::InputTextWithHint("##text", tr("Title"), &edit_text_, ImGuiInputTextFlags_EnterReturnsTrue);
  } else {
    const float height = std::max(ImGui::GetFontSize() * 5, static_cast<float>(area.size.height) * zoom_);
    entered |= ImGui::InputTextMultiline("##text", &edit_text_, {width, height},
        ImGuiInputTextFlags_WordWrap | ImGuiInputTextFlags_EnterReturnsTrue);  // Ctrl+Enter
  }
  if (ImGui::IsItemEdited()) app.attempt([&] { set_note_text(document, notes); });
  if (entered) ImGui::CloseCurrentPopup();
  ImGui::EndPopup();
}

void Canvas::set_note_text(Document& document, const Annotations& notes) {
  for (Frame frame : notes.frames)
    if (frame.id == edit_note_) {
      frame.title = edit_text_;
      set_frame(document, frame);
    }
  for (Comment comment : notes.comments)
    if (comment.id == edit_note_) {
      comment.text = edit_text_;
      set_comment(document, comment);
    }
}

}  // namespace weft::editor
