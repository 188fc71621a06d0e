#include "editor/widgets/draw.h"

#include <imgui_internal.h>

#include <algorithm>
#include <array>
#include <numbers>

namespace weft::editor {

namespace {

struct Corners {
  std::array<ImVec2, 6> at;
  int count = 0;
};

Corners polygon(ImVec2 centre, float radius, int corners, float first_angle) {
  Corners made{.count = corners};
  for (int i = 0; i < corners; ++i) {
    const float angle =
        first_angle + 2 * std::numbers::pi_v<float> * static_cast<float>(i) / static_cast<float>(corners);
    made.at[static_cast<std::size_t>(i)] = {centre.x + radius * std::cos(angle), centre.y + radius * std::sin(angle)};
  }
  return made;
}

Corners corners_of(PinShape shape, ImVec2 centre, float radius) {
  constexpr float kPi = std::numbers::pi_v<float>;
  switch (shape) {
    case PinShape::Square:
      return polygon(centre, radius * 1.25f, 4, kPi / 4);
    case PinShape::Diamond:
      return polygon(centre, radius * 1.25f, 4, 0);
    case PinShape::Triangle:
      return polygon({centre.x - radius * 0.1f, centre.y}, radius * 1.3f, 3, 0);
    case PinShape::Hexagon:
      return polygon(centre, radius * 1.12f, 6, 0);
    default:
      return {};
  }
}

}  // namespace

void draw_pin(ImDrawList& list, ImVec2 centre, float radius, PinShape shape, ImU32 colour, bool filled, ImU32 back) {
  const float line = std::max(1.0f, radius * 0.36f);
  if (shape == PinShape::Circle || shape == PinShape::Ring) {
    list.AddCircleFilled(centre, radius, filled ? colour : back, 16);
    if (!filled) list.AddCircle(centre, radius - line / 2, colour, 16, line);
    if (filled && shape == PinShape::Ring) list.AddCircleFilled(centre, radius * 0.42f, back, 12);
    return;
  }
  const Corners corners = corners_of(shape, centre, radius);
  list.AddConvexPolyFilled(corners.at.data(), corners.count, filled ? colour : back);
  if (!filled)
    for (int i = 0; i < corners.count; ++i)
      list.AddLine(corners.at[static_cast<std::size_t>(i)],
          corners.at[static_cast<std::size_t>((i + 1) % corners.count)], colour, line);
}

std::string elided(std::string_view text, float width) {
  const auto measure = [](std::string_view part) {
    return ImGui::CalcTextSize(part.data(), part.data() + part.size(), false).x;
  };
  if (measure(text) <= width) return std::string(text);
  constexpr std::string_view kDots = "\u2026";
  const float room = width - measure(kDots);
  std::size_t fits = 0, over = text.size();
  while (fits + 1 < over) {
    const std::size_t middle = (fits + over) / 2;
    (measure(text.substr(0, middle)) <= room ? fits : over) = middle;
  }
  while (fits > 0 && (static_cast<unsigned char>(text[fits]) & 0xc0) == 0x80) --fits;  // not within a character
  return std::string(text.substr(0, fits)).append(kDots);
}

void draw_text_in(ImDrawList& list, ImVec2 min, ImVec2 max, std::string_view text, ImU32 colour, float align) {
  const ImVec2 size = ImGui::CalcTextSize(text.data(), text.data() + text.size(), false);
  const float x = min.x + std::max(0.0f, (max.x - min.x - size.x) * align);
  const float y = min.y + (max.y - min.y - size.y) / 2;
  const ImVec4 clip{min.x, min.y, max.x, max.y};
  list.AddText(
      nullptr, 0, {x, y}, colour, text.data(), text.data() + text.size(), 0, size.x > max.x - min.x ? &clip : nullptr);
}

bool quiet_button(const char* label, const Theme& theme, const char* tip, bool on) {
  ImGui::PushStyleColor(ImGuiCol_Button, on ? theme.selection : 0);
  const bool pressed = ImGui::Button(label);
  ImGui::PopStyleColor();
  if (tip) ImGui::SetItemTooltip("%s", tip);
  return pressed;
}

bool accent_button(const char* label, const Theme& theme, const char* tip) {
  ImGui::PushStyleColor(ImGuiCol_Button, theme.accent);
  ImGui::PushStyleColor(ImGuiCol_ButtonHovered, mixed(theme.accent, IM_COL32_WHITE, 0.15f));
  ImGui::PushStyleColor(ImGuiCol_ButtonActive, mixed(theme.accent, IM_COL32_BLACK, 0.15f));
  ImGui::PushStyleColor(ImGuiCol_Text, theme.on_accent);
  const bool pressed = ImGui::Button(label);
  ImGui::PopStyleColor(4);
  if (tip) ImGui::SetItemTooltip("%s", tip);
  return pressed;
}

bool begin_dialog(const char* name, float width, bool* open) {
  const ImGuiWindowFlags fits = width > 0 ? ImGuiWindowFlags_None : ImGuiWindowFlags_AlwaysAutoResize;
  return begin_dialog(name, ImVec2{ImGui::GetFontSize() * width, 0}, fits, open);
}

bool begin_dialog(const char* name, ImVec2 size, ImGuiWindowFlags flags, bool* open) {
  if (!ImGui::IsPopupOpen(name)) ImGui::OpenPopup(name);
  ImGui::SetNextWindowPos(ImGui::GetMainViewport()->GetCenter(), ImGuiCond_Appearing, {0.5f, 0.5f});
  if (size.x > 0) ImGui::SetNextWindowSize(size, ImGuiCond_Appearing);
  return ImGui::BeginPopupModal(name, open, flags | ImGuiWindowFlags_NoSavedSettings);
}

bool default_button(const char* label, const Theme& theme, const char* tip) {
  const bool pressed = accent_button(label, theme, tip);
  ImGui::SetItemDefaultFocus();
  if (ImGui::IsWindowAppearing()) ImGui::SetNavCursorVisible(true);
  return pressed;
}

bool escape_keeps_text() {
  if (!ImGui::IsKeyPressed(ImGuiKey_Escape)) return false;
  ImGui::SetKeyOwner(ImGuiKey_Escape, ImGui::GetID("##escape"), ImGuiInputFlags_LockThisFrame);
  return true;
}

void same_line_if_fits(const char* next) {
  const ImGuiStyle& style = ImGui::GetStyle();
  const float width = ImGui::GetFrameHeight() + style.ItemInnerSpacing.x + ImGui::CalcTextSize(next, nullptr, true).x;
  const float right = ImGui::GetCursorScreenPos().x + ImGui::GetContentRegionAvail().x;
  if (ImGui::GetItemRectMax().x + style.ItemSpacing.x + width <= right) ImGui::SameLine();
}

void dim_text(const Theme& theme, std::string_view text) {
  ImGui::PushStyleColor(ImGuiCol_Text, theme.text_dim);
  ImGui::TextUnformatted(text.data(), text.data() + text.size());
  ImGui::PopStyleColor();
}

namespace {

/// Whether the text's last line is hardly more than a full stop, where lines end at `width`.
bool ends_in_a_stump(std::string_view text, float width) {
  const char *line = text.data(), *end = line + text.size();
  while (true) {
    const char* next = ImGui::GetFont()->CalcWordWrapPosition(ImGui::GetFontSize(), line, end, width);
    if (next == end) return line != text.data() && ImGui::CalcTextSize(line, end).x < ImGui::GetFontSize() * 3;
    line = std::find_if(std::max(next, line + 1), end, [](char c) { return c != ' '; });
  }
}

}  // namespace

void empty_hint(const Theme& theme, const char* icon, std::string_view text) {
  const ImVec2 room = ImGui::GetContentRegionAvail();
  const float widest = std::min(room.x * 0.85f, ImGui::GetFontSize() * 22);
  float wrap = widest;
  while (wrap > widest * 0.7f && ends_in_a_stump(text, wrap)) wrap -= ImGui::GetFontSize();
  const ImVec2 size = ImGui::CalcTextSize(text.data(), text.data() + text.size(), false, wrap);
  const ImVec2 start = ImGui::GetCursorPos();
  const float line = ImGui::GetTextLineHeightWithSpacing();
  const float top = start.y + std::max(0.0f, (room.y - size.y - 2 * line) / 2);
  ImGui::PushStyleColor(ImGuiCol_Text, theme.text_faint);
  ImGui::SetCursorPos({start.x + (room.x - ImGui::CalcTextSize(icon).x) / 2, top});
  ImGui::TextUnformatted(icon);
  ImGui::SetCursorPos({start.x + (room.x - size.x) / 2, top + 1.5f * line});
  ImGui::PushTextWrapPos(start.x + (room.x + wrap) / 2);
  ImGui::TextUnformatted(text.data(), text.data() + text.size());
  ImGui::PopTextWrapPos();
  ImGui::PopStyleColor();
}

}  // namespace weft::editor
