// What keeps the workflow from running: each problem with the buttons that do away with it.
#include <fmt/format.h>

#include "editor/app/app.h"
#include "editor/app/remedy_actions.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"
#include "editor/widgets/param_field.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

/// What the last run says of nodes of the document. What kept a run from beginning counts until the document changes: from
/// then on the check of the document knows better.
std::vector<Problem> failures(const App& app, const Document& document) {
  std::vector<Problem> failed;
  const auto run = app.runs->documents.find(document.id());
  if (run == app.runs->documents.end()) return failed;
  for (const auto& [id, node] : run->second->nodes)
    if (node.state == NodeRun::State::Failed && node.problem &&
        (node.refused_at == 0 || node.refused_at == document.revision()))
      failed.push_back(*node.problem);
  return failed;
}

/// Told anew only when something has changed.
const std::vector<ToldProblem>& told(App& app, const Tab* tab) {
  ProblemsState& state = app.panels.problems;
  const std::vector<Problem> failed = tab ? failures(app, *tab->document) : std::vector<Problem>{};
  const DocumentId document = tab ? tab->document->id() : 0;
  const std::uint64_t revision = tab ? tab->document->revision() : 0;
  const bool same = state.document == document && state.revision == revision && state.failed == failed &&
                    (!tab || state.found == tab->problems) && state.language == language();
  if (same) return state.told;
  state = {.document = document, .revision = revision, .failed = failed, .found = {}, .language = language(), .told = {}};
  if (!tab) return state.told;
  state.found = tab->problems;
  state.told = tell_all(*tab->document, app.registry, failed, state.found);
  return state.told;
}

void draw_heading(App& app, const ToldProblem& problem) {
  const ImU32 colour = problem.failed ? app.theme.bad : app.theme.warn;
  ImGui::PushStyleColor(ImGuiCol_Text, colour);
  ImGui::TextUnformatted(problem.failed ? icon::kFailed : icon::kWarning);
  ImGui::PopStyleColor();
  ImGui::SameLine();
  std::string text;
  if (!problem.title.empty()) text = problem.title;
  if (!problem.problem.port.empty()) text += "  \u203a  " + port_label(problem.problem.port);
  if (!text.empty()) text += ":  ";
  if (ImGui::Selectable((text + problem.what + "##" + problem.problem.node).c_str())) app.lead_to(problem.problem.node);
  if (!problem.problem.node.empty()) ImGui::SetItemTooltip("%s\n%s", problem.problem.text().c_str(), tr("Click to show the node"));
}

void draw_problem(App& app, const ToldProblem& problem) {
  draw_heading(app, problem);
  const float indent = ImGui::GetFontSize() * 1.5f;
  ImGui::Indent(indent);
  if (!problem.advice.empty()) {
    ImGui::PushTextWrapPos();
    dim_text(app.theme, problem.advice);
    ImGui::PopTextWrapPos();
  }
  const Remedy* chosen = nullptr;
  for (const Remedy& remedy : problem.remedies) {
    if (&remedy != &problem.remedies.front()) same_line_if_fits(remedy.text.c_str());
    if (ImGui::SmallButton(remedy.text.c_str())) chosen = &remedy;
  }
  ImGui::Unindent(indent);
  if (!chosen) return;
  const ToldProblem copy = problem;  // the list is told anew
  carry_out(app, copy, Remedy(*chosen));
}

}  // namespace

void draw_problems(App& app) {
  const std::vector<ToldProblem>& problems = told(app, app.active());
  const std::string title =
      problems.empty() ? label("Problems") : tr_format("Problems ({})", problems.size()) + "###Problems";
  if (ImGui::Begin(title.c_str(), nullptr, ImGuiWindowFlags_NoCollapse)) {
    if (problems.empty()) empty_hint(app.theme, icon::kDone, tr("The workflow can run."));
    for (std::size_t i = 0; i < problems.size(); ++i) {
      ImGui::PushID(static_cast<int>(i));
      draw_problem(app, problems[i]);
      ImGui::PopID();
    }
  }
  ImGui::End();
}

}  // namespace weft::editor
