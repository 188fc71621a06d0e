// What this program is: its version, where it keeps things, which plugins it found. For reports of faults, it can be
// copied as text.
#include <fmt/format.h>

#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"

namespace weft::editor {

namespace {

using Facts = std::vector<std::pair<const char*, std::string>>;

Facts facts_of(const App& app) {
  Facts facts{{tr("Version"), WEFT_VERSION}, {tr("Settings"), app.options.settings_file.string()},
      {tr("Journals"), app.options.state_folder.string()}, {tr("Pictures go to"), app.settings.output_folder.string()}};
  for (const auto& folder : app.options.plugin_folders) facts.emplace_back(tr("Plugins"), folder.string());
  return facts;
}

std::string state_of(const PluginInfo& plugin) {
  if (!plugin.problem.empty()) return plugin.problem;
  return tr_format_n("{} node", "{} nodes", plugin.nodes.size());
}

std::string name_of(const PluginInfo& plugin) {
  return plugin.id.empty() ? plugin.library.filename().string() : plugin.id;
}

std::string as_text(const App& app) {
  std::string text;
  for (const auto& [name, fact] : facts_of(app)) text += fmt::format("{}: {}\n", name, fact);
  for (const PluginInfo& plugin : app.plugins.plugins())
    text += fmt::format("{} {}: {}\n", name_of(plugin), plugin.version, state_of(plugin));
  return text;
}

void draw_facts(const App& app) {
  for (const auto& [name, fact] : facts_of(app)) {
    dim_text(app.theme, name);
    ImGui::SameLine(ImGui::GetFontSize() * 9);
    ImGui::PushTextWrapPos();
    ImGui::TextUnformatted(fact.c_str());
    ImGui::PopTextWrapPos();
  }
}

void draw_plugins(const App& app) {
  constexpr ImGuiTableFlags kFlags = ImGuiTableFlags_RowBg | ImGuiTableFlags_ScrollY;
  if (!ImGui::BeginTable("plugins", 3, kFlags, {0, ImGui::GetFontSize() * 16})) return;
  ImGui::TableSetupScrollFreeze(0, 1);
  ImGui::TableSetupColumn(tr("Plugin"), ImGuiTableColumnFlags_WidthFixed, ImGui::GetFontSize() * 14);
  ImGui::TableSetupColumn(tr("Version"), ImGuiTableColumnFlags_WidthFixed, ImGui::GetFontSize() * 5);
  ImGui::TableSetupColumn(tr("Brings"), ImGuiTableColumnFlags_WidthStretch);
  ImGui::TableHeadersRow();
  for (const PluginInfo& plugin : app.plugins.plugins()) {
    ImGui::TableNextRow();
    ImGui::TableNextColumn();
    ImGui::TextUnformatted(name_of(plugin).c_str());
    ImGui::SetItemTooltip("%s", plugin.library.c_str());
    ImGui::TableNextColumn();
    dim_text(app.theme, plugin.version);
    ImGui::TableNextColumn();
    ImGui::PushTextWrapPos();
    ImGui::PushStyleColor(ImGuiCol_Text, plugin.problem.empty() ? app.theme.text : app.theme.bad);
    ImGui::TextUnformatted(state_of(plugin).c_str());
    ImGui::PopStyleColor();
    ImGui::PopTextWrapPos();
  }
  ImGui::EndTable();
}

}  // namespace

void draw_about(App& app) {
  bool& open = app.panels.about;
  if (app.dialog() != Dialog::About || !begin_dialog(label("About Weft"), 44, &open)) return;
  draw_facts(app);
  ImGui::Spacing();
  draw_plugins(app);
  ImGui::Spacing();
  if (ImGui::Button(label("Copy"))) ImGui::SetClipboardText(as_text(app).c_str());
  ImGui::SetItemTooltip("%s", tr("All of this as text, for a report"));
  ImGui::SameLine();
  if (default_button(label("Close"), app.theme) || ImGui::IsKeyPressed(ImGuiKey_Escape)) open = false;
  if (!open) ImGui::CloseCurrentPopup();
  ImGui::EndPopup();
}

}  // namespace weft::editor
