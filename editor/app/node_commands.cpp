// Commands on the selected nodes.
#include <imgui.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/app/lists.h"
#include "editor/session/annotations.h"
#include "editor/session/gestures.h"

namespace weft::editor {

namespace {

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
}

}  // namespace weft::editor
