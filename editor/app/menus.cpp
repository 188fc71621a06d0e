#include "editor/app/menus.h"

#include <fmt/format.h>
#include <imgui_internal.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "editor/app/app.h"
#include "editor/app/vary.h"
#include "editor/widgets/draw.h"
#include "editor/window/icons.h"

namespace weft::editor {

namespace {

constexpr std::array kMenus = {tr_later("File"), tr_later("Edit"), tr_later("Select"), tr_later("Node"),
    tr_later("Arrange"), tr_later("Run"), tr_later("View"), tr_later("Help")};

/// Which commands are switches, and whether they are on.
std::optional<bool> state_of(App& app, std::string_view id) {
  if (id == "view.follow") return app.viewer().mode == ViewerState::Mode::Follow;
  if (id == "view.pin") return app.viewer().mode == ViewerState::Mode::Pinned;
  if (id == "view.grid") return app.settings.show_grid;
  if (id == "view.snap") return app.settings.snap_to_grid;
  if (id == "view.minimap") return app.settings.show_minimap;
  if (id == "view.heat") return app.settings.heat;
  if (id == "view.panels") return app.panels.shown.all_hidden();
  if (id == "view.left_panels") return app.panels.shown.shows(PanelGroup::Left);
  if (id == "view.right_panels") return app.panels.shown.shows(PanelGroup::Right);
  if (id == "view.lower_panels") return app.panels.shown.shows(PanelGroup::Below);
  if (id == "run.pause") return app.runs->paused;
  return std::nullopt;
}

void recent_menu(App& app) {
  if (!ImGui::BeginMenu(label("Open Recent"), !app.settings.recent_files.empty())) return;
  std::filesystem::path chosen;  // opening one changes the list
  for (const auto& file : app.settings.recent_files)
    if (ImGui::MenuItem(file.c_str())) chosen = file;
  ImGui::EndMenu();
  if (!chosen.empty()) app.open(chosen);
}

/// In whole seconds, up: what still works needs at least one.
std::string duration_text(double seconds) {
  const int whole = std::max(1, static_cast<int>(std::ceil(seconds)));
  return whole < 60 ? fmt::format("{} s", whole) : tr_format("{}:{:02} min", whole / 60, whole % 60);
}

}  // namespace

std::string progress_text(const runs::Job& job) {
  const std::string share = fmt::format("{:.0f} %", job.fraction * 100);
  const auto left = runs::seconds_left(job, std::chrono::system_clock::now());
  return left ? fmt::format("{}  \u00b7  {}", share, tr_format("{} left", duration_text(*left))) : share;
}

namespace {

/// Progress of what runs, with the time that is left.
void draw_progress(App& app, float width) {
  const runs::Job* job = app.runs->running();
  const Theme& t = app.theme;
  const ImVec2 min = ImGui::GetCursorScreenPos();
  const float height = ImGui::GetFrameHeight();
  ImGui::Dummy({width, height});
  if (!job) return;
  ImDrawList& list = *ImGui::GetWindowDrawList();
  const float inset = height * 0.14f;
  const ImVec2 from{min.x, min.y + inset}, to{min.x + width, min.y + height - inset};
  const float rounding = ImGui::GetStyle().FrameRounding;
  list.AddRectFilled(from, to, t.field, rounding);
  list.PushClipRect(from, {from.x + width * static_cast<float>(job->fraction), to.y}, true);
  list.AddRectFilled(from, to, mixed(t.field, t.accent, 0.55f), rounding);
  list.PopClipRect();
  draw_text_in(list, {from.x + rounding, from.y}, {to.x - rounding, to.y}, progress_text(*job), t.text, 0.5f);
  ImGui::SetItemTooltip(
      "%s\n%s", job->title.c_str(), tr_format("for {} so far", duration_text(seconds_of(*job))).c_str());
}

void draw_run_controls(App& app) {
  const float scale = app.ui_scale();
  const bool running = app.runs->running() != nullptr;
  const float bar = (running ? 210 : 0) * scale;
  const std::string run = fmt::format("{}  {}", icon::kPlay, tr("Run"));
  const std::string stop = fmt::format("{}  {}", icon::kStop, tr("Stop"));
  const auto button_width = [](const std::string& text) {
    return ImGui::CalcTextSize(text.c_str()).x + 2 * ImGui::GetStyle().FramePadding.x;
  };
  const float gap = ImGui::GetStyle().ItemSpacing.x, count = ImGui::GetFontSize() * 3.2f;
  const std::size_t pictures = active_sweep_size(app);
  const std::string sweep = fmt::format("{}  {}###sweep", icon::kTable, tr_format("Sweep: {}", pictures));
  const float sweep_width = pictures > 0 ? button_width(sweep.substr(0, sweep.find("###"))) + gap : 0;
  const float total =
      bar + (running ? gap + button_width(stop) + gap : 0) + sweep_width + count + gap + button_width(run) + gap;
  ImGui::SameLine(std::max(ImGui::GetCursorPosX(), ImGui::GetWindowWidth() - total - gap));
  if (running) {
    draw_progress(app, bar);
    ImGui::SameLine();
    if (ImGui::Button((stop + "##stop").c_str())) app.commands.run("run.stop");
    ImGui::SetItemTooltip("%s (%s)", tr("Stop"), app.commands.keys_text("run.stop").c_str());
    ImGui::SameLine();
  }
  if (pictures > 0) {
    if (ImGui::Button(sweep.c_str())) app.commands.run("run.sweep");
    ImGui::SetItemTooltip("%s (%s)\n%s", tr("Run the sweep"), app.commands.keys_text("run.sweep").c_str(),
        sweep_summary(app, *app.document()).c_str());
    if (ImGui::BeginPopupContextItem("sweep menu")) {
      menu_item(app, "run.sweep");
      menu_item(app, "run.clear_sweep");
      ImGui::EndPopup();
    }
    ImGui::SameLine();
  }
  constexpr int kMostRuns = 999;
  ImGui::SetNextItemWidth(count);
  ImGui::DragInt("##run count", &app.panels.run_count, 0.1f, 1, kMostRuns, "\u00d7 %d", ImGuiSliderFlags_AlwaysClamp);
  ImGui::SetItemTooltip(
      "%s", tr("This many runs are queued at once; seeds that are not fixed are drawn anew for each"));
  ImGui::SameLine();
  ImGui::BeginDisabled(!app.commands.enabled("run.all"));
  if (accent_button((run + "##run").c_str(), app.theme)) app.commands.run("run.all");
  ImGui::EndDisabled();
  ImGui::SetItemTooltip("%s (%s)", tr("Run the workflow"), app.commands.keys_text("run.all").c_str());
}

}  // namespace

void menu_item(App& app, const char* command) {
  const CommandInfo* info = app.commands.find(command);
  if (!info || !app.is_bound(command)) return;
  const std::optional<bool> on = state_of(app, command);
  if (ImGui::MenuItem(label(info->title.data()), app.commands.keys_text(command).c_str(), on.value_or(false),
          app.commands.enabled(command)))
    app.commands.run(command);
  if (!info->tip.empty()) ImGui::SetItemTooltip("%s", info->shown_tip());
}

void draw_menu_bar(App& app) {
  ImGui::PushStyleVar(
      ImGuiStyleVar_FramePadding, ImVec2{ImGui::GetStyle().FramePadding.x, ImGui::GetStyle().FramePadding.y * 1.35f});
  if (ImGui::BeginMainMenuBar()) {
    for (const char* menu : kMenus) {
      if (!ImGui::BeginMenu(label(menu))) continue;
      for (const CommandInfo& command : app.commands.all())
        if (command.menu == menu) {
          menu_item(app, std::string(command.id).c_str());
          if (command.id == "file.open") recent_menu(app);
        }
      ImGui::EndMenu();
    }
    draw_run_controls(app);
    ImGui::EndMainMenuBar();
  }
  ImGui::PopStyleVar();
}

void draw_status_bar(App& app) {
  const float height = ImGui::GetFrameHeight() + 2;
  if (ImGui::BeginViewportSideBar("##status", ImGui::GetMainViewport(), ImGuiDir_Down, height,
          ImGuiWindowFlags_NoScrollbar | ImGuiWindowFlags_MenuBar)) {
    if (ImGui::BeginMenuBar()) {
      const Theme& t = app.theme;
      const ImGuiStyle& style = ImGui::GetStyle();
      std::string facts;
      if (Tab* tab = app.active())
        facts = tr_format_n("{} node  \u00b7  {:.0f} %", "{} nodes  \u00b7  {:.0f} %", tab->document->graph().size(),
            tab->canvas.zoom() / app.ui_scale() * 100);
      const float place_of_facts =
          ImGui::GetWindowWidth() - ImGui::CalcTextSize(facts.c_str()).x - style.ItemSpacing.x * 2;
      if (std::chrono::steady_clock::now() < app.toast_until) {
        const ImU32 colour = app.toast_kind == LogLine::Kind::Error ? t.bad
            : app.toast_kind == LogLine::Kind::Warning              ? t.warn
                                                                    : t.text;
        ImGui::PushStyleColor(ImGuiCol_Text, colour);
        const float button =
            app.toast_button.empty() ? 0 : ImGui::CalcTextSize(app.toast_button.c_str()).x + style.FramePadding.x * 2;
        const std::string shown =
            elided(app.toast, place_of_facts - ImGui::GetCursorPosX() - button - style.ItemSpacing.x * 2);
        ImGui::TextUnformatted(shown.c_str());
        ImGui::PopStyleColor();
        if (shown != app.toast && ImGui::BeginItemTooltip()) {
          ImGui::PushTextWrapPos(ImGui::GetFontSize() * 35);
          ImGui::TextUnformatted(app.toast.c_str());
          ImGui::PopTextWrapPos();
          ImGui::EndTooltip();
        }
        if (!app.toast_button.empty() && ImGui::SmallButton(app.toast_button.c_str())) {
          app.toast_until = {};
          std::exchange(app.toast_action, {})();
        }
      } else {
        dim_text(t,
            tr_format("{}  {} adds a node, {} finds every command", icon::kSearch, app.commands.keys_text("node.add"),
                app.commands.keys_text("palette.commands")));
      }
      if (!facts.empty()) {
        ImGui::SameLine(place_of_facts);
        dim_text(t, facts);
      }
      ImGui::EndMenuBar();
    }
  }
  ImGui::End();
}

}  // namespace weft::editor
