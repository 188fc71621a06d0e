#include <fmt/chrono.h>
#include <fmt/format.h>

#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"

namespace weft::editor {

/// Offers what a crash left behind, once, at the start.
void draw_recovery(App& app) {
  RecoveryState& state = app.panels.recovery;
  if (state.found.empty()) return;
  if (!std::exchange(state.shown, true)) ImGui::OpenPopup(label("Recover"));
  if (!begin_dialog(label("Recover"), 36)) return;
  ImGui::PushTextWrapPos();
  ImGui::TextUnformatted(tr("Weft ended before these workflows were saved. Nothing in your files has changed."));
  ImGui::PopTextWrapPos();
  ImGui::Spacing();
  int done = -1;
  bool recover = false;
  for (std::size_t i = 0; i < state.found.size(); ++i) {
    const Recoverable& each = state.found[i];
    ImGui::PushID(static_cast<int>(i));
    ImGui::AlignTextToFramePadding();
    const std::filesystem::path& named_by = each.file.empty() ? each.origin : each.file;
    ImGui::TextUnformatted(named_by.empty() ? tr("Untitled") : named_by.filename().c_str());
    ImGui::SameLine();
    dim_text(app.theme,
             fmt::format("{:%Y-%m-%d %H:%M}, {}",
                         fmt::localtime(std::chrono::system_clock::to_time_t(each.time)),
                         tr_format_n("{} unsaved step, the last: {}", "{} unsaved steps, the last: {}",
                                     each.gestures.size(),
                                     each.gestures.empty() ? tr("none") : each.gestures.back().c_str())));
    if (accent_button(label("Recover"), app.theme)) done = static_cast<int>(i), recover = true;
    ImGui::SameLine();
    if (ImGui::Button(label("Discard"))) done = static_cast<int>(i);
    ImGui::PopID();
    ImGui::Separator();
  }
  if (done >= 0) {
    const Recoverable chosen = state.found[static_cast<std::size_t>(done)];
    if (recover) app.show(Document::recovered(chosen.workflow, chosen.file, chosen.origin));
    app.journal->discard(chosen);
    state.found.erase(state.found.begin() + done);
  }
  if (ImGui::Button(label("Later"))) state.found.clear();
  if (state.found.empty()) {
    state.shown = false;
    ImGui::CloseCurrentPopup();
  }
  ImGui::EndPopup();
}

}  // namespace weft::editor
