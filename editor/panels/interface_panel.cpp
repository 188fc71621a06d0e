#include "editor/panels/interface_panel.h"

#include <fmt/format.h>
#include <imgui.h>
#include <imgui_stdlib.h>

#include <algorithm>
#include <tuple>

#include "editor/app/app.h"
#include "editor/app/param_edit.h"
#include "editor/session/gestures.h"
#include "editor/session/node_ui.h"
#include "editor/widgets/draw.h"
#include "editor/widgets/param_field.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

/// One name, and the port that it stands for. Copied: edits replace the document's.
struct Row {
  std::string name;
  PortRef port;
  std::size_t more = 0;  ///< ports that get the same value
};

class InterfacePanel {
 public:
  InterfacePanel(App& app, Document& document) : app_(app), document_(document), scope_(document.scope()) {}

  void draw() {
    const bool inside = !scope_.empty();
    const std::vector<Row> inputs = rows(Side::Input), outputs = rows(Side::Output);
    draw_list(inside ? tr("Inputs of the subgraph") : tr("Inputs of the workflow"), inputs, Side::Input);
    draw_list(inside ? tr("Outputs of the subgraph") : tr("Outputs of the workflow"), outputs, Side::Output);
    draw_subgraphs();
    ImGui::PushTextWrapPos();
    if (inputs.empty() && outputs.empty()) dim_text(app_.theme, tr("Select a node to see its params."));
    dim_text(app_.theme,
        inside ? tr("The menu of a port makes it a port of the subgraph.")
               : tr("The menu of a port makes it an input or output of the workflow, for those who run it "
                    "from outside."));
    ImGui::PopTextWrapPos();
  }

 private:
  std::vector<Row> rows(Side side) const {
    std::vector<Row> rows;
    if (!scope_.empty()) {
      const SubgraphInterface& interface = document_.workflow().subgraphs.at(scope_).interface;
      if (side == Side::Input)
        for (const SubgraphInput& each : interface.inputs)
          rows.push_back({each.name, each.targets.front(), each.targets.size() - 1});
      else
        for (const SubgraphOutput& each : interface.outputs) rows.push_back({each.name, each.source});
      return rows;
    }
    const Interface& interface = document_.workflow().interface;
    for (const auto& [name, port] : side == Side::Input ? interface.inputs : interface.outputs)
      rows.push_back({name, port});
    std::ranges::stable_sort(rows, {}, [this](const Row& row) { return place_of(row.port); });
    return rows;
  }

  /// As one reads the canvas: from left to right, from top to bottom, and down a node's ports. The file keeps no order.
  std::tuple<double, double, std::ptrdiff_t> place_of(const PortRef& port) const {
    const GraphNode* node = document_.graph().find(port.node);
    if (!node) return {};
    const Point at = node_ui(*node).at;
    const NodeInfo* type = app_.type_of(*node);
    const PortInfo* info = type ? type->find_input(port.port) : nullptr;
    return {at.x, at.y, info ? info - type->inputs.data() : 0};
  }

  void draw_list(const char* title, const std::vector<Row>& rows, Side side) {
    if (rows.empty()) return;
    ImGui::SeparatorText(title);
    ImGui::PushID(title);
    for (const Row& row : rows) {
      ImGui::PushID(row.name.c_str());
      draw_row(row, side);
      ImGui::PopID();
    }
    ImGui::PopID();
  }

  void draw_row(const Row& row, Side side) {
    const GraphNode* node = document_.graph().find(row.port.node);
    const NodeInfo* type = node ? app_.type_of(*node) : nullptr;
    const PortInfo* info = type && side == Side::Input ? type->find_input(row.port.port) : nullptr;
    if (info && info->kind == PortKind::Param)
      draw_param(row, PortInfo(*info), *node);
    else
      draw_name(row);
    draw_menu(row, side);
  }

  float menu_width() const { return ImGui::GetFrameHeight() + 4; }

  void draw_param(const Row& row, const PortInfo& info, const GraphNode& node) {
    const bool text = info.widget == Widget::Text;
    const std::string label = port_label(row.name);
    if (text) dim_text(app_.theme, label);
    const ImVec2 min = ImGui::GetCursorScreenPos();
    const ImVec2 size{ImGui::GetContentRegionAvail().x - menu_width(), ImGui::GetFrameHeight() * (text ? 3.2f : 1.0f)};
    const std::string seed = shown_seed(app_, document_, node, info);
    const FieldEdit edit =
        param_field(info, param_value(node, info.name), {app_.theme, size, label, /*wrong=*/false, seed});
    if (!info.tip.empty()) ImGui::SetItemTooltip("%s", info.tip.c_str());
    take_field_edit(app_, document_, row.port.node, info, edit, min, {min.x + size.x, min.y + size.y});
  }

  void draw_name(const Row& row) {
    std::string port = row.port.node + (row.port.port.empty() ? "" : "." + row.port.port);
    if (row.more > 0) port += fmt::format(" +{}", row.more);
    draw_line(row.name, port);
  }

  void draw_line(const std::string& name, const std::string& detail) {
    const float width = ImGui::GetContentRegionAvail().x - menu_width(), start = ImGui::GetCursorPosX();
    ImGui::AlignTextToFramePadding();
    ImGui::TextUnformatted(elided(name, width).c_str());
    ImGui::SameLine();
    dim_text(app_.theme, elided(detail, width - (ImGui::GetCursorPosX() - start)));
    ImGui::SameLine(start + width);
    ImGui::Dummy({0, 0});
  }

  /// The button at the end of a row. True if its menu is open: to be filled, and ended with ImGui::EndPopup().
  /// `rename` gets the new name.
  bool begin_menu(const std::string& name, const std::function<void(const std::string&)>& rename) {
    ImGui::SameLine(0, 4);
    if (quiet_button((std::string(icon::kMore) + "##more").c_str(), app_.theme, tr("Rename and more"))) {
      app_.panels.new_name = name;
      ImGui::OpenPopup("more");
    }
    if (!ImGui::BeginPopup("more")) return false;
    ImGui::SetNextItemWidth(ImGui::GetFontSize() * 12);
    if (ImGui::InputTextWithHint("##name", tr("Name"), &app_.panels.new_name, ImGuiInputTextFlags_EnterReturnsTrue) &&
        app_.attempt([&] { rename(app_.panels.new_name); }))
      ImGui::CloseCurrentPopup();
    return true;
  }

  void draw_menu(const Row& row, Side side) {
    if (!begin_menu(row.name, [&](const std::string& to) { rename_port(document_, side, row.name, to); })) return;
    if (ImGui::MenuItem(label("Show Node"))) app_.lead_to(problem_address(document_, row.port.node));
    if (!scope_.empty()) {
      if (ImGui::MenuItem(label("Move Up"))) app_.attempt([&] { move_port(document_, side, row.name, -1); });
      if (ImGui::MenuItem(label("Move Down"))) app_.attempt([&] { move_port(document_, side, row.name, 1); });
    }
    if (ImGui::MenuItem(label("Remove"))) app_.attempt([&] { remove_port(document_, side, row.name); });
    ImGui::EndPopup();
  }

  void draw_subgraphs() {
    std::vector<std::string> names;  // copied: edits replace the document's
    for (const auto& [name, subgraph] : document_.workflow().subgraphs) names.push_back(name);
    if (names.empty()) return;
    ImGui::SeparatorText(tr("Subgraphs"));
    for (const std::string& name : names) {
      ImGui::PushID(name.c_str());
      draw_subgraph(name);
      ImGui::PopID();
    }
  }

  void draw_subgraph(const std::string& name) {
    const std::size_t count = count_instances(document_.workflow(), name);
    draw_line(name, tr_format_n("{} instance", "{} instances", count));
    if (!begin_menu(name, [&](const std::string& to) { rename_subgraph(document_, name, to); })) return;
    if (ImGui::MenuItem(label("Add to the Graph"), nullptr, false, name != scope_))
      app_.attempt([&] {
        const std::string type = subgraph_type(name);
        add_node(document_, app_.registry, type, place_for_new(app_, size_of_new(app_, type)));
      });
    if (ImGui::MenuItem(label("Remove"), nullptr, false, count == 0))
      app_.attempt([&] { remove_subgraph(document_, name); });
    ImGui::EndPopup();
  }

  App& app_;
  Document& document_;
  const std::string scope_;
};

}  // namespace

void draw_interface(App& app, Document& document) { InterfacePanel(app, document).draw(); }

}  // namespace weft::editor
