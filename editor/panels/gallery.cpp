#include <fmt/format.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

void item_menu(App& app, const GalleryItem& item) {
  if (!ImGui::BeginPopupContextItem("##menu")) return;
  if (ImGui::MenuItem(label("Open Its Workflow"))) app.open(item.file);
  if (ImGui::MenuItem(label("View"))) app.panels.viewer.a = {.node = {}, .port = {}, .file = item.file.string()};
  if (ImGui::MenuItem(label("Compare as B"))) {
    app.panels.viewer.b = {.node = {}, .port = {}, .file = item.file.string()};
    app.panels.viewer.compare = ViewerState::Compare::Wipe;
  }
  if (ImGui::MenuItem(label("Copy Path"))) ImGui::SetClipboardText(item.file.c_str());
  if (ImGui::MenuItem(label("Take from the List"))) app.gallery.remove(item.file);
  ImGui::EndPopup();
}

void draw_item(App& app, const GalleryItem& item, float size) {
  ImGui::PushID(item.file.c_str());
  const ImVec2 min = ImGui::GetCursorScreenPos(), max{min.x + size, min.y + size};
  const bool pressed = ImGui::InvisibleButton("##picture", {size, size});
  const bool hovered = ImGui::IsItemHovered();
  if (hovered && ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left))
    app.open(item.file);
  else if (pressed)
    app.panels.viewer.a = {.node = {}, .port = {}, .file = item.file.string()};
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddRectFilled(min, max, app.theme.field, 5);
  if (const std::shared_ptr<const Picture> picture = app.pictures.thumbnail(item.file, item.time);
      picture && picture->width > 0) {
    const Textures::Entry texture = app.textures.get(
        "gallery " + item.file.string(), reinterpret_cast<std::uintptr_t>(picture.get()), *picture);
    const float scale = std::min(size / texture.size.x, size / texture.size.y);
    const ImVec2 half{texture.size.x * scale / 2, texture.size.y * scale / 2};
    const ImVec2 middle{min.x + size / 2, min.y + size / 2};
    list.AddImageRounded(texture.ref, {middle.x - half.x, middle.y - half.y},
                         {middle.x + half.x, middle.y + half.y}, {0, 0}, {1, 1}, IM_COL32_WHITE, 5);
  }
  const bool shown = app.panels.viewer.a.file == item.file.string();
  if (hovered || shown) list.AddRect(min, max, shown ? app.theme.accent : app.theme.text_faint, 5, 2);
  ImGui::SetItemTooltip("%s\n%s", item.file.filename().c_str(),
                        tr("A double click opens the workflow that made it"));
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
    const int columns =
        std::max(1, static_cast<int>((ImGui::GetContentRegionAvail().x + gap) / (size + gap)));
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
