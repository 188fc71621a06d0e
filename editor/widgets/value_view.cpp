#include "editor/widgets/value_view.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <implot.h>

#include <algorithm>

#include "editor/session/node_text.h"
#include "editor/session/text.h"
#include "editor/widgets/draw.h"

namespace weft::editor {

namespace {

using nlohmann::json;

bool is_numbers(const json& value) {
  return value.is_array() && std::ranges::all_of(value, [](const json& each) { return each.is_number(); });
}

bool is_table(const json& value) {
  return value.is_object() && value.contains("columns") && value.contains("rows") && value["columns"].is_array() &&
      value["rows"].is_array();
}

bool is_histogram(const json& value) {
  return value.is_object() && value.contains("counts") && is_numbers(value["counts"]) && value.contains("min") &&
      value.contains("max") && value["min"].is_number() && value["max"].is_number();
}

std::string text_of(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{:.5g}", value.get<double>());
  if (is_numbers(value)) {
    std::vector<std::string> parts;
    for (const json& each : value) parts.push_back(text_of(each));
    return fmt::format("{}", fmt::join(parts, " \u00d7 "));
  }
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Keys and columns of descriptions that have words in the user's language, in the order in which they are
/// shown; others stand as the plugin gave them.
constexpr std::pair<const char*, const char*> kKnown[] = {{"shape", tr_later("Shape")},
    {"dtype", tr_later("Number type")}, {"min", tr_later("Least")}, {"max", tr_later("Greatest")},
    {"mean", tr_later("Mean")}, {"deviation", tr_later("Deviation")}, {"not_finite", tr_later("Not finite")},
    {"strength", tr_later("Strength")}, {"start", tr_later("Counts from")}, {"end", tr_later("Counts until")},
    {"area", tr_later("Area")}, {"mask", tr_later("Mask")}, {"tokens", tr_later("Tokens")},
    {"place", tr_later("Place")}, {"token", tr_later("Token")}, {"weight", tr_later("Weight")},
    {"length", tr_later("Length")}, {"histogram", tr_later("Histogram")}, {"context", tr_later("Context")}};

std::size_t rank_of(const std::string& key) {
  const auto* known = std::ranges::find(kKnown, key, [](const auto& each) { return std::string(each.first); });
  return static_cast<std::size_t>(known - std::begin(kKnown));
}

std::string title_of(const std::string& key) {
  const std::size_t rank = rank_of(key);
  return rank == std::size(kKnown) ? key : tr(kKnown[rank].second);
}

/// Draws a description; lives for a frame.
class ValueView {
 public:
  explicit ValueView(const Theme& theme) : theme_(theme) {}

  void draw(const json& value) {
    if (is_table(value))
      draw_table("table", value);
    else if (value.is_object())
      draw_object(value);
    else if (is_numbers(value) && value.size() > 1)
      draw_curve(tr("Values"), value);
    else if (value.is_array())
      draw_list(value);
    else
      draw_text(text_of(value));
  }

  /// What is short of it; of a table or a curve nothing.
  void draw_facts(const json& value) {
    if (!value.is_structured()) draw_text(text_of(value));
    if (!value.is_object() || is_table(value)) return;
    for (const auto& [key, part] : parts_of(value))
      if (is_fact(*part)) draw_fact(key, text_of(*part));
  }

 private:
  using Parts = std::vector<std::pair<std::string, const json*>>;

  static bool is_fact(const json& value) {
    constexpr std::size_t kMostInLine = 8;  // numbers of a shape, not of a curve
    return !value.is_structured() || (is_numbers(value) && value.size() <= kMostInLine);
  }

  static Parts parts_of(const json& object) {
    Parts parts;
    for (const auto& [key, value] : object.items()) parts.emplace_back(key, &value);
    std::ranges::stable_sort(parts, std::less<>(), [](const auto& part) { return rank_of(part.first); });
    return parts;
  }

  void draw_text(const std::string& text) {
    ImGui::PushTextWrapPos();
    ImGui::TextUnformatted(text.c_str());
    ImGui::PopTextWrapPos();
  }

  void draw_fact(const std::string& key, const std::string& text) {
    dim_text(theme_, title_of(key));
    ImGui::SameLine(ImGui::GetFontSize() * 8);
    draw_text(text);
  }

  /// What is short first, then what needs room.
  void draw_object(const json& object) {
    draw_facts(object);
    for (const auto& [key, value] : parts_of(object))
      if (!is_fact(*value)) draw_part(key, *value);
  }

  void draw_part(const std::string& key, const json& value) {
    ImGui::PushID(key.c_str());
    if (is_histogram(value)) {
      draw_histogram(title_of(key), value);
    } else if (is_numbers(value)) {
      draw_curve(title_of(key), value);
    } else {
      ImGui::SeparatorText(title_of(key).c_str());
      draw(value);
    }
    ImGui::PopID();
  }

  /// Entries of a list, each under its number.
  void draw_list(const json& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      ImGui::PushID(static_cast<int>(i));
      const std::string title = tr_format("{} of {}", i + 1, list.size());
      if (list.size() == 1 || ImGui::CollapsingHeader(title.c_str(), ImGuiTreeNodeFlags_DefaultOpen)) draw(list[i]);
      ImGui::PopID();
    }
    if (list.empty()) dim_text(theme_, tr("Empty"));
  }

  ImVec2 plot_size() const { return {-1, ImGui::GetFontSize() * 11}; }

  void draw_histogram(const std::string& title, const json& histogram) {
    const auto counts = histogram["counts"].get<std::vector<double>>();
    const double least = histogram["min"].get<double>(), most = histogram["max"].get<double>();
    if (counts.empty() ||
        !ImPlot::BeginPlot(
            fmt::format("{}##histogram", title).c_str(), plot_size(), ImPlotFlags_NoLegend | ImPlotFlags_NoMenus))
      return;
    const double bin = (most - least) / static_cast<double>(counts.size());
    std::vector<double> middles;
    for (std::size_t i = 0; i < counts.size(); ++i) middles.push_back(least + bin * (static_cast<double>(i) + 0.5));
    ImPlot::SetupAxes(
        nullptr, nullptr, ImPlotAxisFlags_AutoFit, ImPlotAxisFlags_AutoFit | ImPlotAxisFlags_NoTickLabels);
    ImPlot::PlotBars("##counts", middles.data(), counts.data(), static_cast<int>(counts.size()), bin);
    ImPlot::EndPlot();
  }

  void draw_curve(const std::string& title, const json& numbers) {
    const auto points = numbers.get<std::vector<double>>();
    draw_fact(tr("Values"), tr_format("{}, from {:.5g} to {:.5g}", points.size(), points.front(), points.back()));
    if (!ImPlot::BeginPlot(
            fmt::format("{}##curve", title).c_str(), plot_size(), ImPlotFlags_NoLegend | ImPlotFlags_NoMenus))
      return;
    ImPlot::SetupAxes(nullptr, nullptr, ImPlotAxisFlags_AutoFit, ImPlotAxisFlags_AutoFit);
    ImPlot::PlotLine("##points", points.data(), static_cast<int>(points.size()));
    ImPlot::PlotScatter("##points", points.data(), static_cast<int>(points.size()));
    ImPlot::EndPlot();
  }

  void draw_table(const char* id, const json& table) {
    const json &columns = table["columns"], &rows = table["rows"];
    constexpr int kMostColumns = 64;  // of ImGui's tables
    const int count = static_cast<int>(std::min<std::size_t>(columns.size(), kMostColumns));
    constexpr ImGuiTableFlags kFlags = ImGuiTableFlags_RowBg | ImGuiTableFlags_BordersInnerV |
        ImGuiTableFlags_SizingFixedFit | ImGuiTableFlags_ScrollY;
    const float line = ImGui::GetTextLineHeightWithSpacing();
    const float height = line * static_cast<float>(std::min<std::size_t>(rows.size(), 14) + 1) + line / 2;
    if (count == 0 || !ImGui::BeginTable(id, count, kFlags, {0, height})) return;
    ImGui::TableSetupScrollFreeze(0, 1);
    for (int i = 0; i < count; ++i)
      ImGui::TableSetupColumn(title_of(text_of(columns[static_cast<std::size_t>(i)])).c_str());
    ImGui::TableHeadersRow();
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(rows.size()));
    while (clipper.Step())
      for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i)
        draw_row(rows[static_cast<std::size_t>(i)], count);
    ImGui::EndTable();
  }

  void draw_row(const json& row, int columns) {
    if (!row.is_array()) return;
    ImGui::TableNextRow();
    for (std::size_t i = 0; i < std::min(row.size(), static_cast<std::size_t>(columns)); ++i) {
      ImGui::TableNextColumn();
      ImGui::TextUnformatted(text_of(row[i]).c_str());
    }
  }

  const Theme& theme_;
};

/// Values of the plain types say themselves what they are.
json described(const runs::OutputView& output) {
  if (output.value.is<std::string>()) return output.value.as<std::string>();
  if (output.value.is<double>()) return output.value.as<double>();
  if (output.value.is<std::int64_t>()) return output.value.as<std::int64_t>();
  if (output.value.is<bool>()) return output.value.as<bool>();
  return output.description;
}

}  // namespace

void draw_value(const Theme& theme, const ValueType* type, const runs::OutputView& output) {
  ImGui::TextColored(as_vec4(type_colour(theme, type)), "%s", type ? shown_title(*type).c_str() : output.type.c_str());
  ImGui::Spacing();
  const json description = described(output);
  if (description.is_null())
    dim_text(theme, tr("This type does not describe its values."));
  else
    ValueView(theme).draw(description);
}

void draw_facts(const Theme& theme, const runs::OutputView& output) { ValueView(theme).draw_facts(described(output)); }

}  // namespace weft::editor
