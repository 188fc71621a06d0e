#include <fmt/format.h>
#include <imgui_internal.h>
#include <imgui_stdlib.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/session/gestures.h"
#include "editor/session/node_text.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

void dock_defaults(App& app, ImGuiID space) {
  const ImGuiViewport& viewport = *ImGui::GetMainViewport();
  ImGui::DockBuilderRemoveNode(space);
  ImGui::DockBuilderAddNode(space, ImGuiDockNodeFlags_DockSpace);
  ImGui::DockBuilderSetNodeSize(space, viewport.WorkSize);
  ImGuiID centre = space, left = 0, right = 0, below = 0, right_top = 0;
  const float text = ImGui::GetFontSize();
  const float share = std::min(0.24f, text * 21 / viewport.WorkSize.x);
  ImGui::DockBuilderSplitNode(centre, ImGuiDir_Left, std::min(0.18f, text * 15.5f / viewport.WorkSize.x),
                              &left, &centre);
  ImGui::DockBuilderSplitNode(centre, ImGuiDir_Right, share / (1 - 0.16f), &right, &centre);
  ImGui::DockBuilderSplitNode(right, ImGuiDir_Up, 0.52f, &right_top, &right);
  ImGui::DockBuilderSplitNode(centre, ImGuiDir_Down, std::min(0.3f, text * 11.5f / viewport.WorkSize.y),
                              &below, &centre);
  for (const char* name : {"Nodes", "History"}) ImGui::DockBuilderDockWindow(name, left);
  for (const char* name : {"Inspector"}) ImGui::DockBuilderDockWindow(name, right_top);
  for (const char* name : {"Viewer"}) ImGui::DockBuilderDockWindow(name, right);
  for (const char* name : {"Gallery", "Queue", "Problems", "Timings", "Log"})
    ImGui::DockBuilderDockWindow(name, below);
  ImGui::DockBuilderFinish(space);
  app.panels.docks_are_new = true;
  app.panels.frames_to_focus = 5;  // once all panels are docked
}

void quit_question(App& app) {
  if (app.dialog() != Dialog::Quit || !begin_dialog(label("Quit?"))) return;
  ImGui::TextUnformatted(tr("These workflows are not saved:"));
  for (const auto& tab : app.tabs)
    if (tab->document->dirty()) ImGui::BulletText("%s", tab->document->name().c_str());
  ImGui::Spacing();
  if (ImGui::Button(label("Quit Without Saving"))) {
    for (const auto& tab : app.tabs)
      if (app.journal) app.journal->forget(tab->document->id());
    app.quit = true;
  }
  ImGui::SameLine();
  if (default_button(label("Keep Working"), app.theme) || ImGui::IsKeyPressed(ImGuiKey_Escape)) {
    app.panels.quitting = false;
    ImGui::CloseCurrentPopup();
  }
  ImGui::EndPopup();
}

void close_question(App& app) {
  Tab* asking = nullptr;
  for (const auto& tab : app.tabs)
    if (tab->asked_to_close) asking = tab.get();
  if (!asking || app.dialog() != Dialog::Close || !begin_dialog(label("Close?"))) return;
  ImGui::TextUnformatted(tr_format("{} is not saved.", asking->document->name()).c_str());
  ImGui::Spacing();
  bool answered = true;
  bool close = false;
  if (default_button(label("Save"), app.theme)) {
    app.save(*asking);
    close = !asking->document->dirty();
  } else {
    ImGui::SameLine();
    close = ImGui::Button(label("Do Not Save"));
    ImGui::SameLine();
    answered = close || ImGui::Button(label("Cancel")) || ImGui::IsKeyPressed(ImGuiKey_Escape);
  }
  if (answered) {
    asking->asked_to_close = false;
    ImGui::CloseCurrentPopup();
  }
  ImGui::EndPopup();
  if (close) app.close_now(*asking);
}

void rename_question(App& app) {
  PanelStates& panels = app.panels;
  if (panels.rename_node.empty()) return;
  const bool opened_now = std::exchange(panels.rename_opened, false);
  if (opened_now) ImGui::OpenPopup("Rename");
  Document* document = app.document();
  const GraphNode* node = document ? document->graph().find(panels.rename_node) : nullptr;
  if (const NodeView* view = node ? app.active()->canvas.model().find(node->id) : nullptr)
    ImGui::SetNextWindowPos(app.active()->canvas.to_screen(view->at), ImGuiCond_Appearing);
  if (!node || !ImGui::BeginPopup("Rename")) {  // a click elsewhere ends it
    const std::string renamed = std::exchange(panels.rename_node, {});
    if (node && node->title != panels.rename_text)
      app.attempt([&] { set_title(*document, renamed, panels.rename_text); });
    return;
  }
  if (opened_now) ImGui::SetKeyboardFocusHere();
  const NodeInfo* type = app.type_of(*node);
  ImGui::SetNextItemWidth(ImGui::GetFontSize() * 16);
  const bool cancelled = escape_keeps_text();
  if (ImGui::InputTextWithHint("##title", type ? shown_title(*type).c_str() : tr("Title"), &panels.rename_text,
                               ImGuiInputTextFlags_EnterReturnsTrue)) {
    ImGui::CloseCurrentPopup();
  } else if (cancelled) {
    panels.rename_text = node->title;
    ImGui::CloseCurrentPopup();
  }
  ImGui::EndPopup();
}

/// A panel gets the keyboard: its first item, from which arrows and Tab lead on.
void focus_panel(const char* name) {
  ImGui::SetWindowFocus(name);
  if (ImGuiWindow* window = ImGui::FindWindowByName(name)) ImGui::NavInitWindow(window, /*force_reinit=*/true);
  ImGui::SetNavCursorVisible(true);
}

}  // namespace

void draw_dock_space(App& app) {
  if (const std::string name = std::exchange(app.panels.focus_panel, {}); !name.empty()) focus_panel(label(name.c_str()));
  const ImGuiID space = ImGui::GetID("dock space");
  // The tabs that one sees first. One a frame, as only the one that has the focus at its end comes to the front.
  switch (app.panels.frames_to_focus > 0 ? --app.panels.frames_to_focus : -1) {
    case 2:
      ImGui::SetWindowFocus("Gallery");
      break;
    case 1:
      ImGui::SetWindowFocus("Nodes");
      break;
    case 0:
      if (Tab* tab = app.active()) tab->focus = true;
      break;
    default:
      break;
  }
  if (std::exchange(app.layout_wanted, false) || !ImGui::DockBuilderGetCentralNode(space)) dock_defaults(app, space);
  ImGui::DockSpaceOverViewport(space, ImGui::GetMainViewport(), ImGuiDockNodeFlags_None);
  app.panels.centre_dock = ImGui::DockBuilderGetCentralNode(space)->ID;
}

void draw_empty_canvas(App& app) {
  const Canvas& canvas = app.active()->canvas;
  const std::string lines[] = {
      tr("An empty canvas"), tr_format("{} or a double click adds a node", app.commands.keys_text("node.add")),
      tr_format("{} begins with a template", app.commands.keys_text("file.template")),
      tr("Drop a workflow, or a picture that Weft made, to open it")};
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 middle{(canvas.screen_min().x + canvas.screen_max().x) / 2,
                      (canvas.screen_min().y + canvas.screen_max().y) / 2};
  float y = middle.y - 1.5f * ImGui::GetTextLineHeightWithSpacing();
  for (std::size_t i = 0; i < std::size(lines); ++i) {
    const ImVec2 size = ImGui::CalcTextSize(lines[i].c_str());
    list.AddText({middle.x - size.x / 2, y}, i == 0 ? app.theme.text_dim : app.theme.text_faint,
                 lines[i].c_str());
    y += ImGui::GetTextLineHeightWithSpacing() * (i == 0 ? 1.4f : 1.0f);
  }
}

void App::draw_questions() {
  quit_question(*this);
  close_question(*this);
  rename_question(*this);
}

}  // namespace weft::editor
