#include <imgui.h>
#include <imgui_stdlib.h>

#include <map>

#include "editor/app/app.h"
#include "editor/panels/panels.h"
#include "editor/session/gestures.h"
#include "editor/session/node_text.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

/// Node types by the parts of their menus.
struct Menu {
  std::map<std::string, Menu> menus;
  std::vector<const NodeInfo*> types;
};

Menu menu_of(const Registry& registry) {
  Menu root;
  for (const NodeInfo* type : registry.nodes()) {
    Menu* at = &root;
    std::string_view path = type->options.menu;
    while (!path.empty()) {
      const std::size_t slash = path.find('/');
      at = &at->menus[std::string(path.substr(0, slash))];
      path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
    }
    at->types.push_back(type);
  }
  return root;
}

void add_to_canvas(App& app, const NodeInfo& type) {
  if (!app.document()) app.new_document();
  app.attempt([&] {
    add_node(
        *app.document(), app.registry, type.id, place_for_new(app, size_of_new(app, type.id)), app.beginning(type.id));
  });
}

void draw_type(App& app, const NodeInfo& type) {
  const ImVec2 min = ImGui::GetCursorScreenPos();
  const float mark = ImGui::GetFontSize() * 0.55f;
  ImGui::SetCursorScreenPos({min.x + mark + 8, min.y});
  ImGui::PushID(type.id.c_str());
  const std::string title = shown_title(type);
  const std::string shown = elided(title, ImGui::GetContentRegionAvail().x);
  if (ImGui::Selectable((shown + "###" + type.options.title).c_str(), false, ImGuiSelectableFlags_AllowDoubleClick) &&
      ImGui::IsMouseDoubleClicked(ImGuiMouseButton_Left))
    add_to_canvas(app, type);
  ImGui::PopID();
  ImGui::GetWindowDrawList()->AddRectFilled({min.x, min.y + (ImGui::GetFontSize() - mark) / 2 + 1},
      {min.x + mark, min.y + (ImGui::GetFontSize() + mark) / 2 + 1}, category_colour(app.theme, type.options.menu), 3);
  if (ImGui::BeginDragDropSource()) {
    const std::string_view id = type.id;
    ImGui::SetDragDropPayload("node type", id.data(), id.size());
    ImGui::TextUnformatted(title.c_str());
    ImGui::EndDragDropSource();
  } else if (ImGui::BeginItemTooltip()) {
    ImGui::PushTextWrapPos(ImGui::GetFontSize() * 24);
    if (shown != title) ImGui::TextUnformatted(title.c_str());
    ImGui::TextUnformatted(type.options.doc.c_str());
    dim_text(app.theme, tr_format("{}, of {}", type.id, type.plugin));
    dim_text(app.theme, tr("Drag it to the canvas, or double click"));
    ImGui::PopTextWrapPos();
    ImGui::EndTooltip();
  }
}

void draw_menu(App& app, const Menu& menu, bool top) {
  for (const auto& [name, below] : menu.menus) {
    ImGui::PushStyleColor(ImGuiCol_Header, app.theme.raised);
    ImGui::PushStyleColor(ImGuiCol_Text, app.theme.text_dim);
    ImGui::PushFont(top ? app.fonts.bold : app.fonts.regular, 0);
    const std::string header = shown_menu(name) + "###" + name;
    const bool open = top
        ? ImGui::CollapsingHeader(header.c_str(), ImGuiTreeNodeFlags_DefaultOpen)
        : ImGui::TreeNodeEx(header.c_str(), ImGuiTreeNodeFlags_DefaultOpen | ImGuiTreeNodeFlags_SpanAvailWidth);
    ImGui::PopFont();
    ImGui::PopStyleColor(2);
    if (!open) continue;
    if (top) ImGui::Indent(ImGui::GetFontSize() * 0.4f);
    draw_menu(app, below, false);
    if (top)
      ImGui::Unindent(ImGui::GetFontSize() * 0.4f);
    else
      ImGui::TreePop();
  }
  for (const NodeInfo* type : menu.types) draw_type(app, *type);
}

}  // namespace

void draw_library(App& app) {
  if (ImGui::Begin(label("Nodes"), nullptr, ImGuiWindowFlags_NoCollapse)) {
    LibraryState& state = app.panels.library;
    ImGui::SetNextItemWidth(-1);
    ImGui::InputTextWithHint("##query", fmt::format("{}  {}", icon::kSearch, tr("Search")).c_str(), &state.query);
    if (ImGui::BeginChild("types")) {
      if (state.query.empty()) {
        if (!state.menu_known) state.menu = std::make_shared<Menu>(menu_of(app.registry)), state.menu_known = true;
        draw_menu(app, *std::static_pointer_cast<Menu>(state.menu), true);
      } else {
        const std::vector<const NodeInfo*> types = app.registry.nodes();
        for (const SearchHit& hit : search(state.query, searchable_nodes(app.registry), app.settings.node_usage))
          draw_type(app, *types[hit.index]);
      }
    }
    ImGui::EndChild();
  }
  ImGui::End();
}

}  // namespace weft::editor
