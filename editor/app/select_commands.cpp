// Commands that select.
#include <imgui.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/session/annotations.h"

namespace weft::editor {

void App::bind_select_commands() {
  const auto selected = [this] { return document() && !document()->selection().empty(); };
  const auto has_document = [this] { return document() != nullptr; };
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

void App::select_and_show(const std::string& node) {
  document()->select({{node}, {}});
  active_tab->canvas.reveal(node);
}

}  // namespace weft::editor
