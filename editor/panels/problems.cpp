// What keeps the workflow from running: each problem with the buttons that do away with it.
#include <fmt/format.h>

#include "editor/app/app.h"
#include "editor/app/remedy_actions.h"
#include "editor/panels/panels.h"
#include "editor/session/node_text.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

/// What the last run says of nodes of the document. What kept a run from beginning counts until the document changes: from
/// then on the check of the document knows better.
std::vector<Problem> failures(const App& app, const Document& document) {
  std::vector<Problem> failed;
  const auto run = app.runs->owners.find(document.id());
  if (run == app.runs->owners.end()) return failed;
  for (const auto& [id, node] : run->second->nodes)
    if (node.state == runs::NodeRun::State::Failed && node.problem &&
        (node.refused_at == 0 || node.refused_at == document.revision()))
      failed.push_back(*node.problem);
  return failed;
}

}  // namespace

/// Told anew only when something has changed.
std::shared_ptr<const std::vector<ToldProblem>> told_problems(App& app) {
  const Tab* tab = app.active();
  ProblemsState& state = app.panels.problems;
  const std::vector<Problem> failed = tab ? failures(app, *tab->document) : std::vector<Problem>{};
  const DocumentId document = tab ? tab->document->id() : 0;
  const std::uint64_t revision = tab ? tab->document->revision() : 0;
  const bool same = state.document == document && state.revision == revision && state.failed == failed &&
      (!tab || state.found == tab->open.problems) && state.language == language();
  if (same && state.told) return state.told;
  state = {
      .document = document, .revision = revision, .failed = failed, .found = {}, .language = language(), .told = {}};
  if (tab) state.found = tab->open.problems;
  state.told = std::make_shared<const std::vector<ToldProblem>>(
      tab ? tell_all(*tab->document, app.registry, failed, state.found) : std::vector<ToldProblem>{});
  return state.told;
}

namespace {

void draw_mark(App& app, const ToldProblem& problem) {
  const ImU32 colour = problem.failed ? app.theme.bad : app.theme.warn;
  ImGui::PushStyleColor(ImGuiCol_Text, colour);
  ImGui::TextUnformatted(problem.failed ? icon::kFailed : icon::kWarning);
  ImGui::PopStyleColor();
  ImGui::SameLine();
}

void draw_heading(App& app, const ToldProblem& problem) {
  draw_mark(app, problem);
  std::string text = problem.title;
  if (!problem.problem.port.empty()) text += "  \u203a  " + port_label(problem.problem.port);
  if (!text.empty()) text += ":  ";
  if (ImGui::Selectable((text + problem.what + "##" + problem.problem.node).c_str())) app.lead_to(problem.problem.node);
  if (!problem.problem.node.empty())
    ImGui::SetItemTooltip("%s\n%s", problem.problem.text().c_str(), tr("Click to show the node"));
}

void draw_remedies(App& app, const ToldProblem& problem) {
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
  carry_out(app, problem, *chosen);
}

void draw_problem(App& app, const ToldProblem& problem) {
  draw_heading(app, problem);
  draw_remedies(app, problem);
}

}  // namespace

void draw_problem_of_node(App& app, const ToldProblem& problem) {
  draw_mark(app, problem);
  ImGui::PushTextWrapPos();
  ImGui::PushStyleColor(ImGuiCol_Text, app.theme.warn);
  const std::string port = problem.problem.port.empty() ? std::string() : port_label(problem.problem.port) + ": ";
  ImGui::TextUnformatted((port + problem.what).c_str());
  ImGui::PopStyleColor();
  ImGui::PopTextWrapPos();
  draw_remedies(app, problem);
}

void draw_problems(App& app) {
  const auto told = told_problems(app);  // held, as what a button does tells them anew
  const std::vector<ToldProblem>& problems = *told;
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
