#include <fmt/format.h>

#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

void draw_problem(App& app, const Problem& problem, ImU32 colour, const char* mark) {
  ImGui::PushStyleColor(ImGuiCol_Text, colour);
  ImGui::TextUnformatted(mark);
  ImGui::PopStyleColor();
  ImGui::SameLine();
  const std::string where = problem.node.empty()
                                ? std::string{}
                                : problem.node + (problem.port.empty() ? "" : "." + problem.port) + "  ";
  if (ImGui::Selectable((where + problem.what).c_str())) app.lead_to(problem.node);
  if (problem.remedy.empty()) return;
  ImGui::Indent(ImGui::GetFontSize() * 1.5f);
  dim_text(app.theme, problem.remedy);
  ImGui::Unindent(ImGui::GetFontSize() * 1.5f);
}

}  // namespace

void draw_problems(App& app) {
  const Tab* tab = app.active();
  std::vector<Problem> failed;
  if (tab)
    if (const auto run = app.runs->documents.find(tab->document->id()); run != app.runs->documents.end())
      for (const auto& [id, node] : run->second->nodes)
        if (node.state == NodeRun::State::Failed && node.problem) failed.push_back(*node.problem);
  const std::size_t count = failed.size() + (tab ? tab->problems.size() : 0);
  const std::string title = count ? tr_format("Problems ({})", count) + "###Problems" : label("Problems");
  if (ImGui::Begin(title.c_str(), nullptr, ImGuiWindowFlags_NoCollapse)) {
    if (count == 0) empty_hint(app.theme, icon::kDone, tr("The workflow can run."));
    int number = 0;
    for (const Problem& problem : failed) {
      ImGui::PushID(number++);
      draw_problem(app, problem, app.theme.bad, icon::kFailed);
      ImGui::PopID();
    }
    if (tab)
      for (const Problem& problem : tab->problems) {
        ImGui::PushID(number++);
        draw_problem(app, problem, app.theme.warn, icon::kWarning);
        ImGui::PopID();
      }
  }
  ImGui::End();
}

}  // namespace weft::editor
