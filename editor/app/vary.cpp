#include "editor/app/vary.h"

#include <fmt/format.h>
#include <imgui_stdlib.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/app/param_edit.h"
#include "editor/session/node_text.h"
#include "editor/session/sweeps.h"
#include "editor/widgets/draw.h"
#include "editor/widgets/param_field.h"
#include "editor/window/icons.h"
#include "host/port_label.h"

namespace weft::editor {

namespace {

constexpr float kLongestValues = 26;  ///< in a line of a summary, in widths of the font's size

const PortInfo* port_of(App& app, const Document& document, const std::string& node, const std::string& port) {
  const GraphNode* found = document.graph().find(node);
  const NodeInfo* type = found ? app.type_of(*found) : nullptr;
  return type ? type->find_input(port) : nullptr;
}

/// Values that are texts stand in lines of their own.
std::string one_line(const std::string& text) {
  std::string line;
  for (const char c : text) line += c == '\n' ? std::string(" | ") : std::string(1, c);
  return line;
}

/// In the user's language, where the workflow says nothing else.
std::string axis_title(const host::SweepParam& param) {
  return param.title == host::port_label(param.port.name) ? port_label(param.port.name) : param.title;
}

void open_vary(App& app, const Document& document, const std::string& node, const PortInfo& port) {
  const host::Sweep now = sweep(document);
  const auto axis = sweep_axis(document, now, node, port.name);
  VaryState state{.open = true, .opened_now = true, .document = document.id(), .node = node, .port = port.name};
  const nlohmann::json& value = param_value(document.graph().node(node), port.name);
  if (axis)
    state.text = host::sweep_text(port, now.axes[*axis].values);
  else if (port.type == "bool")
    state.text = "off, on";
  else if (const nlohmann::json& given = value.is_null() ? port.init : value; !given.is_null())
    state.text = host::sweep_text(port, std::vector<Literal>{given});
  if (port.widget == Widget::Model) app.assets.refresh();
  app.panels.vary = std::move(state);
}

/// The dialog of one param; lives for a frame.
class VaryDialog {
 public:
  VaryDialog(App& app, Document& document, VaryState& state, const PortInfo& port)
      : app_(app), document_(document), state_(state), port_(port) {}

  void draw() {
    draw_head();
    const bool entered = draw_values();
    judge();
    draw_verdict();
    ImGui::Spacing();
    draw_buttons(entered || ImGui::IsKeyChordPressed(ImGuiMod_Ctrl | ImGuiKey_Enter));
    state_.opened_now = false;
  }

 private:
  void draw_head() {
    const GraphNode& node = document_.graph().node(state_.node);
    const NodeInfo* type = app_.type_of(node);
    ImGui::PushFont(app_.fonts.bold, 0);
    ImGui::TextUnformatted(port_label(port_.name).c_str());
    ImGui::PopFont();
    ImGui::SameLine();
    dim_text(app_.theme, !node.title.empty() ? node.title : type ? shown_title(*type) : node.type);
    if (!port_.tip.empty()) {
      ImGui::PushTextWrapPos();
      dim_text(app_.theme, port_.tip);
      ImGui::PopTextWrapPos();
    }
    ImGui::Spacing();
  }

  /// True if Enter was pressed in the field.
  bool draw_values() {
    const ImVec2 text_size{-1, ImGui::GetFontSize() * 8};
    if (port_.widget == Widget::Choice) return draw_choices(port_.choices);
    if (port_.widget == Widget::Model) {
      const auto* names = app_.assets.names(port_.folder, app_.environment(document_.folder()).model_folders);
      if (names && !names->empty()) return draw_choices(*names);
      if (!names) dim_text(app_.theme, tr("Looking for models\u2026"));
    }
    if (state_.opened_now) ImGui::SetKeyboardFocusHere();
    if (host::is_free_text(port_)) {
      ImGui::InputTextMultiline("##values", &state_.text, text_size, ImGuiInputTextFlags_WordWrap);
      dim_text(app_.theme, tr("Each line is a value."));
      return false;
    }
    ImGui::SetNextItemWidth(-1);
    const bool entered = ImGui::InputTextWithHint(
        "##values", "3, 5, 7", &state_.text, ImGuiInputTextFlags_EnterReturnsTrue | ImGuiInputTextFlags_AutoSelectAll);
    if (port_.type == "int" || port_.type == "float")
      dim_text(app_.theme, tr("Values: 3, 5, 7. A range: 10..30/10 in steps of 10, 0..1x5 for five values."));
    return entered;
  }

  bool draw_choices(const std::vector<std::string>& all) {
    std::vector<std::string> chosen = strings();
    if (state_.opened_now) ImGui::SetKeyboardFocusHere();
    ImGui::SetNextItemWidth(-1);
    const bool entered =
        ImGui::InputTextWithHint("##search", tr("Search"), &state_.query, ImGuiInputTextFlags_EnterReturnsTrue);
    std::vector<Searchable> list;
    for (const std::string& each : all) list.push_back({.key = each, .title = shown_choice(each)});
    const std::vector<SearchHit> hits = search(state_.query, list);
    const float rows = static_cast<float>(std::clamp<std::size_t>(hits.size(), 3, 10));
    bool changed = false;
    if (ImGui::BeginChild("choices", {0, ImGui::GetFrameHeightWithSpacing() * rows}, ImGuiChildFlags_Borders))
      for (const SearchHit& hit : hits) {
        const std::string& name = all[hit.index];
        bool on = std::ranges::find(chosen, name) != chosen.end();
        if (!ImGui::Checkbox((shown_choice(name) + "###" + name).c_str(), &on)) continue;
        changed = true;
        on ? chosen.push_back(name) : static_cast<void>(std::erase(chosen, name));
      }
    ImGui::EndChild();
    if (ImGui::Button(label("All"))) changed = true, chosen = all;
    ImGui::SameLine();
    if (ImGui::Button(label("None"))) changed = true, chosen.clear();
    if (changed) state_.text = nlohmann::json(in_order(all, chosen)).dump();
    return entered;
  }

  std::vector<std::string> strings() const {
    std::vector<std::string> names;
    const host::SweepValues values = host::read_sweep_values(port_, state_.text);
    if (const auto* list = std::get_if<std::vector<Literal>>(&values))
      for (const Literal& each : *list)
        if (each.is_string()) names.push_back(each.get<std::string>());
    return names;
  }

  static std::vector<std::string> in_order(
      const std::vector<std::string>& all, const std::vector<std::string>& chosen) {
    std::vector<std::string> ordered;
    for (const std::string& each : all)
      if (std::ranges::find(chosen, each) != chosen.end()) ordered.push_back(each);
    return ordered;
  }

  /// What would come of the values, once they are others.
  void judge() {
    if (state_.judged == state_.text) return;
    state_.judged = state_.text;
    state_.problem.clear();
    state_.pictures = 0;
    Document trial(document_.workflow());
    try {
      for (const std::string& instance : document_.path()) trial.enter(instance);
      vary(trial, app_.registry, state_.node, port_, state_.text);
      state_.pictures = sweep_size(trial, app_.registry);
      state_.summary = sweep_summary(app_, trial) + replaced_axis();
    } catch (const GraphError& error) {
      const Problem& first = error.problems().front();
      state_.problem = first.remedy.empty() ? first.what : first.what + ": " + first.remedy;
    }
  }

  /// Which axis gives way to this param, as a line.
  std::string replaced_axis() const {
    const host::Sweep now = sweep(document_);
    if (now.axes.size() < 2 || sweep_axis(document_, now, state_.node, port_.name)) return {};
    const host::SweepParam param = host::find_sweep_param(document_.workflow(), app_.registry, now.axes[1].param);
    return "\n" + tr_format("{} will no longer vary: a table has only columns and rows.", axis_title(param));
  }

  void draw_verdict() {
    ImGui::Spacing();
    ImGui::PushTextWrapPos();
    if (!state_.problem.empty())
      ImGui::TextColored(as_vec4(app_.theme.warn), "%s  %s", icon::kWarning, state_.problem.c_str());
    else
      dim_text(app_.theme, state_.summary);
    ImGui::PopTextWrapPos();
  }

  void draw_buttons(bool entered) {
    const bool can = state_.problem.empty();
    ImGui::BeginDisabled(!can);
    const std::string make =
        can ? tr_format_n("Make {} Picture", "Make {} Pictures", state_.pictures) : tr("Make Pictures");
    const std::string run = fmt::format("{}  {}###Run sweep", icon::kPlay, make);
    if ((accent_button(run.c_str(), app_.theme) || entered) && can && apply()) {
      app_.run_sweep();
      close();
    }
    ImGui::SameLine();
    if (ImGui::Button(label("Keep for Later")) && apply()) close();
    ImGui::SetItemTooltip("%s", tr("The workflow holds the values; Run Sweep makes the pictures"));
    ImGui::EndDisabled();
    ImGui::SameLine();
    if (sweep_axis(document_, sweep(document_), state_.node, port_.name)) {
      if (ImGui::Button(label("Stop Varying"))) {
        app_.attempt([&] { stop_varying(document_, state_.node, port_.name); });
        close();
      }
      ImGui::SameLine();
    }
    if (ImGui::Button(label("Cancel")) || ImGui::IsKeyPressed(ImGuiKey_Escape)) close();
  }

  bool apply() {
    return app_.attempt([&] { vary(document_, app_.registry, state_.node, port_, state_.text); });
  }
  void close() {
    state_.open = false;
    ImGui::CloseCurrentPopup();
  }

  App& app_;
  Document& document_;
  VaryState& state_;
  const PortInfo port_;  // of its own: edits replace the document's types
};

}  // namespace

void draw_vary_items(App& app, Document& document, const std::string& node, const PortInfo& port) {
  if (ImGui::MenuItem(label("Vary\u2026"))) open_vary(app, document, node, port);
  ImGui::SetItemTooltip("%s", tr("Runs with several values, and lays the pictures out in a table"));
  if (!sweep_axis(document, sweep(document), node, port.name)) return;
  if (ImGui::MenuItem(label("Stop Varying"))) app.attempt([&] { stop_varying(document, node, port.name); });
  if (ImGui::MenuItem(label("Swap Rows and Columns"), nullptr, false, sweep(document).axes.size() > 1))
    app.attempt([&] { swap_axes(document); });
}

std::string shown_values(
    const Document& document, const host::Sweep& sweep, const std::string& node, const PortInfo& port) {
  const auto axis = sweep_axis(document, sweep, node, port.name);
  if (!axis) return {};
  const std::string values = host::sweep_text(port, sweep.axes[*axis].values);
  return fmt::format("{}  {}", icon::kTable, port.widget == Widget::Text ? values : one_line(values));
}

void draw_vary_mark(const App& app, ImDrawList& list, ImVec2 min, ImVec2 max) {
  list.AddRect(min, max, app.theme.accent, ImGui::GetStyle().FrameRounding, 1.5f);
}

std::string sweep_summary(const App& app, const Document& document) {
  constexpr const char* kPlaces[] = {tr_later("Columns"), tr_later("Rows")};
  std::string summary;
  const host::Sweep now = sweep(document);
  for (std::size_t i = 0; i < std::min(now.axes.size(), std::size(kPlaces)); ++i) {
    try {
      const host::SweepParam param = host::find_sweep_param(document.workflow(), app.registry, now.axes[i].param);
      summary += fmt::format("{}{}: {}  {}", i > 0 ? "\n" : "", tr(kPlaces[i]), axis_title(param),
          elided(one_line(host::sweep_text(param.port, now.axes[i].values)), ImGui::GetFontSize() * kLongestValues));
    } catch (const GraphError& error) {
      summary += fmt::format("{}{}: {}", i > 0 ? "\n" : "", tr(kPlaces[i]), error.problems().front().what);
    }
  }
  return summary;
}

std::size_t active_sweep_size(App& app) {
  const Document* document = app.document();
  if (!document) return 0;
  SweepSize& known = app.panels.sweep_size;
  if (known.document != document->id() || known.revision != document->revision())
    known = {document->id(), document->revision(), sweep_size(*document, app.registry)};
  return known.pictures;
}

void draw_vary(App& app) {
  VaryState& state = app.panels.vary;
  if (!state.open) return;
  Document* document = app.document();
  const PortInfo* port =
      document && document->id() == state.document ? port_of(app, *document, state.node, state.port) : nullptr;
  if (!port) {
    state.open = false;
    return;
  }
  if (app.dialog() != Dialog::Vary || !begin_dialog(label("Vary"), 30)) return;
  VaryDialog(app, *document, state, *port).draw();
  ImGui::EndPopup();
}

}  // namespace weft::editor
