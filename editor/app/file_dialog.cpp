#include "editor/app/file_dialog.h"

#include <fmt/format.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>

#include "editor/session/text.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace fs = std::filesystem;

void FileDialog::ask(Request request) {
  request_ = std::move(request);
  name_ = request_.name;
  open_ = opened_now_ = true;
  ask_overwrite_ = false;
  std::error_code none;
  go_to(fs::is_directory(request_.folder, none) ? request_.folder : fs::current_path(none));
}

void FileDialog::go_to(const fs::path& folder) {
  std::error_code error;
  std::vector<Entry> found;
  fs::directory_iterator each(folder, fs::directory_options::skip_permission_denied, error);
  if (error) {
    problem_ = tr_format("'{}' cannot be read: {}", folder.string(), error.message());
    return;
  }
  for (; each != fs::directory_iterator(); each.increment(error)) {
    if (error) break;
    const std::string name = each->path().filename().string();
    if (name.starts_with('.')) continue;
    std::error_code none;
    const bool is_folder = each->is_directory(none);
    const bool fits = request_.extensions.empty() ||
                      std::ranges::find(request_.extensions, each->path().extension().string()) !=
                          request_.extensions.end();
    if (is_folder || (fits && request_.kind != Kind::Folder)) found.push_back({name, is_folder});
  }
  std::ranges::sort(found, std::less<>());
  entries_ = std::move(found);
  request_.folder = fs::absolute(folder, error).lexically_normal();
  path_text_ = request_.folder.string();
  problem_.clear();
}

void FileDialog::accept() {
  std::error_code none;
  if (request_.kind == Kind::Folder) {
    open_ = false;
    request_.chosen(request_.folder);
    return;
  }
  if (name_.empty()) {
    problem_ = tr("Give the file a name");
    return;
  }
  fs::path file = request_.folder / name_;
  if (fs::is_directory(file, none)) {
    name_.clear();
    go_to(file);
    return;
  }
  if (request_.kind == Kind::Save && !request_.extensions.empty() &&
      file.extension() != request_.extensions[0])
    file += request_.extensions[0];
  if (request_.kind == Kind::Open && !fs::exists(file, none)) {
    problem_ = tr_format("There is no '{}'", file.string());
    return;
  }
  if (request_.kind == Kind::Save && fs::exists(file, none) && !ask_overwrite_) {
    problem_ = tr_format("'{}' is there already: press again to replace it", file.filename().string());
    ask_overwrite_ = true;
    return;
  }
  open_ = false;
  request_.chosen(file);
}

void FileDialog::draw_entries(const Theme& theme) {
  const float below = ImGui::GetFrameHeightWithSpacing() * (request_.kind == Kind::Folder ? 1.0f : 2.0f) +
                      (problem_.empty() ? 0 : ImGui::GetTextLineHeightWithSpacing()) +
                      ImGui::GetStyle().ItemSpacing.y;
  if (!ImGui::BeginChild("files", {0, -below}, ImGuiChildFlags_Borders)) {
    ImGui::EndChild();
    return;
  }
  std::string enter;
  for (const Entry& entry : entries_) {
    ImGui::PushStyleColor(ImGuiCol_Text, entry.folder ? theme.accent : theme.text_faint);
    ImGui::TextUnformatted(entry.folder ? icon::kFolder : icon::kFile);
    ImGui::PopStyleColor();
    ImGui::SameLine(0, ImGui::GetFontSize() * 0.6f);
    if (ImGui::Selectable(entry.name.c_str(), entry.name == name_, ImGuiSelectableFlags_AllowDoubleClick)) {
      if (entry.folder)
        enter = entry.name;
      else
        name_ = entry.name;
      ask_overwrite_ = false;
      if (!entry.folder && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left)) accept();
    }
  }
  if (!enter.empty()) go_to(request_.folder / enter);
  ImGui::EndChild();
}

void FileDialog::draw(const Theme& theme) {
  if (!open_) return;
  const std::string title = request_.title + "###File dialog";
  if (opened_now_) ImGui::OpenPopup(title.c_str());
  const ImGuiViewport& viewport = *ImGui::GetMainViewport();
  ImGui::SetNextWindowSize({std::min(viewport.Size.x * 0.8f, ImGui::GetFontSize() * 46),
                            std::min(viewport.Size.y * 0.8f, ImGui::GetFontSize() * 32)},
                           ImGuiCond_Appearing);
  ImGui::SetNextWindowPos(viewport.GetCenter(), ImGuiCond_Appearing, {0.5f, 0.5f});
  if (!ImGui::BeginPopupModal(title.c_str(), nullptr, ImGuiWindowFlags_NoSavedSettings)) {
    open_ = opened_now_;
    opened_now_ = false;
    return;
  }
  if (ImGui::Button(icon::kArrowUp)) go_to(request_.folder.parent_path());
  ImGui::SetItemTooltip("%s", tr("The folder above"));
  ImGui::SameLine();
  ImGui::SetNextItemWidth(-1);
  if (ImGui::InputText("##folder", &path_text_, ImGuiInputTextFlags_EnterReturnsTrue)) go_to(path_text_);
  draw_entries(theme);
  bool accepted = false;
  if (request_.kind != Kind::Folder) {
    if (opened_now_) ImGui::SetKeyboardFocusHere();
    ImGui::SetNextItemWidth(-1);
    accepted = ImGui::InputTextWithHint("##name", tr("File name"), &name_, ImGuiInputTextFlags_EnterReturnsTrue);
    if (ImGui::IsItemEdited()) ask_overwrite_ = false;
  }
  opened_now_ = false;
  if (!problem_.empty()) ImGui::TextColored(as_vec4(theme.warn), "%s", problem_.c_str());
  const char* verb = request_.kind == Kind::Open   ? tr("Open")
                     : request_.kind == Kind::Save ? tr("Save")
                                                   : tr("Choose");
  accepted |= accent_button(fmt::format("{}##accept", verb).c_str(), theme);
  ImGui::SameLine();
  if (ImGui::Button(label("Cancel")) || ImGui::IsKeyPressed(ImGuiKey_Escape)) open_ = false;
  if (accepted) accept();
  if (!open_) ImGui::CloseCurrentPopup();
  ImGui::EndPopup();
}

}  // namespace weft::editor
