// What each command does. Their names, menus and keys are in session/command_table.cpp.
#include <imgui.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/app/lists.h"
#include "editor/app/shown_pictures.h"
#include "editor/session/annotations.h"
#include "editor/session/clipboard.h"
#include "editor/session/gestures.h"
#include "editor/session/layout.h"
#include "editor/session/seeds.h"
#include "editor/session/sweeps.h"

namespace weft::editor {

namespace {

std::string clipboard_text() {
  const char* text = ImGui::GetClipboardText();
  return text ? text : "";
}

SizeOf sizes(const CanvasModel& model) {
  return [&model](const std::string& id) {
    const NodeView* node = model.find(id);
    return node ? Size{node->layout.size.x, node->layout.wanted_height} : Size{metric::kWidth, 100};
  };
}

/// Around the selected nodes, with room for a title.
Rect area_of(const CanvasModel& model, const Ids& nodes) {
  double left = 1e9, top = 1e9, right = -1e9, bottom = -1e9;
  for (const std::string& id : nodes)
    if (const NodeView* node = model.find(id)) {
      left = std::min(left, static_cast<double>(node->at.x)), top = std::min(top, static_cast<double>(node->at.y));
      right = std::max(right, static_cast<double>(node->at.x + node->layout.size.x));
      bottom = std::max(bottom, static_cast<double>(node->at.y + node->layout.size.y));
    }
  constexpr double kMargin = 24;
  return {{left - kMargin, top - kMargin - metric::kTitle},
      {right - left + 2 * kMargin, bottom - top + 2 * kMargin + metric::kTitle}};
}

}  // namespace

Point place_for_new(App& app, Size size) {
  if (!app.active()) return {};
  const Canvas& canvas = app.active()->canvas;
  const Point middle = canvas.centre() - Point{size.width / 2, size.height / 2};
  return canvas.free_place(canvas.mouse().value_or(middle), size);
}

Size size_of_new(App& app, const std::string& type) {
  const NodeInfo* info = app.document() ? app.document()->types(app.registry).find(type) : nullptr;
  if (!info) return {metric::kWidth, 140};
  const ImVec2 size = lay_out_new(*info).size;
  return {size.x, size.y};
}

void App::bind(std::string_view id, std::function<void()> run, std::function<bool()> enabled) {
  bound.insert(std::string(id));
  commands.bind(id, std::move(run), std::move(enabled));
}

void App::bind_commands() {
  bind_file_commands();
  bind_edit_commands();
  bind_node_commands();
  bind_run_commands();
  bind_view_commands();
  bind_panel_commands();
}

void App::bind_file_commands() {
  const auto has_document = [this] { return active_tab != nullptr; };
  bind("file.new", [this] { new_document(); });
  bind("file.template", [this] { panels.templates = true; }, [this] { return !templates.empty(); });
  bind("file.open", [this] {
    file_dialog.ask({.kind = FileDialog::Kind::Open,
        .title = tr("Open a workflow, or a picture that carries one"),
        .folder = document() ? document()->folder() : std::filesystem::current_path(),
        .extensions = {".json", ".png", ".webp", ".jpg"},
        .chosen = [this](const std::filesystem::path& file) { open(file); }});
  });
  bind("file.save", [this] { save(*active_tab); }, has_document);
  bind("file.save_as", [this] { save_as(*active_tab); }, has_document);
  bind(
      "file.reload", [this] { attempt([&] { document()->reload(registry); }); },
      [this] { return document() && !document()->file().empty(); });
  bind(
      "file.export_picture",
      [this] {
        file_dialog.ask({.kind = FileDialog::Kind::Save,
            .title = tr("Export a picture of the graph"),
            .folder = document()->folder(),
            .name = document()->name() + ".png",
            .extensions = {".png"},
            .chosen = [this](const std::filesystem::path& file) {
              active_tab->canvas.fit(false);
              export_file = file;
            }});
      },
      has_document);
  bind("file.close", [this] { close(*active_tab); }, has_document);
  const auto step = [this](int by) {
    const auto at = std::ranges::find(tabs, active_tab, &std::unique_ptr<Tab>::get) - tabs.begin();
    const auto count = static_cast<std::ptrdiff_t>(tabs.size());
    tabs[static_cast<std::size_t>((at + by + count) % count)]->focus = true;
  };
  const auto several = [this] { return tabs.size() > 1; };
  bind("file.next", [step] { step(1); }, several);
  bind("file.previous", [step] { step(-1); }, several);
  bind("file.quit", [this] { request_quit(); });
  bind("help.settings", [this] { panels.settings.open = true; });
  bind("help.keys", [this] { panels.settings.open = panels.settings.keys_first = true; });
  bind("help.about", [this] { panels.about = true; });
}

void App::bind_edit_commands() {
  const auto selected = [this] { return document() && !document()->selection().empty(); };
  const auto has_document = [this] { return document() != nullptr; };
  bind("edit.undo", [this] { document()->undo(); }, [this] { return document() && document()->position() > 0; });
  bind(
      "edit.redo", [this] { document()->redo(); },
      [this] { return document() && document()->position() < document()->step_names().size(); });
  bind("edit.copy", [this] { ImGui::SetClipboardText(copy(*document(), document()->selection()).c_str()); }, selected);
  bind(
      "edit.cut",
      [this] {
        attempt([&] { ImGui::SetClipboardText(cut(*document(), registry, document()->selection()).c_str()); });
      },
      selected);
  const auto paste_here = [this](OutsideLinks links) {
    attempt([&] {
      const std::string text = clipboard_text();
      paste(*document(), registry, text, place_for_new(*this, size_of_copied(text, registry)), links);
    });
  };
  bind("edit.paste", [=] { paste_here(OutsideLinks::Drop); }, has_document);
  bind("edit.paste_linked", [=] { paste_here(OutsideLinks::Keep); }, has_document);
  bind(
      "edit.duplicate", [this] { attempt([&] { duplicate(*document(), registry, document()->selection()); }); },
      selected);
  bind(
      "edit.delete",
      [this] {
        const std::vector<Link> links = active_tab->canvas.selected_links();
        attempt([&] {
          if (!links.empty())
            disconnect(*document(), links);
          else
            remove(*document(), registry, document()->selection());
        });
      },
      [this, selected] { return selected() || (active_tab && !active_tab->canvas.selected_links().empty()); });
  bind(
      "edit.dissolve", [this] { attempt([&] { remove(*document(), registry, document()->selection(), true); }); },
      selected);
  bind(
      "edit.rename",
      [this] {
        if (const Ids& notes = document()->selection().annotations; !notes.empty()) {
          active_tab->canvas.edit_text(*notes.begin());
          return;
        }
        const Ids& nodes = document()->selection().nodes;
        panels.rename_node = nodes.empty() ? std::string{} : *nodes.begin();
        const GraphNode* node = document()->graph().find(panels.rename_node);
        panels.rename_definition = node ? subgraph_of_type(node->type).value_or("") : document()->scope();
        panels.rename_text = panels.rename_definition.empty() ? node->title : panels.rename_definition;
        panels.rename_opened = true;
      },
      [this] {
        if (!document()) return false;
        const auto& [nodes, notes] = document()->selection();
        if (nodes.empty() && notes.empty()) return !document()->path().empty();
        return nodes.size() + notes.size() == 1 && (notes.empty() || active_tab->canvas.has_text(*notes.begin()));
      });
  bind("edit.find", [this] { open_node_search(*this); }, has_document);

  bind(
      "select.all",
      [this] {
        Selection all;
        for (const GraphNode* node : document()->graph().nodes()) all.nodes.insert(node->id);
        all.annotations = annotation_ids(annotations(*document()));
        document()->select(all);
      },
      has_document);
  bind("select.none", [this] { document()->select({}); }, has_document);
  bind(
      "select.invert",
      [this] {
        Selection others;
        for (const GraphNode* node : document()->graph().nodes())
          if (!document()->selection().nodes.contains(node->id)) others.nodes.insert(node->id);
        document()->select(others);
      },
      has_document);
  const auto extend = [this](auto follow) {
    Selection more = document()->selection();
    for (const std::string& id : document()->selection().nodes)
      for (const std::string& other : follow(id)) more.nodes.insert(other);
    document()->select(more);
  };
  bind(
      "select.upstream",
      [=, this] { extend([this](const std::string& id) { return document()->graph().ancestors(id); }); }, selected);
  bind(
      "select.downstream",
      [=, this] { extend([this](const std::string& id) { return document()->graph().descendants(id); }); }, selected);
  const auto walk = [this](int by) {
    const std::vector<std::string> order = document()->graph().topological_order();
    if (order.empty()) return;
    const Ids& now = document()->selection().nodes;
    const auto count = static_cast<std::ptrdiff_t>(order.size());
    std::ptrdiff_t at = by > 0 ? -1 : count;
    if (now.size() == 1) at = std::ranges::find(order, *now.begin()) - order.begin();
    select_and_show(order[static_cast<std::size_t>((at + by + count) % count)]);
  };
  bind("select.next", [=] { walk(1); }, has_document);
  bind("select.previous", [=] { walk(-1); }, has_document);
  const auto bind_side = [&](const char* id, ImVec2 direction) {
    bind(
        id,
        [=, this] {
          const Ids& now = document()->selection().nodes;
          const std::string next = active_tab->canvas.neighbour(now.empty() ? std::string() : *now.begin(), direction);
          if (!next.empty()) select_and_show(next);
        },
        has_document);
  };
  bind_side("select.left", {-1, 0}), bind_side("select.right", {1, 0});
  bind_side("select.up", {0, -1}), bind_side("select.down", {0, 1});
}

void App::bind_node_commands() {
  const auto selected = [this] { return document() && !document()->selection().nodes.empty(); };
  const auto has_document = [this] { return document() != nullptr; };
  bind(
      "node.add",
      [this] {
        const std::optional<Point> mouse = active_tab->canvas.mouse();
        open_node_palette(*this,
            {.at = mouse.value_or(active_tab->canvas.centre()),
                .screen = mouse ? ImGui::GetIO().MousePos : ImVec2{-1, -1}});
      },
      has_document);
  bind("node.connect", [this] { open_connect_list(*this); }, selected);
  bind(
      "node.lazy_connect",
      [this] {
        const Ids& nodes = document()->selection().nodes;
        attempt([&, a = *nodes.begin(), b = *std::next(nodes.begin())] { lazy_connect(*document(), registry, a, b); });
      },
      [this] { return document() && document()->selection().nodes.size() == 2; });
  bind(
      "node.detach", [this] { attempt([&] { detach(*document(), registry, document()->selection().nodes); }); },
      selected);
  bind(
      "node.collapse",
      [this] {
        const Ids nodes = document()->selection().nodes;
        const bool all = std::ranges::all_of(
            nodes, [&](const std::string& id) { return node_ui(document()->graph().node(id)).collapsed; });
        attempt([&] { set_collapsed(*document(), nodes, !all); });
      },
      selected);
  const auto toggle_state = [this](NodeState state) {
    const Ids nodes = document()->selection().nodes;
    const bool all =
        std::ranges::all_of(nodes, [&](const std::string& id) { return document()->graph().node(id).state == state; });
    attempt([&] { set_state(*document(), nodes, all ? NodeState::Active : state); });
  };
  bind("node.mute", [=] { toggle_state(NodeState::Muted); }, selected);
  bind("node.bypass", [=] { toggle_state(NodeState::Bypassed); }, selected);
  const auto instance_selected = [this] {
    return document() && document()->selection().nodes.size() == 1 &&
        is_instance(document()->graph().node(*document()->selection().nodes.begin()));
  };
  bind(
      "node.group",
      [this] { attempt([&] { make_subgraph(*document(), registry, document()->selection().nodes, tr("Subgraph")); }); },
      selected);
  bind(
      "node.ungroup",
      [this] { attempt([&] { unpack_subgraph(*document(), registry, *document()->selection().nodes.begin()); }); },
      instance_selected);
  bind(
      "node.enter", [this] { attempt([&] { document()->enter(*document()->selection().nodes.begin()); }); },
      instance_selected);
  bind(
      "node.edit",
      [this, instance_selected] {
        if (instance_selected())
          commands.run("node.enter");
        else
          panels.enter_inspector();
      },
      selected);
  bind(
      "node.leave", [this] { document()->leave(document()->path().size() - 1); },
      [this] { return document() && !document()->path().empty(); });
  bind(
      "node.frame",
      [this] {
        attempt([&] {
          add_frame(*document(), tr("Frame"), area_of(active_tab->canvas.model(), document()->selection().nodes));
        });
      },
      selected);
  bind(
      "node.comment",
      [this] {
        attempt([&] {
          const Rect area{place_for_new(*this, kNewComment), kNewComment};
          active_tab->canvas.edit_text(add_comment(*document(), "", area), /*is_new=*/true);
        });
      },
      has_document);
  bind(
      "node.help",
      [this] {
        show_panels([](ShownPanels& shown) { shown.reveal(PanelGroup::Right); });
        panels.enter_inspector();
      },
      selected);
  const auto nudge = [this](double x, double y) {
    Positions moved = positions(*document(), document()->selection());
    for (auto& [id, at] : moved.nodes) at = at + Point{x, y};
    for (auto& [id, at] : moved.annotations) at = at + Point{x, y};
    attempt([&] {
      move(*document(), moved);
      document()->end_gesture();
    });
  };
  bind("node.move_left", [=] { nudge(-16, 0); }, selected);
  bind("node.move_right", [=] { nudge(16, 0); }, selected);
  bind("node.move_up", [=] { nudge(0, -16); }, selected);
  bind("node.move_down", [=] { nudge(0, 16); }, selected);

  const auto arrange = [this](const char* name, auto make) {
    attempt([&] {
      const Places places = make(document()->graph(), document()->selection().nodes, sizes(active_tab->canvas.model()));
      move(*document(), {.nodes = {places.begin(), places.end()}, .annotations = {}}, name);
      document()->end_gesture();
    });
  };
  bind(
      "arrange.all",
      [=, this] {
        Canvas& canvas = active_tab->canvas;
        const View before = canvas.view();
        const std::size_t steps = document()->position();
        arrange(tr("Arrange"), [aspect = canvas.aspect()](const Graph& graph, const Ids&, const SizeOf& size) {
          return auto_layout(graph, {}, size, {.aspect = aspect});
        });
        canvas.fit(false);
        if (document()->position() > steps) canvas.tie_view(document()->position(), before);
      },
      has_document);
  bind(
      "arrange.selection",
      [=, this] {
        arrange(tr("Arrange"),
            [aspect = active_tab->canvas.aspect()](const Graph& graph, const Ids& nodes, const SizeOf& size) {
              return auto_layout(graph, nodes, size, {.aspect = aspect});
            });
      },
      selected);
  const auto bind_align = [&](const char* id, Align how) {
    bind(
        id,
        [=] {
          arrange(tr("Align"), [=](const Graph& g, const Ids& n, const SizeOf& s) { return align(g, n, s, how); });
        },
        selected);
  };
  bind_align("arrange.left", Align::Left), bind_align("arrange.centre", Align::Centre),
      bind_align("arrange.right", Align::Right);
  bind_align("arrange.top", Align::Top), bind_align("arrange.middle", Align::Middle),
      bind_align("arrange.bottom", Align::Bottom);
  const auto bind_spread = [&](const char* id, Distribute how) {
    bind(
        id,
        [=] {
          arrange(tr("Distribute"),
              [=](const Graph& g, const Ids& n, const SizeOf& s) { return distribute(g, n, s, how); });
        },
        selected);
  };
  bind_spread("arrange.horizontally", Distribute::Horizontally),
      bind_spread("arrange.vertically", Distribute::Vertically);
}

void App::bind_run_commands() {
  const auto has_nodes = [this] { return document() && document()->graph().size() > 0; };
  const auto wanted = [this] {
    const Ids& nodes = document()->selection().nodes;
    std::vector<std::string> addresses;
    for (const std::string& id : nodes) addresses.push_back(document()->address(id));
    return addresses;
  };
  bind(
      "run.all",
      [this] {
        for (int i = 0; i < panels.run_count; ++i) run();
      },
      has_nodes);
  const auto has_sweep = [this] { return document() && !sweep(*document()).axes.empty(); };
  bind("run.sweep", [this] { run_sweep(); }, has_sweep);
  bind("run.clear_sweep", [this] { attempt([&] { clear_sweep(*document()); }); }, has_sweep);
  bind(
      "run.selection", [this, wanted] { run(wanted()); },
      [this] { return document() && !document()->selection().nodes.empty(); });
  bind("run.next", [this] { attempt([&] { queue->add_first(run_of(*document())); }); }, has_nodes);
  bind("run.stop", [this] { queue->cancel(runs->running()->id); }, [this] { return runs->running() != nullptr; });
  bind("run.cancel_all", [this] { queue->cancel_all(); }, [this] { return !runs->queue.empty(); });
  bind("run.pause", [this] { queue->pause(!runs->paused); });
  bind("run.clear_cache", [this] { queue->clear_cache(); });
  bind(
      "run.keep_seeds",
      [this] {
        const auto run = runs->owners.find(document()->id());
        if (run == runs->owners.end()) return;
        for (const auto& [port, use] : run->second->seeds)
          if (document()->graph().contains(port.node))
            attempt([&] { keep_seed(*document(), port.node, port.port, use.seed); });
      },
      [this] { return document() && runs->owners.contains(document()->id()); });
}

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

void App::select_and_show(const std::string& node) {
  document()->select({{node}, {}});
  active_tab->canvas.reveal(node);
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
        const auto& problems = active_tab->problems;
        auto at = std::ranges::find_if(problems, [&](const Problem& each) {
          return std::ranges::any_of(document()->selection().nodes,
              [&](const std::string& id) { return each.node == problem_address(*document(), id); });
        });
        at = at == problems.end() || std::next(at) == problems.end() ? problems.begin() : std::next(at);
        lead_to(std::string(at->node));
      },
      [this] { return active_tab && !active_tab->problems.empty(); });
  bind(
      "view.missing",
      [this] {
        active_tab->tells_missing = !what_is_missing(*document(), registry, active_tab->problems).empty();
        if (!active_tab->tells_missing) notify(tr("Nothing is missing"));
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
