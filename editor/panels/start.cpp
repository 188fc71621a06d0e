// What stands in the middle while no workflow is open: why one could not be opened, and ways to another.
#include <imgui_internal.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"

namespace weft::editor {

namespace {

void offer_recent(App& app) {
  if (app.settings.recent_files.empty()) return;
  ImGui::SeparatorText(tr("Recent"));
  std::filesystem::path chosen;  // opening one changes the list
  constexpr std::size_t kMost = 6;
  for (std::size_t i = 0; i < std::min(kMost, app.settings.recent_files.size()); ++i)
    if (ImGui::Selectable(app.settings.recent_files[i].c_str())) chosen = app.settings.recent_files[i];
  if (!chosen.empty()) app.open(chosen);
}

void draw_problem(const App& app) {
  if (app.panels.open_problem.empty()) return;
  ImGui::PushStyleColor(ImGuiCol_Text, app.theme.bad);
  ImGui::PushTextWrapPos();
  ImGui::TextUnformatted(app.panels.open_problem.c_str());
  ImGui::PopTextWrapPos();
  ImGui::PopStyleColor();
  ImGui::Spacing();
}

}  // namespace

void draw_start(App& app) {
  const ImGuiDockNode* centre = ImGui::DockBuilderGetNode(app.panels.centre_dock);
  if (!app.tabs.empty() || !centre) return;
  const float margin = ImGui::GetFontSize() * 2;
  const float width = std::min(centre->Size.x - 2 * margin, ImGui::GetFontSize() * 58);
  ImGui::SetNextWindowPos({centre->Pos.x + (centre->Size.x - width) / 2, centre->Pos.y + margin});
  ImGui::SetNextWindowSize({width, centre->Size.y - 2 * margin});
  constexpr ImGuiWindowFlags kFlags = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoDocking |
      ImGuiWindowFlags_NoMove | ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoBackground;
  if (ImGui::Begin("##start", nullptr, kFlags & ~ImGuiWindowFlags_NoScrollbar)) {
    draw_problem(app);
    for (const char* command : {"file.new", "file.open"}) {
      const CommandInfo* info = app.commands.find(command);
      if (accent_button(label(info->title.data()), app.theme, app.commands.keys_text(command).c_str()))
        app.commands.run(command);
      ImGui::SameLine();
    }
    ImGui::NewLine();
    offer_recent(app);
    draw_templates(app);
  }
  ImGui::End();
}

}  // namespace weft::editor
