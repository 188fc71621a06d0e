// Commands on runs.
#include <imgui.h>

#include <algorithm>

#include "editor/app/app.h"
#include "editor/session/seeds.h"
#include "editor/session/sweeps.h"

namespace weft::editor {

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

}  // namespace weft::editor
