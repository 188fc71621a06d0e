#include "editor/app/remedy_actions.h"

#include "editor/app/lists.h"
#include "editor/app/param_edit.h"
#include "editor/session/node_ui.h"

namespace weft::editor {

namespace {

/// The palette with what gives the input its value; the new node comes to its left.
void offer_nodes_for(App& app, const ToldProblem& problem) {
  app.lead_to(problem.problem.node);
  const Spot& spot = *problem.spot;
  if (!app.document()->graph().contains(spot.node)) return;
  const Point at = node_ui(app.document()->graph().node(spot.node)).at;
  open_node_palette(app, {.at = at - Point{320, 0}, .from = LinkEnd{{spot.node, spot.port}, false}});
}

std::string folder_of(App& app, const Spot& spot) {
  const NodeInfo* type = app.document()->types(app.registry).find(node_at(app.document()->workflow(), spot).type);
  const PortInfo* port = type ? type->find_input(spot.port) : nullptr;
  return port ? port->folder : std::string();
}

}  // namespace

void choose_file_for(App& app, const std::vector<Spot>& params) {
  ask_for_file(app, {}, [&app, params](const std::filesystem::path& file) {
    set_all(*app.document(), params, app.document()->name_of_file(file));
  });
}

void carry_out(App& app, const ToldProblem& problem, const Remedy& remedy) {
  const Spot& spot = *problem.spot;
  switch (remedy.kind) {
    case Remedy::Kind::Link:
      app.attempt([&] { make_link(*app.document(), app.registry, spot, *remedy.link); });
      break;
    case Remedy::Kind::AddNode:
      offer_nodes_for(app, problem);
      break;
    case Remedy::Kind::ChooseModel:
      open_model_list(app, {spot}, folder_of(app, spot));
      break;
    case Remedy::Kind::AddModelFolder:
      app.ask_for_model_folder();
      break;
    case Remedy::Kind::ChooseFile:
      choose_file_for(app, {spot});
      break;
    case Remedy::Kind::Replace:
      open_replace_list(app, {spot});
      break;
    case Remedy::Kind::Bypass:
      app.attempt([&] { bypass_all(*app.document(), {spot}); });
      break;
  }
}

}  // namespace weft::editor
