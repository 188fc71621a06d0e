#include "tests/editor/ui/ui.h"

#include <algorithm>

#include "editor/session/gestures.h"

namespace weft::editor::test {

namespace fs = std::filesystem;

void Ui::close_all() {
  wait(6);  // the panels have their places
  app.queue->cancel_all();
  app.toast_until = {};
  app.file_dialog.cancel();
  app.panels = PanelStates{.centre_dock = app.panels.centre_dock};
  while (!app.tabs.empty()) app.close_now(*app.tabs.back());
  Settings fresh;
  fresh.output_folder = app.settings.output_folder;
  app.settings = fresh;
  app.commands.take({});
  choose_language({}, "en");
  app.look_changed = true;
  ctx.MouseTeleportToPos({2, 400});
  wait(2);
}

void Ui::open(const Workflow& workflow) {
  close_all();
  app.show(std::make_unique<Document>(workflow));
  wait(8);
  focus_canvas();
}

void Ui::empty() { open({}); }

void Ui::text_to_image() { open(load_workflow(fs::path(WEFT_SOURCE_DIR) / "workflows/text-to-image.json")); }

void Ui::focus_canvas() {
  app.active()->focus = true;
  wait(3);
}

nlohmann::json Ui::param(const std::string& node, const std::string& port) {
  const auto& inputs = graph().node(node).inputs;
  const auto found = inputs.find(port);
  return found != inputs.end() && std::holds_alternative<Literal>(found->second) ? std::get<Literal>(found->second)
                                                                                 : nlohmann::json();
}

bool Ui::linked(const std::string& source, const std::string& target) {
  return std::ranges::any_of(links_of(graph()), [&](const Link& each) {
    return each.source.node + "." + each.source.port == source && each.target.node + "." + each.target.port == target;
  });
}

std::string Ui::add(const std::string& type, Point at) {
  std::string id = add_node(doc(), app.registry, type, at);
  wait(3);
  return id;
}

ImVec2 Ui::title(const std::string& node) {
  const NodeView* view = canvas().model().find(node);
  if (!view) return {-1, -1};
  return canvas().to_screen({view->at.x + 60, view->at.y + metric::kTitle / 2});
}

ImVec2 Ui::pin(const std::string& node, const std::string& port, bool output) {
  const NodeView* view = canvas().model().find(node);
  if (!view) return {-1, -1};
  for (const ShownPort& each : view->layout.ports)
    if (each.info.name == port && each.is_output == output)
      return canvas().to_screen({view->at.x + each.pin.x, view->at.y + each.pin.y});
  return {-1, -1};
}

ImVec2 Ui::field(const std::string& node, const std::string& port) {
  const NodeView* view = canvas().model().find(node);
  if (!view) return {-1, -1};
  for (const ShownPort& each : view->layout.ports)
    if (each.info.name == port && each.field)
      return canvas().to_screen({view->at.x + each.field_min.x + each.field_size.x * 0.45f,
          view->at.y + each.field_min.y + each.field_size.y / 2});
  return {-1, -1};
}

ImVec2 Ui::link(const std::string& source, const std::string& target) {
  const auto split = [](const std::string& name) {
    return std::pair{name.substr(0, name.find('.')), name.substr(name.find('.') + 1)};
  };
  const auto [from_node, from_port] = split(source);
  const auto [to_node, to_port] = split(target);
  const ImVec2 from = pin(from_node, from_port, true), to = pin(to_node, to_port, false);
  return {(from.x + to.x) / 2, (from.y + to.y) / 2};
}

ImVec2 Ui::at(Point p) { return canvas().to_screen({static_cast<float>(p.x), static_cast<float>(p.y)}); }

ImVec2 Ui::nothing() { return {canvas().screen_min().x + 24, canvas().screen_max().y - 24}; }

void Ui::click(ImVec2 at, int button) {
  ctx.MouseMoveToPos(at);
  wait(2);
  ctx.MouseClick(button);
  wait(3);
}

void Ui::double_click(ImVec2 at) {
  ctx.MouseMoveToPos(at);
  wait(2);
  ctx.MouseDoubleClick(0);
  wait(4);
}

void Ui::drag(ImVec2 from, ImVec2 to, int button) {
  ctx.MouseMoveToPos(from);
  wait(2);
  ctx.MouseDown(button);
  wait(1);
  for (const float share : {0.2f, 0.5f, 0.8f, 1.0f}) {
    ctx.MouseTeleportToPos({from.x + (to.x - from.x) * share, from.y + (to.y - from.y) * share});
    wait(2);
  }
  ctx.MouseUp(button);
  wait(4);
}

void Ui::key(ImGuiKeyChord chord) {
  ctx.KeyPress(chord);
  wait(3);
}

void Ui::type(const char* text) {
  ctx.KeyChars(text);
  wait(3);
}

void Ui::choose(const char* query) {
  wait(2);
  type(query);
  key(ImGuiKey_Enter);
  wait(3);
}

std::string Ui::in_library(const std::string& title) {
  const std::string name = "//Nodes/**/" + title;
  const ImGuiTestItemInfo query = ctx.ItemInfo("//Nodes/##query");
  ctx.MouseMoveToPos({query.RectFull.GetCenter().x, query.RectFull.Max.y + 200});
  ctx.MouseWheelY(100);
  for (int i = 0; i < 60 && !ctx.ItemExists(name.c_str()); ++i) {
    ctx.MouseWheelY(-3);
    wait(2);
  }
  ctx.MouseWheelY(-1);  // away from the edge
  wait(3);
  return name;
}

bool Ui::wait_for_runs() {
  wait(2);
  constexpr int kFrames = 20000;
  for (int frame = 0; frame < kFrames; ++frame) {
    if (app.runs->queue.empty() && frame > 3) return true;
    ctx.SleepNoSkip(0.01f, 0.01f);
  }
  return false;
}

}  // namespace weft::editor::test
