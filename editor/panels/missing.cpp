// The summary of what an opened workflow names and this machine does not have: node types, models, files, each once. It
// blocks nothing; it shows itself when such a workflow is opened, and goes when nothing is missing any more.
#include <fmt/format.h>

#include "editor/app/app.h"
#include "editor/app/lists.h"
#include "editor/app/remedy_actions.h"
#include "editor/panels/panels.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

std::string address_of(const Spot& spot) {
  return spot.scope.empty() ? spot.node : address_in_subgraph(spot.scope, spot.node);
}

const char* heading_of(Missing::Kind kind) {
  switch (kind) {
    case Missing::Kind::NodeType:
      return tr("Node types that no plugin brings");
    case Missing::Kind::Model:
      return tr("Models that are not in the model folders");
    case Missing::Kind::File:
      return tr("Files that are not there");
  }
  return "";
}

void draw_row(App& app, const Missing& each) {
  ImGui::AlignTextToFramePadding();
  ImGui::TextUnformatted(each.title.c_str());
  ImGui::SetItemTooltip("%s", each.name.c_str());
  ImGui::SameLine();
  const std::string count = each.kind == Missing::Kind::Model
      ? tr_format_n("{} node, in '{}'", "{} nodes, in '{}'", each.spots.size(), each.folder)
      : tr_format_n("{} node", "{} nodes", each.spots.size());
  dim_text(app.theme, count);
  const float indent = ImGui::GetFontSize() * 1.5f;
  ImGui::Indent(indent);
  if (each.kind == Missing::Kind::NodeType) {
    if (ImGui::Button(label("Replace\u2026"))) open_replace_list(app, each.spots);
    ImGui::SameLine();
    if (ImGui::Button(label("Bypass"))) app.attempt([&] { bypass_all(*app.document(), each.spots); });
    ImGui::SameLine();
  } else if (each.kind == Missing::Kind::Model) {
    if (ImGui::Button(label("Choose a Model\u2026"))) open_model_list(app, each.spots, each.folder);
    ImGui::SameLine();
  } else {
    if (ImGui::Button(label("Choose a File\u2026"))) choose_file_for(app, each.spots);
    ImGui::SameLine();
  }
  if (ImGui::Button(label("Show"))) app.lead_to(address_of(each.spots.front()));
  ImGui::Unindent(indent);
}

void draw_foot(App& app, const std::vector<Missing>& missing) {
  std::vector<Spot> unknown;
  bool models = false;
  for (const Missing& each : missing) {
    if (each.kind == Missing::Kind::NodeType) unknown.insert(unknown.end(), each.spots.begin(), each.spots.end());
    models |= each.kind == Missing::Kind::Model;
  }
  ImGui::Separator();
  if (!unknown.empty()) {
    if (ImGui::Button(label("Bypass All"))) app.attempt([&] { bypass_all(*app.document(), unknown); });
    ImGui::SetItemTooltip("%s", tr("All nodes of unknown types pass on what comes in"));
    ImGui::SameLine();
  }
  if (models) {
    if (ImGui::Button(label("Add a Model Folder\u2026"))) app.ask_for_model_folder();
    ImGui::SetItemTooltip("%s", tr("Such as the folder of a ComfyUI installation"));
    ImGui::SameLine();
  }
  if (ImGui::Button(label("Close"))) app.panels.missing.document = 0;
}

}  // namespace

void draw_missing(App& app) {
  MissingState& state = app.panels.missing;
  Tab* tab = app.active();
  const bool checked = tab && tab->open.checked();
  if (tab && tab->open.tells_missing && checked) {
    tab->open.tells_missing = false;
    state.document = tab->document->id();
  }
  if (!tab || state.document != tab->document->id()) return;
  if (checked && state.revision != tab->open.problems_revision) {
    state.revision = tab->open.problems_revision;
    state.missing = what_is_missing(*tab->document, app.registry, tab->open.problems);
  }
  // As long as a change is being checked, what was missing before may name nodes that are gone.
  const bool stale = state.revision != tab->document->revision();
  if (!stale && state.missing.empty()) state.document = 0;
  if (state.document == 0) {
    state = {};
    return;
  }
  const ImGuiViewport& viewport = *ImGui::GetMainViewport();
  const float font = ImGui::GetFontSize();
  const ImVec2 min = tab->canvas.screen_min(), max = tab->canvas.screen_max();
  ImGui::SetNextWindowPos({max.x - font, min.y + font}, ImGuiCond_Appearing, {1, 0});  // nodes begin at the left
  ImGui::SetNextWindowSizeConstraints({font * 26, 0}, {viewport.Size.x * 0.9f, viewport.Size.y * 0.8f});
  bool open = true;
  if (ImGui::Begin(label("What Is Missing"), &open,
          ImGuiWindowFlags_NoDocking | ImGuiWindowFlags_NoSavedSettings | ImGuiWindowFlags_NoFocusOnAppearing |
              ImGuiWindowFlags_AlwaysAutoResize | ImGuiWindowFlags_NoCollapse)) {
    ImGui::BeginDisabled(stale);
    const std::vector<Missing> missing = state.missing;  // buttons change it
    for (std::size_t i = 0; i < missing.size(); ++i) {
      if (i == 0 || missing[i - 1].kind != missing[i].kind) ImGui::SeparatorText(heading_of(missing[i].kind));
      ImGui::PushID(static_cast<int>(i));
      draw_row(app, missing[i]);
      ImGui::PopID();
    }
    draw_foot(app, missing);
    ImGui::EndDisabled();
  }
  ImGui::End();
  if (!open) state.document = 0;
}

}  // namespace weft::editor
