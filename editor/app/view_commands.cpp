// Commands on what is shown: the canvas, panels, pictures, the look.
#include <imgui.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/app/lists.h"
#include "editor/app/shown_pictures.h"
#include "editor/session/annotations.h"

namespace weft::editor {

void App::bind_panel_commands() {
  bind("panel.canvas", [this] { active_tab->focus = true; }, [this] { return active_tab != nullptr; });
  for (const auto& [command, name] :
      {std::pair{"panel.nodes", "Nodes"}, {"panel.history", "History"}, {"panel.inspector", "Inspector"},
          {"panel.viewer", "Viewer"}, {"panel.gallery", "Gallery"}, {"panel.queue", "Queue"},
          {"panel.problems", "Problems"}, {"panel.timings", "Timings"}, {"panel.log", "Log"}})
    bind(command, [this, name = name] {
      panels.focus_panel = name;
      panels.entered_in_frame = ImGui::GetFrameCount();
    });
}

void App::bind_view_commands() {
  const auto has_document = [this] { return document() != nullptr; };
  bind("view.fit", [this] { active_tab->canvas.fit(false); }, has_document);
  bind("view.fit_selection", [this] { active_tab->canvas.fit(true); }, has_document);
  bind("view.zoom_in", [this] { active_tab->canvas.set_zoom(active_tab->canvas.zoom() * 1.25f); }, has_document);
  bind("view.zoom_out", [this] { active_tab->canvas.set_zoom(active_tab->canvas.zoom() / 1.25f); }, has_document);
  bind("view.zoom_100", [this] { active_tab->canvas.set_zoom(ui_scale()); }, has_document);
  bind(
      "view.next_error",
      [this] {
        const auto& problems = active_tab->open.problems;
        auto at = std::ranges::find_if(problems, [&](const Problem& each) {
          return std::ranges::any_of(document()->selection().nodes,
              [&](const std::string& id) { return each.node == problem_address(*document(), id); });
        });
        at = at == problems.end() || std::next(at) == problems.end() ? problems.begin() : std::next(at);
        lead_to(std::string(at->node));
      },
      [this] { return active_tab && !active_tab->open.problems.empty(); });
  bind(
      "view.missing",
      [this] {
        active_tab->open.tells_missing = !what_is_missing(*document(), registry, active_tab->open.problems).empty();
        if (!active_tab->open.tells_missing) notify(tr("Nothing is missing"));
      },
      has_document);
  bind(
      "view.node",
      [this] {
        const GraphNode& node = document()->graph().node(*document()->selection().nodes.begin());
        const NodeInfo* type = type_of(node);
        if (type && !type->outputs.empty()) view_value(*this, *document(), {{node.id, type->outputs[0].name}, true});
      },
      [this] { return document() && document()->selection().nodes.size() == 1; });
  bind("view.follow", [this] { follow_latest(viewer(), viewer().mode != ViewerState::Mode::Follow); });
  const auto shows_something = [this] { return static_cast<bool>(viewer().a); };
  bind("view.pin", [this] { pin(viewer(), viewer().mode != ViewerState::Mode::Pinned); }, shows_something);
  bind(
      "view.lightbox", [this] { open_lightbox(*this, viewer().a); },
      [this] { return static_cast<bool>(picture_of(*this, viewer().a)); });
  const auto toggle = [this](bool Settings::* which) {
    settings.*which = !(settings.*which);
    save_settings_soon();
  };
  bind(
      "view.back", [this] { active_tab->canvas.go_back(); },
      [this] { return active_tab && active_tab->canvas.can_go_back(); });
  bind(
      "view.forward", [this] { active_tab->canvas.go_forward(); },
      [this] { return active_tab && active_tab->canvas.can_go_forward(); });
  bind("view.snap", [=] { toggle(&Settings::snap_to_grid); });
  bind("view.reset_layout", [this] {
    layout_wanted = true;
    show_panels([](ShownPanels& shown) { shown.reset(); });
  });
  bind("view.panels", [this] { show_panels([](ShownPanels& shown) { shown.toggle_all(); }); });
  for (const auto& [id, group] : {std::pair{"view.left_panels", PanelGroup::Left},
           {"view.right_panels", PanelGroup::Right}, {"view.lower_panels", PanelGroup::Below}})
    bind(id, [this, group = group] { show_panels([=](ShownPanels& shown) { shown.toggle(group); }); });
  bind("view.grid", [=] { toggle(&Settings::show_grid); });
  bind("view.minimap", [=] { toggle(&Settings::show_minimap); });
  bind("view.heat", [=] { toggle(&Settings::heat); });
  bind("view.theme", [this] {
    theme_for_now.reset();
    settings.theme = theme.dark ? Settings::Theme::Light : Settings::Theme::Dark;
    look_changed = true;
    save_settings_soon();
  });
  const auto scale = [this](float by) {
    settings.ui_scale = std::clamp(ui_scale() + by, 0.5f, 4.0f);
    look_changed = true;
    save_settings_soon();
  };
  bind("view.larger", [=] { scale(0.25f); });
  bind("view.smaller", [=] { scale(-0.25f); });
  for (std::size_t number = 1; number <= kBookmarks; ++number) {
    bind(
        "bookmark.set_" + std::to_string(number),
        [this, number] {
          attempt([&] { set_bookmark(*document(), number, active_tab->canvas.view()); });
          notify(tr_format("Bookmark {} is here now", number));
        },
        has_document);
    bind(
        "bookmark.go_" + std::to_string(number),
        [this, number] {
          if (const auto view = annotations(*document()).bookmarks[number - 1]) active_tab->canvas.look(*view);
        },
        has_document);
  }
  bind("palette.commands", [this] { open_command_palette(*this); });
}

}  // namespace weft::editor
