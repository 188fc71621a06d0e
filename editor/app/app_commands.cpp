// Commands: their names, menus and keys are in session/command_table.cpp; what each does is in SUBJECT_commands.cpp.
#include <imgui.h>

#include "editor/app/app.h"

namespace weft::editor {

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
  bind_select_commands();
  bind_node_commands();
  bind_arrange_commands();
  bind_run_commands();
  bind_view_commands();
  bind_panel_commands();
}

}  // namespace weft::editor
