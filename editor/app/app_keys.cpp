// Keys: each press is looked up among the commands' chords, which users may change.
#include <imgui.h>

#include <map>
#include <string>

#include "editor/app/app.h"

namespace weft::editor {

namespace {

/// ImGui's keys by the names that chords have. They are ImGui's names already, but for a few of its
/// abbreviations.
const std::map<std::string, ImGuiKey>& keys_by_name() {
  static const std::map<std::string, ImGuiKey> keys = [] {
    std::map<std::string, ImGuiKey> made;
    std::map<std::string, ImGuiKey> of_imgui;
    for (int key = ImGuiKey_NamedKey_BEGIN; key < ImGuiKey_NamedKey_END; ++key)
      of_imgui.emplace(ImGui::GetKeyName(static_cast<ImGuiKey>(key)), static_cast<ImGuiKey>(key));
    for (const std::string& name : key_names())
      if (const auto found = of_imgui.find(name); found != of_imgui.end()) made.emplace(name, found->second);
    return made;
  }();
  return keys;
}

bool repeats(std::string_view command) {
  return command.starts_with("edit.undo") || command.starts_with("edit.redo") || command.starts_with("view.zoom") ||
      command.starts_with("node.move") || command.starts_with("select.");
}

}  // namespace

KeyChord pressed_chord() {
  const ImGuiIO& io = ImGui::GetIO();
  for (const bool held : {false, true})  // what was pressed now comes before what repeats
    for (const auto& [name, key] : keys_by_name())
      if (ImGui::IsKeyPressed(key, held)) return {io.KeyCtrl, io.KeyAlt, io.KeyShift, io.KeySuper, name};
  return {};
}

/// From a panel that was entered by a key Escape leads back to the canvas, and so does what ends a field in it.
void App::leave_panel_by_key(const KeyChord& pressed) {
  const bool on_its_way = ImGui::GetFrameCount() <= panels.entered_in_frame + 2;
  if ((panels.canvas_focused && !on_its_way) || ImGui::IsMouseClicked(ImGuiMouseButton_Left))
    panels.entered_in_frame = 0, panels.leaves_panel = false;
  const bool popup = ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel);
  if (panels.entered_in_frame == 0 || popup || !active_tab) return;
  const bool typing = ImGui::GetIO().WantTextInput;
  const bool enter = pressed == KeyChord{.key = "Enter"} || pressed == KeyChord{.key = "KeypadEnter"};
  if (pressed == KeyChord{.key = "Tab"} || pressed == KeyChord{.shift = true, .key = "Tab"})
    panels.leaves_panel = false;
  panels.leaves_panel |= pressed == KeyChord{.key = "Escape"} || (typing && enter);
  if (panels.leaves_panel && !typing) active_tab->focus = true;
}

void App::hear_keys() {
  const bool modal = dialog() < Dialog::Picture;
  const bool typing = ImGui::GetIO().WantTextInput ||
      ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel);
  const KeyChord chord = pressed_chord();
  if (panels.popup_was_open && chord.key == "Escape") return;  // it has just closed a menu or a list
  if (!modal) leave_panel_by_key(chord);
  if (chord.key.empty() || modal) return;
  const CommandInfo* command = commands.command_for(chord, typing);
  if (!command) return;
  // A panel that is walked through by the keyboard keeps the keys that walk.
  const bool walking = ImGui::GetIO().NavVisible && !panels.canvas_focused && !chord.ctrl && !chord.alt;
  if (walking && command->scope == KeyScope::Canvas) return;
  const auto& keys = keys_by_name();
  if (!repeats(command->id) && !ImGui::IsKeyPressed(keys.at(chord.key), false)) return;
  commands.run(command->id);
}

}  // namespace weft::editor
