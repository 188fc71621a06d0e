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
  // Parts of what is left: the right one is cut off what the left one leaves.
  const float left_part = std::min(0.3f, text * 15.5f / viewport.WorkSize.x);
  const float right_part = std::min(0.45f, text * 21 / (viewport.WorkSize.x * (1 - left_part)));
  ImGui::DockBuilderSplitNode(centre, ImGuiDir_Left, left_part, &left, &centre);
  ImGui::DockBuilderSplitNode(centre, ImGuiDir_Right, right_part, &right, &centre);
  ImGui::DockBuilderSplitNode(right, ImGuiDir_Up, 0.52f, &right_top, &right);
  ImGui::DockBuilderSplitNode(
      centre, ImGuiDir_Down, std::min(0.35f, text * 11.5f / viewport.WorkSize.y), &below, &centre);
  for (const char* name : {"Nodes", "History"}) ImGui::DockBuilderDockWindow(name, left);
  for (const char* name : {"Inspector"}) ImGui::DockBuilderDockWindow(name, right_top);
  for (const char* name : {"Viewer"}) ImGui::DockBuilderDockWindow(name, right);
  for (const char* name : {"Gallery", "Queue", "Problems", "Timings", "Log"}) ImGui::DockBuilderDockWindow(name, below);
  ImGui::DockBuilderFinish(space);
  // Those that are hidden at first come with their first tab as well.
  for (const auto& [node, name] : {std::pair{left, "Nodes"}, {below, "Gallery"}})
    ImGui::DockBuilderGetNode(node)->SelectedTabId = ImHashStr("#TAB", 0, ImHashStr(name));
  app.panels.docks_are_new = true;
  app.panels.to_front = {"Nodes", "Gallery"};
  app.panels.frames_to_focus = 5;  // once all panels are docked
  app.panels.docks_scale = app.ui_scale();
}

/// Panels grow with the interface; the canvas has the rest.
void scale_docks(ImGuiDockNode* node, float by) {
  if (!node) return;
  if (!node->IsCentralNode()) node->SizeRef = {node->Size.x * by, node->Size.y * by};
  for (ImGuiDockNode* child : node->ChildNodes) scale_docks(child, by);
}

/// Saves one workflow after the other, asking for names, then quits. One that is not saved after all ends it.
void save_all_and_quit(App& app) {
  if (!app.panels.saving_all || app.file_dialog.is_open()) return;
  for (const auto& tab : app.tabs) {
    if (!tab->document->dirty()) continue;
    app.panels.saving_all = std::exchange(app.panels.save_asked, tab->document->id()) != tab->document->id();
    if (!app.panels.saving_all) return;  // its question was answered with no
    app.active_tab = tab.get();
    tab->focus = true;
    app.save(*tab);
    app.panels.saving_all = app.file_dialog.is_open() || !tab->document->dirty();
    return;
  }
  app.request_quit();
}

void quit_question(App& app) {
  save_all_and_quit(app);
  if (app.dialog() != Dialog::Quit || !begin_dialog(label("Quit?"))) return;
  ImGui::TextUnformatted(tr("These workflows are not saved:"));
  for (const auto& tab : app.tabs)
    if (tab->document->dirty()) ImGui::BulletText("%s", tab->document->name().c_str());
  ImGui::Spacing();
  if (default_button(label("Save All"), app.theme)) {
    app.panels.saving_all = true;
    app.panels.save_asked = 0;
    app.panels.quitting = false;
    ImGui::CloseCurrentPopup();
  }
  ImGui::SameLine();
  if (ImGui::Button(label("Quit Without Saving"))) {
    app.quit_now();
  }
  ImGui::SameLine();
  if (ImGui::Button(label("Keep Working")) || ImGui::IsKeyPressed(ImGuiKey_Escape)) {
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

/// The title of a node; of one that stands for a subgraph, or inside one, the subgraph's name.
void rename_question(App& app) {
  PanelStates& panels = app.panels;
  if (panels.rename_node.empty() && panels.rename_definition.empty()) return;
  const bool opened_now = std::exchange(panels.rename_opened, false);
  if (opened_now) ImGui::OpenPopup("Rename");
  Document* document = app.document();
  const GraphNode* node = document ? document->graph().find(panels.rename_node) : nullptr;
  const bool definition = !panels.rename_definition.empty();
  const bool is_there =
      document && (definition ? document->workflow().subgraphs.contains(panels.rename_definition) : node != nullptr);
  if (is_there) {
    const Canvas& canvas = app.active()->canvas;
    const NodeView* view = node ? canvas.model().find(node->id) : nullptr;
    const float below_path = 3 * ImGui::GetFrameHeight();
    ImGui::SetNextWindowPos(view
            ? canvas.to_screen(view->at)
            : ImVec2{canvas.screen_min().x + ImGui::GetFontSize(), canvas.screen_min().y + below_path},
        ImGuiCond_Appearing);
  }
  if (!is_there || !ImGui::BeginPopup("Rename")) {  // a click elsewhere ends it
    const std::string renamed = std::exchange(panels.rename_node, {}),
                      from = std::exchange(panels.rename_definition, {});
    if (is_there && definition && from != panels.rename_text)
      app.attempt([&] { rename_subgraph(*document, from, panels.rename_text); });
    else if (is_there && !definition && node->title != panels.rename_text)
      app.attempt([&] { set_title(*document, renamed, panels.rename_text); });
    return;
  }
  if (opened_now) ImGui::SetKeyboardFocusHere();
  const NodeInfo* type = node ? app.type_of(*node) : nullptr;
  const std::string hint = definition ? tr("Name of the subgraph") : type ? shown_title(*type) : tr("Title");
  ImGui::SetNextItemWidth(ImGui::GetFontSize() * 16);
  const bool cancelled = escape_keeps_text();
  if (ImGui::InputTextWithHint("##title", hint.c_str(), &panels.rename_text, ImGuiInputTextFlags_EnterReturnsTrue)) {
    ImGui::CloseCurrentPopup();
  } else if (cancelled) {
    panels.rename_text = definition ? panels.rename_definition : node->title;
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

constexpr std::pair<std::string_view, PanelGroup> kPanels[] = {{"Nodes", PanelGroup::Left},
    {"History", PanelGroup::Left}, {"Inspector", PanelGroup::Right}, {"Viewer", PanelGroup::Right},
    {"Gallery", PanelGroup::Below}, {"Queue", PanelGroup::Below}, {"Problems", PanelGroup::Below},
    {"Timings", PanelGroup::Below}, {"Log", PanelGroup::Below}};

/// The tabs that one sees first, and those that one saw before panels were hidden. One a frame, as only the one that has
/// the focus at its end comes to the front; the canvas has it afterwards.
void bring_tabs_to_front(App& app) {
  PanelStates& panels = app.panels;
  if (panels.frames_to_focus == 0) return;
  const auto left = static_cast<std::size_t>(--panels.frames_to_focus);
  if (left == 0) {
    panels.to_front.clear();
    if (Tab* tab = app.active()) tab->focus = true;
  } else if (left <= panels.to_front.size()) {
    ImGui::SetWindowFocus(panels.to_front[left - 1].c_str());
  }
}

/// Panels that come back would each take the focus; those stay in front that were there when they went.
void keep_front_tabs(App& app) {
  PanelStates& panels = app.panels;
  std::vector<std::string> back;
  for (const auto& [name, group] : kPanels) {
    const std::string panel(name);
    const bool shown = panels.shown.shows(group);
    const auto known = std::ranges::find(panels.front_tabs, panel);
    const bool was_front = known != panels.front_tabs.end();
    if (shown && !panels.known_shown.shows(group)) {
      if (was_front) back.push_back(panel);
    } else if (shown && panels.frames_to_focus == 0) {
      const ImGuiWindow* window = ImGui::FindWindowByName(panel.c_str());
      const bool is_front = window && window->WasActive && window->DockTabIsVisible;
      if (is_front && !was_front) panels.front_tabs.push_back(panel);
      if (!is_front && was_front) panels.front_tabs.erase(known);
    }
  }
  panels.known_shown = panels.shown;
  if (back.empty()) return;
  panels.to_front = std::move(back);
  panels.frames_to_focus = static_cast<int>(panels.to_front.size()) + 2;
}

/// One that is hidden comes first, and has the keyboard in the next frame.
void take_focus_wish(App& app) {
  std::string& wish = app.panels.focus_panel;
  if (wish.empty()) return;
  const auto* panel = std::ranges::find(kPanels, wish, &std::pair<std::string_view, PanelGroup>::first);
  if (panel != std::end(kPanels) && !app.panels.shown.shows(panel->second))
    app.show_panels([&](ShownPanels& shown) { shown.reveal(panel->second); });
  else
    focus_panel(label(std::exchange(wish, {}).c_str()));
}

}  // namespace

void draw_dock_space(App& app) {
  take_focus_wish(app);
  const ImGuiID space = ImGui::GetID("dock space");
  bring_tabs_to_front(app);
  if (std::exchange(app.layout_wanted, false) || !ImGui::DockBuilderGetCentralNode(space)) dock_defaults(app, space);
  const ImVec2 room = ImGui::GetMainViewport()->WorkSize;
  const float text = ImGui::GetFontSize();
  app.panels.shown.set_room({room.x / text, room.y / text});
  keep_front_tabs(app);
  if (const float before = std::exchange(app.panels.docks_scale, app.ui_scale());
      before > 0 && before != app.ui_scale())
    scale_docks(ImGui::DockBuilderGetNode(space), app.ui_scale() / before);
  ImGui::DockSpaceOverViewport(space, ImGui::GetMainViewport(), ImGuiDockNodeFlags_None);
  app.panels.centre_dock = ImGui::DockBuilderGetCentralNode(space)->ID;
}

void draw_panel_handles(App& app, const Canvas& canvas) {
  struct Handle {
    PanelGroup group;
    const char *icon, *command;
    ImVec2 part;  ///< of the canvas
  };
  static constexpr Handle kHandles[] = {{PanelGroup::Left, icon::kRight, "view.left_panels", {0, 0.5f}},
      {PanelGroup::Right, icon::kLeft, "view.right_panels", {1, 0.5f}},
      {PanelGroup::Below, icon::kUp, "view.lower_panels", {0.5f, 1}}};
  const ImVec2 min = canvas.screen_min(), max = canvas.screen_max();
  const float thick = ImGui::GetFontSize() * 1.1f, length = ImGui::GetFontSize() * 3.2f;
  for (const Handle& handle : kHandles) {
    if (app.panels.shown.shows(handle.group)) continue;
    const ImVec2 size = handle.group == PanelGroup::Below ? ImVec2{length, thick} : ImVec2{thick, length};
    ImGui::SetCursorScreenPos(
        {min.x + (max.x - min.x - size.x) * handle.part.x, min.y + (max.y - min.y - size.y) * handle.part.y});
    ImGui::PushStyleVar(ImGuiStyleVar_FramePadding, ImVec2{0, 0});
    if (ImGui::BeginChild(handle.command, size, 0, ImGuiWindowFlags_NoNav | ImGuiWindowFlags_NoScrollbar)) {
      if (ImGui::Button(fmt::format("{}##{}", handle.icon, handle.command).c_str(), size))
        app.commands.run(handle.command);
      ImGui::SetItemTooltip("%s", app.commands.find(handle.command)->shown_title());
    }
    ImGui::EndChild();
    ImGui::PopStyleVar();
  }
}

void draw_empty_canvas(App& app) {
  const Canvas& canvas = app.active()->canvas;
  const std::string lines[] = {tr("An empty canvas"),
      tr_format("{} or a double click adds a node", app.commands.keys_text("node.add")),
      tr_format("{} begins with a template", app.commands.keys_text("file.template")),
      tr("Drop a workflow to open it, or a picture to load it")};
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const ImVec2 middle{
      (canvas.screen_min().x + canvas.screen_max().x) / 2, (canvas.screen_min().y + canvas.screen_max().y) / 2};
  float y = middle.y - 1.5f * ImGui::GetTextLineHeightWithSpacing();
  for (std::size_t i = 0; i < std::size(lines); ++i) {
    const ImVec2 size = ImGui::CalcTextSize(lines[i].c_str());
    list.AddText({middle.x - size.x / 2, y}, i == 0 ? app.theme.text_dim : app.theme.text_faint, lines[i].c_str());
    y += ImGui::GetTextLineHeightWithSpacing() * (i == 0 ? 1.4f : 1.0f);
  }
}

void draw_questions(App& app) {
  quit_question(app);
  close_question(app);
  rename_question(app);
}

}  // namespace weft::editor
