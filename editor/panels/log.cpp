#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

void draw_log(App& app) {
  if (ImGui::Begin(label("Log"), nullptr, ImGuiWindowFlags_NoCollapse)) {
    if (app.log.empty()) empty_hint(app.theme, icon::kLog, tr("What happened will be written here."));
    for (const LogLine& line : app.log) {
      dim_text(app.theme, line.time);
      ImGui::SameLine();
      const ImU32 colour = line.kind == LogLine::Kind::Error ? app.theme.bad
          : line.kind == LogLine::Kind::Warning              ? app.theme.warn
                                                             : app.theme.text;
      ImGui::PushStyleColor(ImGuiCol_Text, colour);
      ImGui::PushTextWrapPos();
      ImGui::TextUnformatted(line.text.c_str());
      ImGui::PopTextWrapPos();
      ImGui::PopStyleColor();
    }
    if (ImGui::GetScrollY() >= ImGui::GetScrollMaxY()) ImGui::SetScrollHereY(1);
  }
  ImGui::End();
}

}  // namespace weft::editor
