// What stands in the middle while no workflow is open: why one could not be opened, and ways to another.
#include <imgui_internal.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"

namespace weft::editor {

namespace {

/// A list of files to open; none of them: nothing at all.
template <class Name>
void offer(App& app, const char* title, const std::vector<std::filesystem::path>& files, const Name& name) {
  if (files.empty()) return;
  ImGui::SeparatorText(title);
  std::filesystem::path chosen;  // opening one changes the list
  for (const auto& file : files)
    if (ImGui::Selectable(name(file).c_str())) chosen = file;
  if (!chosen.empty()) app.open(chosen);
}

void draw_last_error(const App& app) {
  const auto error = std::ranges::find(app.log.rbegin(), app.log.rend(), LogLine::Kind::Error, &LogLine::kind);
  if (error == app.log.rend()) return;
  ImGui::PushStyleColor(ImGuiCol_Text, app.theme.bad);
  ImGui::PushTextWrapPos();
  ImGui::TextUnformatted(error->text.c_str());
  ImGui::PopTextWrapPos();
  ImGui::PopStyleColor();
  ImGui::Spacing();
}

}  // namespace

std::string example_name(const App& app, const std::filesystem::path& file) {
  return file.lexically_relative(app.options.examples_folder).replace_extension().string();
}

void draw_start(App& app) {
  const ImGuiDockNode* centre = ImGui::DockBuilderGetNode(app.panels.centre_dock);
  if (!app.tabs.empty() || !centre) return;
  const float margin = ImGui::GetFontSize() * 2;
  const float width = std::min(centre->Size.x - 2 * margin, ImGui::GetFontSize() * 30);
  ImGui::SetNextWindowPos({centre->Pos.x + (centre->Size.x - width) / 2, centre->Pos.y + margin});
  ImGui::SetNextWindowSize({width, centre->Size.y - 2 * margin});
  constexpr ImGuiWindowFlags kFlags = ImGuiWindowFlags_NoDecoration | ImGuiWindowFlags_NoDocking | ImGuiWindowFlags_NoMove |
                                      ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoBackground;
  if (ImGui::Begin("##start", nullptr, kFlags & ~ImGuiWindowFlags_NoScrollbar)) {
    draw_last_error(app);
    for (const char* command : {"file.new", "file.open"}) {
      const CommandInfo* info = app.commands.find(command);
      if (accent_button(label(info->title.data()), app.theme, app.commands.keys_text(command).c_str()))
        app.commands.run(command);
      ImGui::SameLine();
    }
    ImGui::NewLine();
    offer(app, tr("Recent"), app.settings.recent_files, [](const auto& file) { return file.string(); });
    offer(app, tr("Examples"), app.examples, [&](const auto& file) { return example_name(app, file); });
  }
  ImGui::End();
}

}  // namespace weft::editor
