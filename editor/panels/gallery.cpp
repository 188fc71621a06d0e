#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/app/dropped.h"
#include "editor/panels/panels.h"
#include "editor/session/show_folder.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

Shown shown_of(const GalleryItem& item) { return {.node = {}, .port = {}, .file = item.file.string()}; }

void item_menu(App& app, const GalleryItem& item) {
  if (!ImGui::BeginPopupContextItem("##menu")) return;
  if (ImGui::MenuItem(label("Open Its Workflow"))) app.open(item.file);
  if (ImGui::MenuItem(label("Use as Input"))) use_as_input(app, item.file);
  ImGui::SetItemTooltip("%s", tr("The selected Load Image reads it; without one, one is added"));
  ImGui::Separator();
  if (ImGui::MenuItem(label("View"))) show_in_viewer(app, shown_of(item));
  if (ImGui::MenuItem(label("Over the Whole Window"))) open_lightbox(app, shown_of(item));
  if (ImGui::MenuItem(label("Compare as B"))) compare_with_file(app, item.file.string());
  ImGui::Separator();
  if (ImGui::MenuItem(label("Copy Picture"))) app.attempt([&] { app.copy_picture(item.file); });
  if (ImGui::MenuItem(label("Copy Path"))) ImGui::SetClipboardText(item.file.c_str());
  if (ImGui::MenuItem(label("Show in Folder"))) app.attempt([&] { show_in_folder(item.file); });
  ImGui::Separator();
  if (ImGui::MenuItem(label("Take from the List"))) app.gallery.remove(item.file);
  ImGui::EndPopup();
}

/// What it is and what made it.
void item_tip(App& app, const GalleryItem& item) {
  if (!ImGui::BeginItemTooltip()) return;
  ImGui::PushTextWrapPos(ImGui::GetFontSize() * 24);
  ImGui::PushFont(app.fonts.bold, 0);
  ImGui::TextUnformatted(item.file.filename().c_str());
  ImGui::PopFont();
  if (const PictureStory* story = app.stories.find(item.file)) {
    if (!story->prompt.empty()) ImGui::TextUnformatted(story->prompt.c_str());
    if (!story->seeds.empty()) dim_text(app.theme, tr_format("seed {}", fmt::join(story->seeds, ", ")));
  }
  dim_text(app.theme, tr("A double click shows it over the whole window, a drag to the canvas loads it"));
  ImGui::PopTextWrapPos();
  ImGui::EndTooltip();
}

void drag_item(const GalleryItem& item, const std::optional<Textures::Entry>& texture, ImVec2 size) {
  if (!ImGui::BeginDragDropSource()) return;
  const std::string file = item.file.string();
  ImGui::SetDragDropPayload("picture_file", file.data(), file.size());
  if (texture) ImGui::Image(texture->ref, size);
  ImGui::TextUnformatted(item.file.filename().c_str());
  ImGui::EndDragDropSource();
}

void draw_item(App& app, const GalleryItem& item, float size) {
  ImGui::PushID(item.file.c_str());
  const ImVec2 min = ImGui::GetCursorScreenPos(), max{min.x + size, min.y + size};
  const bool pressed = ImGui::InvisibleButton("##picture", {size, size});
  const bool hovered = ImGui::IsItemHovered();
  if (hovered && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left))
    open_lightbox(app, shown_of(item));
  else if (pressed && !app.panels.lightbox.open)
    show_in_viewer(app, shown_of(item));
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilled(min, max, app.theme.field, 5);
  std::optional<Textures::Entry> texture;
  ImVec2 half{size / 2, size / 2};
  if (const std::shared_ptr<const Picture> picture = app.pictures.thumbnail(item.file, item.time);
      picture && picture->width > 0) {
    texture =
        app.textures.get("gallery " + item.file.string(), reinterpret_cast<std::uintptr_t>(picture.get()), *picture);
    const float scale = std::min(size / texture->size.x, size / texture->size.y);
    half = {texture->size.x * scale / 2, texture->size.y * scale / 2};
    const ImVec2 middle{min.x + size / 2, min.y + size / 2};
    list.AddImageRounded(texture->ref, {middle.x - half.x, middle.y - half.y}, {middle.x + half.x, middle.y + half.y},
        {0, 0}, {1, 1}, IM_COL32_WHITE, 5);
  }
  drag_item(item, texture, {2 * half.x, 2 * half.y});
  const bool shown = app.viewer().a.file == item.file.string();
  if (hovered || shown) list.AddRect(min, max, shown ? app.theme.accent : app.theme.text_faint, 5, 2);
  item_tip(app, item);
  item_menu(app, item);
  ImGui::PopID();
}

}  // namespace

void draw_gallery(App& app) {
  if (ImGui::Begin(label("Gallery"), nullptr, ImGuiWindowFlags_NoCollapse)) {
    const auto items = app.gallery.items();
    if (items->empty())
      empty_hint(app.theme, icon::kImage,
          tr("Pictures that runs have written appear here, each with the workflow that made it."));
    const float size = ImGui::GetFontSize() * 7.2f, gap = ImGui::GetStyle().ItemSpacing.y;
    const int columns = std::max(1, static_cast<int>((ImGui::GetContentRegionAvail().x + gap) / (size + gap)));
    const int rows = (static_cast<int>(items->size()) + columns - 1) / columns;
    ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2{gap, gap});
    ImGuiListClipper clipper;
    clipper.Begin(rows, size + gap);
    while (clipper.Step())
      for (int row = clipper.DisplayStart; row < clipper.DisplayEnd; ++row)
        for (int column = 0; column < columns; ++column) {
          const std::size_t index = static_cast<std::size_t>(row * columns + column);
          if (index >= items->size()) break;
          if (column > 0) ImGui::SameLine();
          draw_item(app, (*items)[index], size);
        }
    ImGui::PopStyleVar();
  }
  ImGui::End();
}

}  // namespace weft::editor
