#include <string>

#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

void draw_history(App& app) {
  if (ImGui::Begin(label("History"), nullptr, ImGuiWindowFlags_NoCollapse)) {
    Document* document = app.document();
    const std::vector<std::string> steps = document ? document->step_names() : std::vector<std::string>{};
    if (!document) {
      empty_hint(app.theme, icon::kHistory, tr("No workflow is open."));
    } else {
      std::size_t wanted = document->position();
      for (std::size_t i = 0; i <= steps.size(); ++i) {
        ImGui::PushID(static_cast<int>(i));
        ImGui::PushStyleColor(ImGuiCol_Text, i > document->position() ? app.theme.text_faint : app.theme.text);
        if (ImGui::Selectable(i == 0 ? tr("Opened") : steps[i - 1].c_str(), i == document->position())) wanted = i;
        ImGui::PopStyleColor();
        ImGui::PopID();
      }
      if (wanted != document->position()) document->go_to(wanted);
    }
  }
  ImGui::End();
}

}  // namespace weft::editor
