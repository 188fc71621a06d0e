#include "editor/app/file_dialog.h"

#include <fmt/format.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <cctype>
#include <cfloat>
#include <chrono>
#include <utility>

#include "editor/app/app.h"
#include "editor/session/picture_file.h"
#include "editor/session/text.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace fs = std::filesystem;

void FileDialog::ask(Request request) {
  request_ = std::move(request);
  name_ = request_.name;
  filter_.clear();
  entries_.clear();
  open_ = opened_now_ = true;
  ask_overwrite_ = false;
  std::error_code none;
  go_to(fs::is_directory(request_.folder, none) ? request_.folder : fs::current_path(none));
}

FileDialog::Listing FileDialog::read(const fs::path& folder, const Request& request) {
  std::error_code error;
  Listing found;
  fs::directory_iterator each(folder, fs::directory_options::skip_permission_denied, error);
  if (error) {
    found.problem = tr_format("'{}' cannot be read: {}", folder.string(), error.message());
    return found;
  }
  for (; each != fs::directory_iterator(); each.increment(error)) {
    if (error) break;
    const std::string name = each->path().filename().string();
    if (name.starts_with('.')) continue;
    std::error_code none;
    const bool is_folder = each->is_directory(none);
    const bool fits = request.extensions.empty() ||
        std::ranges::find(request.extensions, each->path().extension().string()) != request.extensions.end();
    if (is_folder || (fits && request.kind != Kind::Folder))
      found.entries.push_back({name, is_folder, each->last_write_time(none)});
  }
  std::ranges::sort(found.entries, std::less<>());
  return found;
}

void FileDialog::go_to(const fs::path& folder) {
  std::error_code none;
  request_.folder = fs::absolute(folder, none).lexically_normal();
  path_text_ = request_.folder.string();
  problem_.clear();
  filter_.clear();
  selected_.clear();
  coming_ = std::async(std::launch::async, [folder = request_.folder, request = request_, wake = wake_] {
    Listing listing = read(folder, request);
    wake();
    return listing;
  });
}

void FileDialog::take_listing() {
  if (!coming_.valid() || coming_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
  Listing listing = coming_.get();
  entries_ = std::move(listing.entries);
  if (!listing.problem.empty()) problem_ = std::move(listing.problem);
}

void FileDialog::accept() {
  std::error_code none;
  if (request_.kind == Kind::Folder) {
    open_ = false;
    request_.chosen(folder_is_selected() ? request_.folder / selected_ : request_.folder);
    return;
  }
  if (folder_is_selected()) {
    go_to(request_.folder / selected_);
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
  if (request_.kind == Kind::Save && !request_.extensions.empty() && file.extension() != request_.extensions[0])
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

// Entries.

/// Marked: what was clicked, or the file whose name was typed.
bool FileDialog::is_chosen(const Entry& entry) const { return entry.name == (selected_.empty() ? name_ : selected_); }

bool FileDialog::is_shown(const Entry& entry) const {
  const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
  return !std::ranges::search(entry.name, filter_, same).empty() || filter_.empty();
}

bool FileDialog::folder_is_selected() const {
  const auto found = std::ranges::find(entries_, selected_, &Entry::name);
  return !selected_.empty() && found != entries_.end() && found->folder;
}

void FileDialog::click(const Entry& entry) {
  const bool again = ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left) && selected_ == entry.name;
  selected_ = entry.name;
  if (!entry.folder) name_ = entry.name;
  ask_overwrite_ = false;
  if (again && entry.folder)
    go_to(request_.folder / entry.name);
  else if (again)
    accepted_ = true;
}

void FileDialog::draw_list(App& app) {
  for (const Entry& entry : entries_) {
    if (!is_shown(entry)) continue;
    ImGui::PushStyleColor(ImGuiCol_Text, entry.folder ? app.theme.accent : app.theme.text_faint);
    ImGui::TextUnformatted(entry.folder ? icon::kFolder : icon::kFile);
    ImGui::PopStyleColor();
    ImGui::SameLine(0, ImGui::GetFontSize() * 0.6f);
    if (ImGui::Selectable(entry.name.c_str(), is_chosen(entry), ImGuiSelectableFlags_AllowDoubleClick)) click(entry);
  }
}

void FileDialog::draw_cell(App& app, const Entry& entry, float width) {
  const Theme& theme = app.theme;
  const float line = ImGui::GetTextLineHeight(), picture_height = width * 0.8f;
  ImGui::PushID(entry.name.c_str());
  const ImVec2 min = ImGui::GetCursorScreenPos(), max{min.x + width, min.y + picture_height + line + 6};
  const bool pressed = ImGui::InvisibleButton("##entry", {width, max.y - min.y});
  if (pressed || (ImGui::IsItemHovered() && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left))) click(entry);
  ImGui::SetItemTooltip("%s", entry.name.c_str());
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const bool chosen = is_chosen(entry);
  if (chosen || ImGui::IsItemHovered()) list.AddRectFilled(min, max, chosen ? theme.selection : theme.field_hovered, 4);
  const ImVec2 middle{min.x + width / 2, min.y + picture_height / 2};
  const fs::path file = request_.folder / entry.name;
  std::shared_ptr<const Picture> picture;
  if (!entry.folder && is_picture_name(file)) picture = app.pictures.thumbnail(file, entry.time);
  if (picture && picture->width > 0) {
    const auto version = reinterpret_cast<std::uintptr_t>(picture.get());
    const Textures::Entry texture = app.textures.get("file " + file.string(), version, *picture);
    const float scale = std::min((width - 8) / texture.size.x, (picture_height - 8) / texture.size.y);
    const ImVec2 half{texture.size.x * scale / 2, texture.size.y * scale / 2};
    list.AddImageRounded(texture.ref, {middle.x - half.x, middle.y - half.y}, {middle.x + half.x, middle.y + half.y},
        {0, 0}, {1, 1}, IM_COL32_WHITE, 3);
  } else {
    const float size = ImGui::GetFontSize() * 2.2f;
    const char* mark = entry.folder ? icon::kFolder : icon::kFile;
    const ImVec2 extent = ImGui::GetFont()->CalcTextSizeA(size, FLT_MAX, 0, mark);
    list.AddText(nullptr, size, {middle.x - extent.x / 2, middle.y - extent.y / 2},
        entry.folder ? theme.accent : theme.text_faint, mark);
  }
  draw_text_in(
      list, {min.x + 4, max.y - line - 4}, {max.x - 4, max.y - 2}, elided(entry.name, width - 8), theme.text, 0.5f);
  ImGui::PopID();
}

void FileDialog::draw_grid(App& app) {
  std::vector<const Entry*> shown;
  for (const Entry& entry : entries_)
    if (is_shown(entry)) shown.push_back(&entry);
  const float width = ImGui::GetFontSize() * 8, gap = ImGui::GetStyle().ItemSpacing.x;
  const int columns = std::max(1, static_cast<int>((ImGui::GetContentRegionAvail().x + gap) / (width + gap)));
  const int count = static_cast<int>(shown.size());
  ImGuiListClipper clipper;
  clipper.Begin(
      (count + columns - 1) / columns, width * 0.8f + ImGui::GetTextLineHeight() + 6 + ImGui::GetStyle().ItemSpacing.y);
  while (clipper.Step())
    for (int i = clipper.DisplayStart * columns; i < std::min(count, clipper.DisplayEnd * columns); ++i) {
      if (i % columns > 0) ImGui::SameLine();
      draw_cell(app, *shown[static_cast<std::size_t>(i)], width);
    }
}

void FileDialog::draw_entries(App& app) {
  const float below = ImGui::GetFrameHeightWithSpacing() * (request_.kind == Kind::Folder ? 1.0f : 2.0f) +
      (problem_.empty() ? 0 : ImGui::GetTextLineHeightWithSpacing()) + ImGui::GetStyle().ItemSpacing.y;
  if (request_.thumbnails) {
    const float side = ImGui::GetFontSize() * 11;
    if (ImGui::BeginChild("places", {side, -below}, ImGuiChildFlags_Borders)) draw_places(app);
    ImGui::EndChild();
    ImGui::SameLine();
  }
  if (ImGui::BeginChild("files", {0, -below}, ImGuiChildFlags_Borders)) {
    if (coming_.valid())
      dim_text(app.theme, tr("Reading the folder\u2026"));
    else if (request_.thumbnails)
      draw_grid(app);
    else
      draw_list(app);
    if (ImGui::IsWindowFocused() && !selected_.empty())
      accepted_ |= ImGui::IsKeyPressed(ImGuiKey_Enter) || ImGui::IsKeyPressed(ImGuiKey_KeypadEnter);
  }
  ImGui::EndChild();
}

// The window.

void FileDialog::draw_path() {
  if (ImGui::Button(icon::kArrowUp)) go_to(request_.folder.parent_path());
  ImGui::SetItemTooltip("%s", tr("The folder above"));
  ImGui::SameLine();
  const float filter = request_.kind == Kind::Save ? 0 : ImGui::GetFontSize() * 9;
  ImGui::SetNextItemWidth(filter > 0 ? -filter - ImGui::GetStyle().ItemSpacing.x : -1);
  if (ImGui::InputText("##folder", &path_text_, ImGuiInputTextFlags_EnterReturnsTrue)) go_to(path_text_);
  if (filter <= 0) return;
  ImGui::SameLine();
  ImGui::SetNextItemWidth(-1);
  ImGui::InputTextWithHint("##filter", tr("Filter"), &filter_);
}

void FileDialog::draw_places(App& app) {
  dim_text(app.theme, tr("Folders"));
  for (const fs::path& place : request_.places) {
    const fs::path name = place.filename().empty() ? place : place.filename();
    if (ImGui::Selectable(fmt::format("{}##{}", name.string(), place.string()).c_str(), place == request_.folder))
      go_to(place);
    ImGui::SetItemTooltip("%s", place.c_str());
  }
}

void FileDialog::draw_foot(App& app) {
  if (request_.kind != Kind::Folder) {
    if (opened_now_) ImGui::SetKeyboardFocusHere();
    ImGui::SetNextItemWidth(-1);
    accepted_ |= ImGui::InputTextWithHint("##name", tr("File name"), &name_, ImGuiInputTextFlags_EnterReturnsTrue);
    if (ImGui::IsItemEdited()) ask_overwrite_ = false, selected_.clear();
  }
  opened_now_ = false;
  if (!problem_.empty()) ImGui::TextColored(as_vec4(app.theme.warn), "%s", problem_.c_str());
  const char* verb = request_.kind == Kind::Open ? tr("Open") : request_.kind == Kind::Save ? tr("Save") : tr("Choose");
  accepted_ |= accent_button(fmt::format("{}##accept", verb).c_str(), app.theme);
  ImGui::SameLine();
  if (ImGui::Button(label("Cancel")) || ImGui::IsKeyPressed(ImGuiKey_Escape)) cancel();
  if (std::exchange(accepted_, false) && open_) accept();
}

void FileDialog::draw(App& app) {
  if (app.dialog() != Dialog::File) return;
  take_listing();
  const std::string title = request_.title + "###File dialog";
  const ImVec2 room = ImGui::GetMainViewport()->Size;
  const float wide = request_.thumbnails ? 66.0f : 46.0f, high = request_.thumbnails ? 44.0f : 32.0f;
  if (!begin_dialog(title.c_str(),
          {std::min(room.x * 0.8f, ImGui::GetFontSize() * wide), std::min(room.y * 0.8f, ImGui::GetFontSize() * high)}))
    return;
  draw_path();
  draw_entries(app);
  draw_foot(app);
  if (!open_) ImGui::CloseCurrentPopup();
  ImGui::EndPopup();
}

}  // namespace weft::editor
