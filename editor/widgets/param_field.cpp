#include "editor/widgets/param_field.h"

#include <fmt/format.h>
#include <imgui_internal.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>

#include "editor/session/sums.h"
#include "editor/session/text.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

using nlohmann::json;

const json& effective(const PortInfo& port, const json& value) { return value.is_null() ? port.init : value; }

/// Digits after the point that a step of this size needs.
int decimals_for(double step) {
  int digits = 0;
  while (digits < 6 && std::abs(step - std::round(step)) > 1e-9) step *= 10, ++digits;
  return digits;
}

std::string number_text(const PortInfo& port, const json& value) {
  if (!value.is_number()) return value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (!value.is_number_float()) return value.dump();
  const double number = value.get<double>();
  if (port.type == "int") return fmt::format("{:.0f}", number);
  const int digits = std::max(port.step ? decimals_for(*port.step) : 0, 1);
  const std::string fixed = fmt::format("{:.{}f}", number, digits);
  return std::stod(fixed) == number ? fixed : fmt::format("{:.6g}", number);
}

struct Frame {
  ImVec2 min, max;
  ImDrawList& list;
};

Frame frame_of_item() { return {ImGui::GetItemRectMin(), ImGui::GetItemRectMax(), *ImGui::GetWindowDrawList()}; }

void draw_back(const Frame& f, const FieldLook& look) {
  const ImU32 colour = ImGui::IsItemActive() ? look.theme.field_active
      : ImGui::IsItemHovered()               ? look.theme.field_hovered
                                             : look.theme.field;
  f.list.AddRectFilled(f.min, f.max, colour, ImGui::GetStyle().FrameRounding);
}

void draw_label_and_value(const Frame& f, const FieldLook& look, const std::string& value, float room_at_right = 0) {
  const float pad = ImGui::GetStyle().FramePadding.x;
  const ImVec2 min{f.min.x + pad, f.min.y}, max{f.max.x - pad - room_at_right, f.max.y};
  const float label_width =
      look.label.empty() ? 0 : ImGui::CalcTextSize(look.label.data(), look.label.data() + look.label.size()).x;
  if (!look.label.empty()) draw_text_in(f.list, min, max, look.label, look.theme.text_dim);
  const float from = min.x + (label_width > 0 ? label_width + pad : 0);
  if (from < max.x) {
    const std::string shown = elided(value, max.x - from);
    draw_text_in(f.list, {from, min.y}, max, shown, look.theme.text, look.label.empty() ? 0.0f : 1.0f);
  }
  if (look.wrong) f.list.AddRect(f.min, f.max, look.theme.bad, ImGui::GetStyle().FrameRounding, 1.5f);
}

/// The bar that shows where in its range a number lies; only where the range is one that people think in.
void draw_fill(const Frame& f, const PortInfo& port, double value, const FieldLook& look) {
  if (!port.min || !port.max || *port.max - *port.min > 10000) return;
  const double share = std::clamp((value - *port.min) / std::max(*port.max - *port.min, 1e-12), 0.0, 1.0);
  const float x = f.min.x + (f.max.x - f.min.x) * static_cast<float>(share);
  if (x < f.min.x + 1) return;
  f.list.PushClipRect(f.min, {x, f.max.y}, true);
  f.list.AddRectFilled(f.min, f.max, look.theme.field_fill, ImGui::GetStyle().FrameRounding);
  f.list.PopClipRect();
}

/// What a sum comes to, as near as the type and the limits allow.
template <class Number>
Number within(long double value, Number least, Number most) {
  if (value <= static_cast<long double>(least)) return least;
  if (value >= static_cast<long double>(most)) return most;
  return static_cast<Number>(std::is_integral_v<Number> ? std::round(value) : value);
}

/// Enter does not end the typing of what is no number.
void keep_enter_away(ImGuiID field) {
  for (const ImGuiKey key : {ImGuiKey_Enter, ImGuiKey_KeypadEnter})
    if (ImGui::IsKeyPressed(key)) ImGui::SetKeyOwner(key, ~field, ImGuiInputFlags_LockThisFrame);
}

/// The field of DragScalar while a number is typed: it takes sums, and says so in red while the text is none.
template <class Number>
FieldEdit typed_field(const char* name, ImGuiID id, Number number, Number least, Number most, const FieldLook& look,
    ImVec2 size, ImGuiDataType type, const char* format) {
  char text[64];
  ImGui::DataTypeFormatString(text, sizeof text, type, &number, format);
  const ImVec2 min = ImGui::GetCursorScreenPos();
  const ImRect box(min, {min.x + size.x, min.y + size.y});
  ImGui::PushItemFlag(ImGuiItemFlags_LiveEditOnInputText, false);
  ImGui::ItemSize(box);
  ImGui::ItemAdd(box, id, nullptr, ImGuiItemFlags_Inputable);
  ImGui::PopItemFlag();
  const ImGuiInputTextState* state = ImGui::GetInputTextState(id);
  const bool left = ImGui::GetCurrentContext()->InputTextDeactivatedState.ID == id;  // for another field, with changes
  const bool edited = left || (state && state->EditedBefore && !ImGui::IsKeyPressed(ImGuiKey_Escape));
  const bool wrong = edited && !left && state->TextLen > 0 &&
      !value_of_sum({state->TextA.Data, static_cast<std::size_t>(state->TextLen)});
  if (wrong) keep_enter_away(id);
  if (look.mixed) text[0] = 0;  // whatever is typed is another value for some of them
  FieldEdit edit;
  const bool applied = ImGui::TempInputText(box, id, name, text, sizeof text, 0);
  if (const auto value = applied ? value_of_sum(text) : std::nullopt; value && edited) {
    edit.value = within(*value, least, most);
    edit.done = true;
  }
  if (wrong)
    ImGui::GetWindowDrawList()->AddRect(box.Min, box.Max, look.theme.bad, ImGui::GetStyle().FrameRounding, 1.5f);
  return edit;
}

/// DragScalar, whose text we draw ourselves unless it is being typed.
template <class Number>
FieldEdit number_field(const PortInfo& port, Number number, const FieldLook& look, ImGuiDataType type, float speed,
    const char* format, float room_at_right = 0) {
  const Number least = port.min ? static_cast<Number>(*port.min) : std::numeric_limits<Number>::lowest();
  const Number most = port.max && *port.max < static_cast<double>(std::numeric_limits<Number>::max())
      ? static_cast<Number>(*port.max)
      : std::numeric_limits<Number>::max();
  const std::string hidden = "##" + port.name;
  const ImGuiID id = ImGui::GetID(hidden.c_str());
  ImGui::PushStyleVar(ImGuiStyleVar_FramePadding,
      {ImGui::GetStyle().FramePadding.x, std::max(0.0f, (look.size.y - ImGui::GetFontSize()) / 2)});
  if (ImGui::TempInputIsActive(id)) {
    const ImVec2 size{look.size.x - room_at_right, look.size.y};
    FieldEdit edit = typed_field(hidden.c_str(), id, number, least, most, look, size, type, format);
    ImGui::PopStyleVar();
    return edit;
  }
  ImGui::SetNextItemWidth(look.size.x - room_at_right);
  ImGui::PushStyleColor(ImGuiCol_Text, 0);
  const Number before = number;
  const bool changed = ImGui::DragScalar(hidden.c_str(), type, &number, speed, &least, &most, format,
      ImGuiSliderFlags_AlwaysClamp | ImGuiSliderFlags_NoRoundToFormat);
  ImGui::PopStyleColor();
  ImGui::PopStyleVar();
  FieldEdit edit;
  if (changed) {
    if constexpr (std::is_floating_point_v<Number>) {
      if (ImGui::IsItemActive() && port.step && *port.step > 0) {
        const double from = port.min.value_or(0);
        number = std::round((number - from) / *port.step) * *port.step + from;
        number = std::stod(fmt::format("{:.10g}", number));
      }
    }
    if (number != before) edit.value = number;
  }
  edit.done = ImGui::IsItemDeactivatedAfterEdit();
  if (!ImGui::TempInputIsActive(ImGui::GetItemID())) {
    const Frame frame = frame_of_item();
    const bool dragged = ImGui::IsItemActive();
    if (!look.mixed || dragged) draw_fill(frame, port, static_cast<double>(number), look);
    draw_label_and_value(
        frame, look, look.shown.empty() || dragged ? number_text(port, json(number)) : std::string(look.shown));
  }
  return edit;
}

FieldEdit int_field(const PortInfo& port, const json& value, const FieldLook& look) {
  const std::int64_t number = value.is_number() ? value.get<std::int64_t>() : 0;
  const double span = port.min && port.max ? *port.max - *port.min : 1000;
  const float speed = static_cast<float>(std::clamp(span / 300, 0.05, std::max(1.0, port.step.value_or(1))));
  FieldEdit edit = number_field<std::int64_t>(port, number, look, ImGuiDataType_S64, speed, "%lld");
  const auto step = static_cast<std::int64_t>(port.step.value_or(1));
  if (edit.value && step > 1 && ImGui::IsItemActive() && !ImGui::TempInputIsActive(ImGui::GetItemID())) {
    const auto least = static_cast<std::int64_t>(port.min.value_or(0));
    const std::int64_t given = edit.value->get<std::int64_t>();
    edit.value =
        least % step == 0 ? (given + step / 2) / step * step : (given - least + step / 2) / step * step + least;
  }
  return edit;
}

FieldEdit float_field(const PortInfo& port, const json& value, const FieldLook& look) {
  const double number = value.is_number() ? value.get<double>() : 0;
  const double span = port.min && port.max ? std::min(*port.max - *port.min, 100.0) : std::max(1.0, std::abs(number));
  const float speed = static_cast<float>(std::max(port.step.value_or(0) / 2, span / 400));
  return number_field<double>(port, number, look, ImGuiDataType_Double, speed, "%.6g");
}

FieldEdit seed_field(const PortInfo& port, const json& value, const FieldLook& look) {
  const float button = look.size.y;
  const std::uint64_t number = value.is_number() ? value.get<std::uint64_t>() : 0;
  FieldEdit edit = number_field<std::uint64_t>(port, number, look, ImGuiDataType_U64, 0.2f, "%llu", button + 2);
  ImGui::SameLine(0, 2);
  ImGui::PushItemFlag(ImGuiItemFlags_NoTabStop, true);  // Tab goes from field to field
  const bool pressed = ImGui::Button(icon::kDice, {button, button});
  ImGui::PopItemFlag();
  if (pressed) {
    std::random_device random;
    edit.value = static_cast<std::uint64_t>(random());
    edit.done = true;
  }
  ImGui::SetItemTooltip("%s", tr("Another seed"));
  return edit;
}

FieldEdit toggle_field(const PortInfo& port, const json& value, const FieldLook& look) {
  const bool on = value.is_boolean() && value.get<bool>() && !look.mixed;
  FieldEdit edit;
  if (ImGui::InvisibleButton(("##" + port.name).c_str(), look.size)) {
    edit.value = !on;
    edit.done = true;
  }
  const Frame frame = frame_of_item();
  draw_back(frame, look);
  const float height = look.size.y * 0.56f, width = height * 1.75f, pad = ImGui::GetStyle().FramePadding.x;
  draw_label_and_value(frame, look, look.mixed ? std::string(look.shown) : std::string{}, width + pad);
  const float top = frame.min.y + (look.size.y - height) / 2;
  const float left = look.label.empty() ? frame.min.x + pad : frame.max.x - pad - width;
  frame.list.AddRectFilled(
      {left, top}, {left + width, top + height}, on ? look.theme.accent : look.theme.text_faint, height / 2);
  frame.list.AddCircleFilled({on ? left + width - height / 2 : left + height / 2, top + height / 2}, height / 2 - 2,
      on ? look.theme.on_accent : look.theme.panel);
  return edit;
}

/// A field that shows its value and leaves the editing to the popup.
FieldEdit popup_field(const PortInfo& port, const json& value, const FieldLook& look) {
  FieldEdit edit;
  edit.wants_popup = ImGui::InvisibleButton(("##" + port.name).c_str(), look.size);
  const Frame frame = frame_of_item();
  draw_back(frame, look);
  if (port.widget == Widget::Color) {
    draw_label_and_value(frame, look, {});
    const ImU32 colour = colour_of(value.is_string() ? value.get<std::string>() : std::string(), IM_COL32_BLACK);
    const float pad = 4, width = look.size.y * 1.6f;
    frame.list.AddRectFilled({frame.max.x - width - pad, frame.min.y + pad}, {frame.max.x - pad, frame.max.y - pad},
        ImGui::GetColorU32(colour), 3);
    return edit;
  }
  const bool opens_list = port.widget == Widget::Choice || port.widget == Widget::Model || port.widget == Widget::File;
  const float caret = opens_list ? ImGui::GetFontSize() : 0;
  draw_label_and_value(frame, look, look.shown.empty() ? value_text(port, value) : std::string(look.shown), caret);
  if (opens_list) {
    const char* mark = port.widget == Widget::Choice ? icon::kCaret : icon::kFolder;
    draw_text_in(frame.list, {frame.max.x - caret - 4, frame.min.y}, {frame.max.x - 6, frame.max.y}, mark,
        look.theme.text_faint, 1);
  }
  return edit;
}

/// Several lines of text, as they are, in a box; a click opens the popup to edit them.
FieldEdit text_field(const PortInfo& port, const json& value, const FieldLook& look) {
  FieldEdit edit;
  edit.wants_popup = ImGui::InvisibleButton(("##" + port.name).c_str(), look.size);
  const Frame frame = frame_of_item();
  draw_back(frame, look);
  const ImVec2 pad = {ImGui::GetStyle().FramePadding.x, 5};
  const std::string text = look.mixed ? std::string(look.shown)
      : value.is_string()             ? value.get<std::string>()
                                      : std::string{};
  const ImVec4 clip{frame.min.x, frame.min.y, frame.max.x, frame.max.y - 2};
  const bool empty = text.empty();
  const std::string shown = !look.shown.empty() ? std::string(look.shown) : empty ? std::string(look.label) : text;
  frame.list.AddText(nullptr, 0, {frame.min.x + pad.x, frame.min.y + pad.y},
      empty ? look.theme.text_faint : look.theme.text, shown.data(), shown.data() + shown.size(),
      look.size.x - 2 * pad.x, &clip);
  if (look.wrong) frame.list.AddRect(frame.min, frame.max, look.theme.bad, ImGui::GetStyle().FrameRounding, 1.5f);
  return edit;
}

}  // namespace

FieldEdit param_field(const PortInfo& port, const json& given, const FieldLook& look) {
  const json& value = effective(port, given);
  if (port.type == "bool") return toggle_field(port, value, look);
  if (port.widget == Widget::Seed) return seed_field(port, value, look);
  if (port.type == "int") return int_field(port, value, look);
  if (port.type == "float") return float_field(port, value, look);
  if (port.widget == Widget::Text) return text_field(port, value, look);
  return popup_field(port, value, look);
}

std::string value_text(const PortInfo& port, const json& given) {
  const json& value = effective(port, given);
  if (value.is_null()) return tr("none yet");
  if (value.is_boolean()) return value.get<bool>() ? tr("on") : tr("off");
  if (value.is_number()) return number_text(port, value);
  if (!value.is_string()) return value.dump(-1, ' ', false, json::error_handler_t::replace);
  if (port.widget == Widget::Choice) return shown_choice(value.get_ref<const std::string&>());
  std::string text = value.get<std::string>();
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace weft::editor
