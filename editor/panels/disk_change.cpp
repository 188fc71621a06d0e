#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/session/compare.h"
#include "editor/widgets/draw.h"

namespace weft::editor {

namespace {

Tab* changed_tab(App& app) {
  for (const auto& tab : app.tabs)
    if (tab->open.changed_on_disk) return tab.get();
  return nullptr;
}

/// What the file holds now, against what the document holds.
DiskChangeState look(const App& app, const Document& document) {
  DiskChangeState state{.document = document.id()};
  try {
    Workflow theirs = read_for_document(document.file(), app.registry);
    state.differences = differences(document.workflow(), theirs);
    state.theirs = std::move(theirs);
  } catch (const std::exception& error) {
    state.problem = error.what();
  }
  return state;
}

void draw_differences(const App& app, const DiskChangeState& state) {
  if (!state.problem.empty()) {
    ImGui::PushTextWrapPos();
    ImGui::TextColored(as_vec4(app.theme.bad), "%s", state.problem.c_str());
    ImGui::PopTextWrapPos();
    return;
  }
  if (state.differences.empty()) dim_text(app.theme, tr("Both mean the same."));
  const float rows = std::min<float>(10, static_cast<float>(state.differences.size()));
  if (state.differences.empty() ||
      !ImGui::BeginChild("differences", {0, rows * ImGui::GetTextLineHeightWithSpacing() + 8}))
    return;
  ImGuiListClipper clipper;
  clipper.Begin(static_cast<int>(state.differences.size()));
  while (clipper.Step())
    for (int i = clipper.DisplayStart; i < clipper.DisplayEnd; ++i)
      ImGui::BulletText("%s", state.differences[static_cast<std::size_t>(i)].c_str());
  ImGui::EndChild();
}

/// Whether one was pressed.
bool draw_answers(App& app, Tab& tab, const DiskChangeState& state) {
  Document& document = *tab.document;
  if (default_button(label("Keep Mine"), app.theme)) {
    document.keep_mine();
    return true;
  }
  ImGui::SetItemTooltip("%s", tr("The file stays as it is until you save"));
  ImGui::BeginDisabled(!state.theirs);
  ImGui::SameLine();
  bool answered = false;
  if (ImGui::Button(label("Load Theirs"))) answered = app.attempt([&] { document.reload(app.registry); });
  ImGui::SetItemTooltip("%s", tr("Undo brings yours back"));
  ImGui::SameLine();
  if (ImGui::Button(label("Open Theirs in a Tab"))) {
    document.keep_mine();
    app.show(std::make_unique<Document>(*state.theirs));
    answered = true;
  }
  ImGui::SetItemTooltip("%s", tr("Keeps yours, and shows the file's as a workflow without a name"));
  ImGui::EndDisabled();
  return answered;
}

}  // namespace

/// Asks what shall be done about a file that somebody else has changed. Nothing is lost by any answer: what is
/// loaded is a step of undo, and what is kept is written only by saving.
void draw_disk_change(App& app) {
  DiskChangeState& state = app.panels.disk_change;
  Tab* tab = changed_tab(app);
  if (!tab) {
    state = {};
    return;
  }
  if (state.document != tab->document->id()) {
    if (ImGui::IsAnyMouseDown() ||  // not in the middle of a drag
        ImGui::IsPopupOpen("", ImGuiPopupFlags_AnyPopupId | ImGuiPopupFlags_AnyPopupLevel))
      return;
    state = look(app, *tab->document);
  }
  if (app.dialog() != Dialog::DiskChange || !begin_dialog(label("Changed on Disk"), 36)) return;
  ImGui::PushTextWrapPos();
  ImGui::TextUnformatted(tr_format("Another program has changed {}.", tab->document->file().string()).c_str());
  if (tab->document->dirty()) ImGui::TextUnformatted(tr("You have changes here that are not saved."));
  ImGui::PopTextWrapPos();
  ImGui::Spacing();
  draw_differences(app, state);
  ImGui::Spacing();
  if (draw_answers(app, *tab, state)) {
    tab->open.changed_on_disk = false;
    state = {};
    ImGui::CloseCurrentPopup();
  }
  ImGui::EndPopup();
}

}  // namespace weft::editor
