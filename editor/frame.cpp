#include "editor/frame.h"

#include <fmt/format.h>
#include <imgui_internal.h>

#include "editor/app/app.h"
#include "editor/app/lists.h"
#include "editor/app/menus.h"
#include "editor/app/param_edit.h"
#include "editor/app/vary.h"
#include "editor/panels/panels.h"

namespace weft::editor {

namespace {

/// A panel that has come into sight has taken the keyboard from the canvas, though nobody went there.
bool panel_took_focus(const ImGuiWindow* before) {
  const ImGuiWindow* now = ImGui::GetCurrentContext()->NavWindow;
  return now && now != before && now->Appearing && !(now->RootWindow->Flags & ImGuiWindowFlags_Popup);
}

/// Each document in a window of its own, docked in the middle.
void draw_tabs(App& app) {
  Tab* closing = nullptr;
  app.panels.canvas_focused = false;
  const ImGuiCond dock = std::exchange(app.panels.docks_are_new, false) ? ImGuiCond_Always : ImGuiCond_Once;
  for (std::size_t i = 0; i < app.tabs.size(); ++i) {
    Tab& tab = *app.tabs[i];
    bool open = true;
    ImGui::SetNextWindowDockID(app.panels.centre_dock, dock);
    ImGui::PushStyleVar(ImGuiStyleVar_WindowPadding, ImVec2{0, 0});
    const std::string title = fmt::format("{}###document {}", tab.document->name(), tab.document->id());
    const ImGuiWindowFlags flags = ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_NoScrollWithMouse |
        ImGuiWindowFlags_NoNav | ImGuiWindowFlags_NoCollapse | ImGuiWindowFlags_NoSavedSettings |
        (tab.document->dirty() ? ImGuiWindowFlags_UnsavedDocument : 0);
    if (std::exchange(tab.focus, false)) ImGui::SetNextWindowFocus();
    const bool visible = ImGui::Begin(title.c_str(), &open, flags);
    ImGui::PopStyleVar();
    if (ImGui::IsWindowFocused(ImGuiFocusedFlags_RootAndChildWindows)) {
      app.active_tab = &tab;
      app.panels.canvas_focused = true;
    }
    tab.seen = visible;
    if (visible) {
      tab.canvas.draw(app, *tab.document);
      if (tab.document->graph().size() == 0) draw_empty_canvas(app);
      draw_panel_handles(app, tab.canvas);
    }
    ImGui::End();
    if (!open) closing = &tab;
  }
  if (closing) app.close(*closing);
}

}  // namespace

void draw_frame(App& app) {
  app.begin_frame();
  draw_menu_bar(app);
  draw_status_bar(app);
  draw_dock_space(app);
  draw_tabs(app);
  draw_start(app);
  const ImGuiWindow* focused = ImGui::GetCurrentContext()->NavWindow;
  if (app.panels.shown.shows(PanelGroup::Left)) {
    draw_library(app);
    draw_history(app);
  }
  if (app.panels.shown.shows(PanelGroup::Right)) {
    draw_inspector(app);
    draw_viewer(app);
  }
  if (app.panels.shown.shows(PanelGroup::Below)) {
    draw_gallery(app);
    draw_queue(app);
    draw_problems(app);
    draw_timings(app);
    draw_log(app);
  }
  if (app.active_tab && app.panels.canvas_focused && app.panels.focus_panel.empty() && panel_took_focus(focused))
    app.active_tab->focus = true;
  draw_missing(app);
  draw_value_popup(app);
  draw_vary(app);
  draw_search_list(app);
  draw_settings(app);
  draw_about(app);
  draw_template_dialog(app);
  draw_recovery(app);
  draw_disk_change(app);
  draw_questions(app);
  draw_painter(app);
  draw_region_editor(app);
  draw_lightbox(app);
  app.file_dialog.draw(app);
  app.end_frame();
}

}  // namespace weft::editor
