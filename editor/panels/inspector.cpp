#include <fmt/format.h>
#include <imgui_internal.h>

#include <algorithm>
#include <span>
#include <utility>

#include "editor/app/app.h"
#include "editor/app/lists.h"
#include "editor/app/param_edit.h"
#include "editor/app/vary.h"
#include "editor/panels/interface_panel.h"
#include "editor/panels/panels.h"
#include "editor/session/gestures.h"
#include "editor/session/node_text.h"
#include "editor/session/seeds.h"
#include "editor/session/shared_params.h"
#include "editor/session/sweeps.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

/// The field of a param, as wide as the panel, with a button to take the default again; where the field lies. `nodes`: those
/// that it sets.
ImRect draw_field(App& app, Document& document, std::span<const std::string> nodes, const PortInfo& port,
    const nlohmann::json& value, bool wrong, const std::string& shown, bool mixed = false) {
  const float height = ImGui::GetFrameHeight();
  const bool text = port.widget == Widget::Text;
  const std::string name = port_label(port.name);
  if (text) dim_text(app.theme, name);
  const float reset = value.is_null() || text ? 0 : height + 4;
  const ImVec2 min = ImGui::GetCursorScreenPos();
  const ImVec2 size{ImGui::GetContentRegionAvail().x - reset, text ? height * 4 : height};
  const bool entered = std::exchange(app.panels.focus_first_param, false);
  if (entered) {
    ImGui::SetKeyboardFocusHere();
    ImGui::SetNavCursorVisible(true);
  }
  FieldEdit edit = param_field(port, value, {app.theme, size, name, wrong, shown, mixed});
  edit.wants_popup |= entered && port.widget == Widget::Text;
  if (!port.tip.empty()) ImGui::SetItemTooltip("%s", port.tip.c_str());
  const ImRect field{min, {min.x + size.x, min.y + size.y}};
  take_field_edit(app, document, nodes, port, edit, field.Min, field.Max);
  if (reset == 0) return field;
  ImGui::SameLine(0, 4);
  ImGui::PushID(port.name.c_str());
  ImGui::PushItemFlag(ImGuiItemFlags_NoTabStop, true);  // Tab goes from field to field
  if (quiet_button((std::string(icon::kUndo) + "##reset").c_str(), app.theme, tr("The default again")))
    app.attempt([&] {
      set_param(document, nodes, port.name, nullptr);
      document.end_gesture();
    });
  ImGui::PopItemFlag();
  ImGui::PopID();
  return field;
}

class Inspector {
 public:
  Inspector(App& app, Document& document, const GraphNode& node, const NodeInfo* type)
      : app_(app), document_(document), node_(node), type_(type), address_(problem_address(document, node.id)) {}

  void draw() {
    draw_head();
    if (!type_) {
      draw_missing();
      return;
    }
    draw_problems();
    draw_params();
    draw_run();
    draw_help();
  }

 private:
  void draw_head() {
    const ImVec2 min = ImGui::GetCursorScreenPos();
    const float size = ImGui::GetFontSize() * 0.7f;
    ImGui::GetWindowDrawList()->AddRectFilled({min.x, min.y + 3}, {min.x + size, min.y + 3 + size},
        category_colour(app_.theme, type_ ? type_->options.menu : ""), 3);
    ImGui::SetCursorScreenPos({min.x + size + 8, min.y});
    ImGui::PushFont(app_.fonts.bold, 0);
    ImGui::TextUnformatted((!node_.title.empty() ? node_.title : type_ ? shown_title(*type_) : node_.type).c_str());
    ImGui::PopFont();
    ImGui::SameLine();
    dim_text(app_.theme,
        node_.id +
            (node_.state == NodeState::Muted             ? tr(", muted")
                    : node_.state == NodeState::Bypassed ? tr(", bypassed")
                                                         : ""));
    ImGui::Spacing();
  }

  void draw_missing() {
    ImGui::PushTextWrapPos();
    ImGui::TextColored(
        as_vec4(app_.theme.bad), "%s", tr_format("No plugin brings the node type '{}'.", node_.type).c_str());
    for (const Problem& problem : app_.active()->open.problems)
      if (problem.node == address_ && !problem.remedy.empty()) dim_text(app_.theme, problem.remedy);
    dim_text(app_.theme, tr("It is kept as it is, and is saved with the workflow."));
    ImGui::PopTextWrapPos();
  }

  void draw_problems() {
    const auto told = told_problems(app_);  // held, as what a button does tells them anew
    for (std::size_t i = 0; i < told->size(); ++i) {
      const ToldProblem& problem = (*told)[i];
      if (problem.problem.node != address_ || problem.failed) continue;
      ImGui::PushID(static_cast<int>(i));
      draw_problem_of_node(app_, problem);
      ImGui::PopID();
    }
  }

  /// Where the param's value comes from, if from a link.
  const PortRef* link_of(const PortInfo& port) const {
    const auto found = node_.inputs.find(port.name);
    if (found == node_.inputs.end() || !std::holds_alternative<Links>(found->second)) return nullptr;
    const Links& links = std::get<Links>(found->second);
    return links.empty() ? nullptr : &links.front();
  }

  void draw_params() {
    for (const PortInfo& port : type_->inputs)
      if (port.kind == PortKind::Param) draw_param(port);
    draw_picture_tools(app_, node_, *type_);
  }

  void draw_param(const PortInfo& port) {
    if (const PortRef* link = link_of(port)) {
      ImGui::AlignTextToFramePadding();
      dim_text(app_.theme, fmt::format("{}   \u2190  {}.{}", port_label(port.name), link->node, link->port));
      return;
    }
    const bool wrong = std::ranges::any_of(app_.active()->open.problems,
        [&](const Problem& each) { return each.node == address_ && each.port == port.name; });
    const std::string values = shown_values(document_, sweep(document_), node_.id, port);
    const ImRect field = draw_field(app_, document_, std::span(&node_.id, 1), port, param_value(node_, port.name),
        wrong, values.empty() ? shown_seed(app_, document_, node_, port) : values);
    if (!values.empty()) draw_vary_mark(app_, *ImGui::GetWindowDrawList(), field.Min, field.Max);
    draw_menu(port, field.Min, field.Max);
    if (port.widget == Widget::Seed) draw_seed(port);
  }

  void draw_menu(const PortInfo& port, ImVec2 min, ImVec2 max) {
    ImGui::PushID(port.name.c_str());
    if (ImGui::IsWindowHovered() && ImGui::IsMouseHoveringRect(min, max) &&
        ImGui::IsMouseReleased(ImGuiMouseButton_Right))
      ImGui::OpenPopup("param menu");
    if (ImGui::BeginPopup("param menu")) {
      draw_vary_items(app_, document_, node_.id, port);
      ImGui::EndPopup();
    }
    ImGui::PopID();
  }

  void draw_seed(const PortInfo& port) {
    const runs::SeedMode mode = runs::seed_mode(node_, port.name);
    constexpr std::pair<runs::SeedMode, const char*> kModes[] = {{runs::SeedMode::Fixed, tr_later("Fixed")},
        {runs::SeedMode::Random, tr_later("Random")}, {runs::SeedMode::Increment, tr_later("Count up")}};
    ImGui::Indent(ImGui::GetStyle().FramePadding.x);
    for (const auto& [each, name] : kModes) {
      if (each != runs::SeedMode::Fixed) same_line_if_fits(label(name));
      if (ImGui::RadioButton(label(name), mode == each))
        app_.attempt([&, each = each] { set_seed_mode(document_, node_.id, port.name, each); });
    }
    const auto run = app_.runs->owners.find(document_.id());
    if (run != app_.runs->owners.end())
      if (const auto used = run->second->seeds.find({node_.id, port.name}); used != run->second->seeds.end()) {
        ImGui::AlignTextToFramePadding();
        dim_text(app_.theme, tr_format("Last used: {}", used->second.seed));
        if (mode != runs::SeedMode::Fixed) {
          ImGui::SameLine();
          if (quiet_button(
                  (std::string(icon::kLock) + "##keep").c_str(), app_.theme, tr("Keep the seed that was used")))
            app_.attempt([&] { keep_seed(document_, node_.id, port.name, used->second.seed); });
        }
      }
    ImGui::Unindent(ImGui::GetStyle().FramePadding.x);
  }

  void draw_run() {
    const runs::NodeRun* run = app_.node_run(node_.id);
    if (!run || run->state == runs::NodeRun::State::Idle) return;
    ImGui::SeparatorText(tr("Last run"));
    ImGui::PushTextWrapPos();
    if (run->problem) {
      ImGui::TextColored(as_vec4(app_.theme.bad), "%s", run->problem->what.c_str());
      if (!run->problem->remedy.empty()) dim_text(app_.theme, run->problem->remedy);
    }
    if (!run->because_of.empty()) dim_text(app_.theme, tr_format("Skipped: '{}' failed", run->because_of));
    if (run->state == runs::NodeRun::State::Done)
      dim_text(app_.theme,
          tr_format("{:.2f} s on {}, {:.1f} MB", run->seconds, run->device.empty() ? "cpu" : run->device,
              static_cast<double>(run->bytes) / 1e6));
    if (run->state == runs::NodeRun::State::Cached) dim_text(app_.theme, tr("Taken from the cache"));
    if (!run->why.empty()) dim_text(app_.theme, run->why);
    for (const std::string& warning : run->warnings)
      ImGui::TextColored(as_vec4(app_.theme.warn), "%s", warning.c_str());
    ImGui::PopTextWrapPos();
    for (const PortInfo& output : type_->outputs) {
      if (&output != &type_->outputs.front()) ImGui::SameLine();
      if (ImGui::SmallButton(fmt::format("{}  {}", icon::kEye, port_label(output.name)).c_str()))
        view_value(app_, document_, {{node_.id, output.name}, true});
    }
  }

  void draw_help() {
    ImGui::SeparatorText(tr("About this node"));
    ImGui::PushTextWrapPos();
    ImGui::TextUnformatted(type_->options.doc.c_str());
    ImGui::Spacing();
    for (const auto* ports : {&type_->inputs, &type_->outputs})
      for (const PortInfo& port : *ports) {
        ImGui::TextUnformatted(port_label(port.name).c_str());
        ImGui::SameLine();
        ImGui::TextColored(as_vec4(type_colour(app_.theme, app_.registry.find_type(port.type))), "%s%s",
            port.type.c_str(),
            port.kind == PortKind::Output ? tr(", output")
                : port.optional           ? tr(", optional")
                                          : "");
        if (!port.tip.empty()) dim_text(app_.theme, port.tip);
      }
    dim_text(app_.theme, tr_format("{}, brought by {}", type_->id, type_->plugin));
    ImGui::PopTextWrapPos();
  }

  App& app_;
  Document& document_;
  const GraphNode& node_;
  const NodeInfo* type_;
  const std::string address_;  ///< by which problems name the node
};

void draw_of_document(App& app, Document& document) {
  ImGui::PushFont(app.fonts.bold, 0);
  ImGui::TextUnformatted(document.name().c_str());
  ImGui::PopFont();
  ImGui::PushTextWrapPos();
  dim_text(app.theme, document.file().empty() ? tr("not in a file yet") : document.file().string());
  ImGui::PopTextWrapPos();
  draw_interface(app, document);
}

/// What several nodes have in common: a field sets it in all of them.
void draw_of_several(App& app, Document& document, const Ids& nodes) {
  ImGui::PushFont(app.fonts.bold, 0);
  ImGui::TextUnformatted(tr_format_n("{} node is selected.", "{} nodes are selected.", nodes.size()).c_str());
  ImGui::PopFont();
  ImGui::Spacing();
  const std::vector<SharedParam> params = shared_params(document.graph(), document.types(app.registry), nodes);
  if (params.empty()) dim_text(app.theme, tr("They have no param in common."));
  ImGui::PushID("several");
  for (std::size_t i = 0; i < params.size(); ++i) {
    const SharedParam& each = params[i];
    ImGui::PushID(static_cast<int>(i));
    draw_field(
        app, document, each.nodes, each.port, each.value, /*wrong=*/false, each.mixed ? tr("mixed") : "", each.mixed);
    ImGui::PopID();
  }
  ImGui::PopID();
}

}  // namespace

void draw_inspector(App& app) {
  if (app.panels.focus_inspector) ImGui::SetNextWindowFocus();
  app.panels.focus_first_param |= std::exchange(app.panels.focus_inspector, false);
  if (ImGui::Begin(label("Inspector"), nullptr, ImGuiWindowFlags_NoCollapse)) {
    Document* document = app.document();
    if (!document) {
      empty_hint(app.theme, icon::kSliders, tr("No workflow is open."));
    } else if (const Ids& nodes = document->selection().nodes; nodes.size() > 1) {
      draw_of_several(app, *document, Ids(nodes));
    } else if (nodes.empty()) {
      draw_of_document(app, *document);
    } else if (const GraphNode* node = document->graph().find(*nodes.begin())) {
      ImGui::PushID(node->id.c_str());
      const GraphNode shown = *node;  // edits replace the document's
      const NodeInfo* known = app.type_of(shown);
      const std::optional<NodeInfo> type = known ? std::optional(*known) : std::nullopt;  // edits may replace it, too
      Inspector(app, *document, shown, type ? &*type : nullptr).draw();
      ImGui::PopID();
    }
    app.panels.focus_first_param = false;  // where there was none
  }
  ImGui::End();
}

}  // namespace weft::editor
