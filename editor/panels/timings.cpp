#include <fmt/format.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

struct Row {
  const std::string* id;
  const runs::NodeRun* node;
};

std::vector<Row> rows_of(const runs::OwnerRun& run) {
  std::vector<Row> rows;
  for (const auto& [id, node] : run.nodes)
    if (node.state != runs::NodeRun::State::Idle) rows.push_back({&id, &node});
  std::ranges::stable_sort(rows, std::greater<>(), [](const Row& row) { return row.node->seconds; });
  return rows;
}

/// Not ImGui's, which has the baseline of a frame: what follows in the row would stand lower than what is before it.
void draw_bar(const Theme& theme, float share, const std::string& text) {
  const ImVec2 min = ImGui::GetCursorScreenPos();
  const ImVec2 max{min.x + ImGui::GetContentRegionAvail().x, min.y + ImGui::GetTextLineHeight()};
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float rounding = ImGui::GetStyle().FrameRounding / 2;
  list.AddRectFilled(min, max, theme.field, rounding);
  if (share > 0)
    list.AddRectFilled(
        min, {min.x + (max.x - min.x) * share, max.y}, mixed(theme.field, theme.accent, 0.55f), rounding);
  draw_text_in(list, {min.x + rounding + 2, min.y}, max, text, theme.text);
  ImGui::Dummy({max.x - min.x, max.y - min.y});
}

}  // namespace

void draw_timings(App& app) {
  if (ImGui::Begin(label("Timings"), nullptr, ImGuiWindowFlags_NoCollapse)) {
    const Document* document = app.document();
    const auto run = document ? app.runs->owners.find(document->id()) : app.runs->owners.end();
    if (run == app.runs->owners.end()) {
      empty_hint(app.theme, icon::kClock, tr("How long each node took, after a run."));
    } else {
      const std::vector<Row> rows = rows_of(*run->second);
      const double most = rows.empty() ? 0 : rows.front().node->seconds;
      if (ImGui::BeginTable("timings", 4, ImGuiTableFlags_RowBg | ImGuiTableFlags_ScrollY)) {
        ImGui::TableSetupColumn(label("Node"), ImGuiTableColumnFlags_WidthStretch, 1);
        ImGui::TableSetupColumn(label("Time"), ImGuiTableColumnFlags_WidthStretch, 1.2f);
        ImGui::TableSetupColumn(label("Memory"), ImGuiTableColumnFlags_WidthFixed, ImGui::GetFontSize() * 6);
        ImGui::TableSetupColumn(label("Why it ran"), ImGuiTableColumnFlags_WidthStretch, 1.6f);
        ImGui::TableSetupScrollFreeze(0, 1);
        ImGui::TableHeadersRow();
        for (const Row& row : rows) {
          ImGui::TableNextRow();
          ImGui::TableNextColumn();
          if (ImGui::Selectable(row.id->c_str(), false, ImGuiSelectableFlags_SpanAllColumns)) app.lead_to(*row.id);
          ImGui::TableNextColumn();
          const bool cached = row.node->state == runs::NodeRun::State::Cached;
          const float share = most > 0 && !cached ? static_cast<float>(row.node->seconds / most) : 0;
          draw_bar(app.theme, share, cached ? tr("cached") : fmt::format("{:.2f} s", row.node->seconds));
          ImGui::TableNextColumn();
          dim_text(app.theme, fmt::format("{:.1f} MB", static_cast<double>(row.node->bytes) / 1e6));
          ImGui::TableNextColumn();
          dim_text(app.theme, row.node->why);
        }
        ImGui::EndTable();
      }
    }
  }
  ImGui::End();
}

}  // namespace weft::editor
