// Commands that give nodes other places.
#include <imgui.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/session/gestures.h"
#include "editor/session/layout.h"

namespace weft::editor {

namespace {

SizeOf sizes(const CanvasModel& model) {
  return [&model](const std::string& id) {
    const NodeView* node = model.find(id);
    return node ? Size{node->layout.size.x, node->layout.wanted_height} : Size{metric::kWidth, 100};
  };
}

}  // namespace

void App::bind_arrange_commands() {
  const auto selected = [this] { return document() && !document()->selection().nodes.empty(); };
  const auto has_document = [this] { return document() != nullptr; };
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

}  // namespace weft::editor
