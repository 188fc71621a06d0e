#include <fmt/format.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

KeyChord pressed_chord();  // app_keys.cpp

namespace {

/// True if another one was chosen.
bool choose_among_languages(App& app) {
  Settings& settings = app.settings;
  bool changed = false;
  const std::vector<Language>& known = app.panels.settings.languages;
  const auto chosen = std::ranges::find(known, settings.language, &Language::code);
  const char* by_system = tr("As the system says");
  ImGui::SetNextItemWidth(ImGui::GetFontSize() * 12);
  const auto shown = [&](const Language& each) {
    return app.fonts.shows(each.name) ? each.name : fmt::format("{}  ({})", each.code, tr("no font"));
  };
  if (!ImGui::BeginCombo("##language", chosen == known.end() ? by_system : shown(*chosen).c_str())) return false;
  if (ImGui::Selectable(by_system, chosen == known.end())) settings.language.clear(), changed = true;
  for (const Language& each : known)
    if (ImGui::Selectable(shown(each).c_str(), settings.language == each.code))
      settings.language = each.code, changed = true;
  ImGui::EndCombo();
  return changed;
}

/// How far the widgets of a page stand from its left, so that each label has room before them.
float column_after(std::initializer_list<const char*> labels) {
  float widest = ImGui::GetFontSize() * 7;
  for (const char* each : labels) widest = std::max(widest, ImGui::CalcTextSize(each).x);
  return ImGui::GetStyle().WindowPadding.x + widest + ImGui::GetFontSize() * 2;
}

void label_before(const char* text, float column) {
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(text);
  ImGui::SameLine(column);
}

void draw_look(App& app) {
  Settings& settings = app.settings;
  const float column =
      column_after({tr("Theme"), tr("Language"), tr("Interface scale"), tr("Grid"), tr("Snap to Grid"), tr("Minimap")});
  const bool light = !app.theme.dark;
  label_before(tr("Theme"), column);
  bool changed = false;
  const auto offer = [&](const char* name, Settings::Theme theme, bool chosen) {
    if (!ImGui::RadioButton(name, chosen)) return;
    settings.theme = theme;
    app.theme_for_now.reset();
    changed = true;
  };
  offer(label("Dark"), Settings::Theme::Dark, !light);
  ImGui::SameLine();
  offer(label("Light"), Settings::Theme::Light, light);

  label_before(tr("Language"), column);
  changed |= choose_among_languages(app);

  label_before(tr("Interface scale"), column);
  constexpr float kScales[] = {0, 0.75f, 1, 1.25f, 1.5f, 2, 3};
  const auto scale_name = [](float scale) {
    return scale == 0 ? std::string(tr("As the display says")) : fmt::format("{:.0f} %", scale * 100);
  };
  ImGui::SetNextItemWidth(ImGui::GetFontSize() * 12);
  if (ImGui::BeginCombo("##scale", scale_name(static_cast<float>(settings.ui_scale)).c_str())) {
    for (const float scale : kScales)
      if (ImGui::Selectable(scale_name(scale).c_str(), settings.ui_scale == scale))
        settings.ui_scale = scale, changed = true;
    ImGui::EndCombo();
  }
  for (const auto& [name, which] : {std::pair{tr_later("Grid"), &Settings::show_grid},
           {tr_later("Snap to Grid"), &Settings::snap_to_grid}, {tr_later("Minimap"), &Settings::show_minimap}}) {
    label_before(tr(name), column);
    changed |= ImGui::Checkbox(fmt::format("##{}", name).c_str(), &(settings.*which));
  }
  if (changed) {
    app.look_changed = true;
    app.save_settings_soon();
  }
}

void draw_files(App& app) {
  const float column = column_after({tr("Pictures go to"), tr("Model folders")});
  label_before(tr("Pictures go to"), column);
  std::string folder = app.settings.output_folder.string();
  ImGui::SetNextItemWidth(-1);
  if (ImGui::InputText("##output", &folder, ImGuiInputTextFlags_EnterReturnsTrue) && !folder.empty()) {
    app.settings.output_folder = folder;
    app.gallery.scan(folder);
    app.save_settings_soon();
  }
  label_before(tr("Model folders"), column);
  if (ImGui::Button(label("Add\u2026"))) app.ask_for_model_folder();
  int gone = -1;
  for (std::size_t i = 0; i < app.settings.model_folders.size(); ++i) {
    ImGui::PushID(static_cast<int>(i));
    if (quiet_button(icon::kTrash, app.theme, tr("Do not look here"))) gone = static_cast<int>(i);
    ImGui::SameLine();
    ImGui::TextUnformatted(app.settings.model_folders[i].c_str());
    ImGui::PopID();
  }
  if (gone < 0) return;
  app.settings.model_folders.erase(app.settings.model_folders.begin() + gone);
  app.model_folders_changed();
}

void record_keys(App& app) {
  SettingsDialogState& state = app.panels.settings;
  if (state.recording.empty()) return;
  const KeyChord chord = pressed_chord();
  if (chord.key.empty()) return;
  const bool cancelled = chord.key == "Escape" && !chord.ctrl && !chord.alt && !chord.shift;
  if (!cancelled) {
    app.commands.set_keys(state.recording, {chord});
    app.save_settings_soon();
  }
  state.recording.clear();
}

void draw_keys(App& app) {
  SettingsDialogState& state = app.panels.settings;
  for (const KeyConflict& conflict : app.commands.conflicts())
    ImGui::TextColored(as_vec4(app.theme.warn), "%s",
        tr_format("{} means both '{}' and '{}'", to_text(conflict.keys), conflict.first, conflict.second).c_str());
  ImGui::SetNextItemWidth(-1);
  ImGui::InputTextWithHint("##query", fmt::format("{}  {}", icon::kSearch, tr("Search")).c_str(), &state.key_query);
  if (!ImGui::BeginTable("keys", 3, ImGuiTableFlags_RowBg | ImGuiTableFlags_ScrollY, {0, ImGui::GetFontSize() * 18}))
    return;
  ImGui::TableSetupColumn("command", ImGuiTableColumnFlags_WidthStretch);
  ImGui::TableSetupColumn("keys", ImGuiTableColumnFlags_WidthFixed, ImGui::GetFontSize() * 11);
  ImGui::TableSetupColumn("reset", ImGuiTableColumnFlags_WidthFixed, ImGui::GetFontSize() * 2.4f);
  for (const CommandInfo& command : app.commands.all()) {
    if (!app.is_bound(command.id)) continue;
    if (!state.key_query.empty() && !fuzzy_match(state.key_query, command.shown_title())) continue;
    ImGui::PushID(command.id.data(), command.id.data() + command.id.size());
    ImGui::TableNextRow();
    ImGui::TableNextColumn();
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted(command.shown_title());
    ImGui::TableNextColumn();
    const bool recording = state.recording == command.id;
    const std::string keys = recording ? tr("Press keys\u2026") : app.commands.keys_text(command.id);
    if (ImGui::Button(((keys.empty() ? tr("none") : keys) + "##keys").c_str(), {-1, 0})) state.recording = command.id;
    ImGui::TableNextColumn();
    if (app.commands.changed(command.id) &&
        quiet_button((std::string(icon::kUndo) + "##reset").c_str(), app.theme, tr("The default again"))) {
      app.commands.reset_keys(command.id);
      app.save_settings_soon();
    }
    ImGui::PopID();
  }
  ImGui::EndTable();
}

}  // namespace

void draw_settings(App& app) {
  SettingsDialogState& state = app.panels.settings;
  if (!state.open) state.recording.clear();
  if (app.dialog() != Dialog::Settings || !begin_dialog(label("Settings"), 38, &state.open)) return;
  if (ImGui::IsWindowAppearing()) state.languages = languages(app.options.translations_folder);
  const bool was_recording = !state.recording.empty();
  record_keys(app);
  if (ImGui::BeginTabBar("pages")) {
    if (ImGui::BeginTabItem(label("Look"))) {
      draw_look(app);
      ImGui::EndTabItem();
    }
    if (ImGui::BeginTabItem(label("Files"))) {
      draw_files(app);
      ImGui::EndTabItem();
    }
    const auto first = std::exchange(state.keys_first, false) ? ImGuiTabItemFlags_SetSelected : 0;
    if (ImGui::BeginTabItem(label("Keys"), nullptr, first)) {
      draw_keys(app);
      ImGui::EndTabItem();
    }
    ImGui::EndTabBar();
  }
  ImGui::Spacing();
  const bool escape = !was_recording && ImGui::IsKeyPressed(ImGuiKey_Escape) && !ImGui::GetIO().WantTextInput;
  if (ImGui::Button(label("Close")) || escape) state.open = false;
  if (!state.open) ImGui::CloseCurrentPopup();
  ImGui::EndPopup();
}

}  // namespace weft::editor
