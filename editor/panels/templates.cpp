// The gallery of templates: pictures and titles of the workflows that come with the program. It stands on the start page,
// and in a dialog of its own; what is chosen opens as a copy.
#include <algorithm>

#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

constexpr float kShape = 1.5f;  // of a picture, width by height

const char* title_of(Template::Group group) {
  switch (group) {
    case Template::Group::Start:
      return tr("Start with");
    case Template::Group::Explain:
      return tr("How Stable Diffusion works");
    case Template::Group::Larger:
      return tr("With models that you bring");
  }
  return "";
}

void draw_preview(App& app, const Template& each, ImVec2 min, ImVec2 max) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float rounding = ImGui::GetStyle().FrameRounding;
  list.AddRectFilled(min, max, app.theme.field, rounding, ImDrawFlags_RoundCornersTop);
  const std::shared_ptr<const Picture> picture = each.picture.empty() ? nullptr : app.pictures.get(each.picture);
  if (picture && picture->width > 0) {
    const Textures::Entry texture = app.textures.get(
        "template " + each.picture.string(), reinterpret_cast<std::uintptr_t>(picture.get()), *picture);
    list.AddImageRounded(texture.ref, min, max, {0, 0}, {1, 1}, IM_COL32_WHITE, rounding, ImDrawFlags_RoundCornersTop);
  } else if (each.picture.empty()) {
    const float size = ImGui::GetFontSize() * 2;
    const ImVec2 extent = ImGui::GetFont()->CalcTextSizeA(size, FLT_MAX, 0, icon::kImage);
    list.AddText(ImGui::GetFont(), size, {(min.x + max.x - extent.x) / 2, (min.y + max.y - extent.y) / 2},
        app.theme.text_faint, icon::kImage);
  }
}

/// True if it was chosen.
bool draw_card(App& app, const Template& each, float width) {
  const float line = ImGui::GetTextLineHeight(), pad = ImGui::GetFontSize() * 0.6f;
  const float picture = width / kShape;
  const ImVec2 min = ImGui::GetCursorScreenPos();
  const ImVec2 max{min.x + width, min.y + picture + 3 * line + 2.4f * pad};
  // "/" in a name leads to a window within a window, where somebody looks for the card by its name.
  const bool chosen =
      ImGui::InvisibleButton(each.file.stem().c_str(), {width, max.y - min.y}, ImGuiButtonFlags_EnableNav);
  const bool hovered = ImGui::IsItemHovered();
  if (hovered) ImGui::SetMouseCursor(ImGuiMouseCursor_Hand);
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float rounding = ImGui::GetStyle().FrameRounding;
  list.AddRectFilled(min, max, app.theme.raised, rounding);
  draw_preview(app, each, min, {max.x, min.y + picture});
  const ImVec2 text{min.x + pad, min.y + picture + pad};
  const ImVec4 clip{min.x, min.y, max.x - pad, max.y};
  ImGui::PushFont(app.fonts.bold, 0);
  list.AddText(nullptr, 0, text, app.theme.text, elided(tr(each.title), width - 2 * pad).c_str());
  ImGui::PopFont();
  list.AddText(nullptr, 0, {text.x, text.y + line + pad * 0.3f}, app.theme.text_dim, tr(each.about), nullptr,
      width - 2 * pad, &clip);
  list.AddRect(min, max, hovered ? app.theme.accent : app.theme.border, rounding, hovered ? 2.0f : 1.0f);
  return chosen;
}

}  // namespace

bool draw_templates(App& app) {
  const float gap = ImGui::GetFontSize() * 0.8f, room = ImGui::GetContentRegionAvail().x;
  const int columns = std::max(1, static_cast<int>((room + gap) / (ImGui::GetFontSize() * 13 + gap)));
  const float width = (room - gap * static_cast<float>(columns - 1)) / static_cast<float>(columns);
  const Template* chosen = nullptr;
  int column = 0;
  const Template* before = nullptr;
  ImGui::PushStyleVar(ImGuiStyleVar_ItemSpacing, ImVec2{gap, gap});
  for (const Template& each : app.templates) {
    if (!before || before->group != each.group) {
      column = 0;
      ImGui::SeparatorText(title_of(each.group));
    }
    if (column > 0) ImGui::SameLine();
    if (draw_card(app, each, width)) chosen = &each;
    column = (column + 1) % columns;
    before = &each;
  }
  ImGui::PopStyleVar();
  return chosen && app.open_copy(chosen->file);
}

void draw_template_dialog(App& app) {
  bool& open = app.panels.templates;
  if (app.dialog() != Dialog::Templates) return;
  const ImVec2 room = ImGui::GetMainViewport()->Size;
  const float font = ImGui::GetFontSize();
  const ImVec2 size{std::min(room.x * 0.92f, font * 62), std::min(room.y * 0.9f, font * 52)};
  if (!begin_dialog(label("New from Template"), size, ImGuiWindowFlags_None, &open)) return;
  if (draw_templates(app) || ImGui::IsKeyPressed(ImGuiKey_Escape)) open = false;
  if (!open) ImGui::CloseCurrentPopup();
  ImGui::EndPopup();
}

}  // namespace weft::editor
