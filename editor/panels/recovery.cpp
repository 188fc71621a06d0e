#include <fmt/chrono.h>
#include <fmt/format.h>

#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"

namespace weft::editor {

namespace {

std::string name_of(const Recoverable& each) {
  const std::filesystem::path& named_by = each.file.empty() ? each.origin : each.file;
  return named_by.empty() ? tr("Untitled") : named_by.filename().string();
}

std::string what_is_lost(const Recoverable& each) {
  std::string time = fmt::format("{:%Y-%m-%d %H:%M}", fmt::localtime(std::chrono::system_clock::to_time_t(each.time)));
  if (each.gestures.empty() || each.gestures.back().empty()) return time;  // as an earlier recovery left it
  return time + ", " +
      tr_format_n("{} unsaved step, the last: {}", "{} unsaved steps, the last: {}", each.gestures.size(),
          each.gestures.back().c_str());
}

/// In a tab, in the place of one that shows the file as it was saved.
void recover(App& app, const Recoverable& each) {
  for (std::size_t i = app.tabs.size(); i-- > 0 && !each.file.empty();) {
    Tab& tab = *app.tabs[i];
    if (tab.document->file() == each.file && !tab.document->dirty()) app.close_now(tab);
  }
  const Tab& tab = app.show(Document::recovered(each.workflow, each.file, each.origin));
  app.workspace.journal()->record(*tab.document);
  app.workspace.journal()->flush();  // what was left behind goes once this process holds it
}

}  // namespace

/// Offers what a crash left behind, at the start.
void draw_recovery(App& app) {
  std::vector<Recoverable>& found = app.panels.recovery.found;
  if (app.dialog() != Dialog::Recovery || !begin_dialog(label("Recover"), 36)) return;
  const bool several = found.size() > 1;
  ImGui::PushTextWrapPos();
  ImGui::TextUnformatted(tr("Weft ended before these workflows were saved. Nothing in your files has changed."));
  ImGui::PopTextWrapPos();
  ImGui::Spacing();
  std::vector<char> recovered(found.size()), discarded(found.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    ImGui::PushID(static_cast<int>(i));
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted(name_of(found[i]).c_str());
    ImGui::SameLine();
    dim_text(app.theme, what_is_lost(found[i]));
    if (several) {
      recovered[i] = ImGui::Button(label("Recover"));
      ImGui::SameLine();
      discarded[i] = ImGui::Button(label("Discard"));
      ImGui::Separator();
    }
    ImGui::PopID();
  }
  ImGui::Spacing();
  if (default_button(several ? label("Recover All") : label("Recover"), app.theme))
    recovered.assign(found.size(), true);
  ImGui::SameLine();
  if (!several) {
    discarded[0] = ImGui::Button(label("Discard"));
    ImGui::SameLine();
  }
  const bool later = ImGui::Button(label("Later")) || ImGui::IsKeyPressed(ImGuiKey_Escape);
  ImGui::SetItemTooltip("%s", tr("Asks again at the next start"));
  for (std::size_t i = found.size(); i-- > 0;) {
    if (!recovered[i] && !discarded[i]) continue;
    if (recovered[i]) recover(app, found[i]);
    app.workspace.journal()->discard(found[i]);
    found.erase(found.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (later) found.clear();
  if (found.empty()) ImGui::CloseCurrentPopup();
  ImGui::EndPopup();
}

}  // namespace weft::editor
