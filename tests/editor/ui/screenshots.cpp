// States of the window that the documentation shows; docs/screenshots/make.sh writes the pictures.
#include "editor/session/gestures.h"
#include "tests/editor/ui/ui.h"

namespace weft::editor::test {

namespace {

void run(Ui& ui, int steps, std::vector<std::string> wanted = {}) {
  set_param(ui.doc(), "sampler", "steps", steps);
  ui.doc().end_gesture();
  ui.app.run(std::move(wanted));
}

void first_open(Ui& ui) {
  ui.text_to_image();
  ui.app.toast_until = {};
}

void running(Ui& ui) {
  ui.text_to_image();
  run(ui, 200);
  for (int i = 0; i < 4000; ++i) {
    const NodeRun* node = ui.app.node_run("sampler");
    if (node && node->done > 60 && node->preview) break;
    ui.ctx.SleepNoSkip(0.01f, 0.01f);
  }
}

void done(Ui& ui) {
  ui.text_to_image();
  run(ui, 20);
  ui.wait_for_runs();
  ui.select("sampler");
  ui.wait(60);
}

void failed_node(Ui& ui) {
  ui.text_to_image();
  const std::string node = add_node(ui.doc(), ui.app.registry, "image.pick", {1280, 330});
  connect(ui.doc(), ui.app.registry, {{"decode", "image"}, {node, "image"}});
  set_param(ui.doc(), node, "index", 5);  // of a batch of one
  run(ui, 20, {node});
  ui.wait_for_runs();
  ui.doc().select({{node}, {}});
  ImGui::SetWindowFocus("Problems###Problems");
  ui.wait(30);
}

void palette(Ui& ui) {
  ui.text_to_image();
  const ImVec2 from = ui.pin("decode", "image", true);
  ui.drag(from, {from.x + 40, from.y + 170});
  ui.type("im");
}

void commands(Ui& ui) {
  ui.text_to_image();
  ui.key(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_P);
  ui.type("al");
}

void subgraph(Ui& ui) {
  ui.text_to_image();
  make_subgraph(ui.doc(), {"negative", "positive", "sampler", "size"}, "Paint");
  ui.wait(10);
  ui.app.commands.run("view.fit");
  ui.wait(10);
}

void viewer_wipe(Ui& ui) {
  ui.text_to_image();
  run(ui, 20);
  ui.wait_for_runs();
  const auto first = ui.app.gallery.items()->front().file.string();
  set_param(ui.doc(), "sampler", "seed", 5);
  ui.doc().end_gesture();
  run(ui, 20);
  ui.wait_for_runs();
  ui.app.panels.viewer.a = {.node = "decode", .port = "image", .file = {}};
  ui.app.panels.viewer.b = {.node = {}, .port = {}, .file = first};
  ui.app.panels.viewer.compare = ViewerState::Compare::Wipe;
  ui.wait(60);
}

void light_theme(Ui& ui) {
  done(ui);
  ui.app.settings.theme = Settings::Theme::Light;
  ui.app.look_changed = true;
  ui.wait(6);
}

void scale_200(Ui& ui) {
  ui.text_to_image();
  ui.app.settings.ui_scale = 2;
  ui.app.look_changed = true;
  ui.app.layout_wanted = true;
  ui.select("sampler");
  ui.canvas().look({{640, 260}, 1.1});
  ui.wait(8);
}

}  // namespace

std::vector<Test> screenshots() {
  return {{"states", "first-open", first_open},
          {"states", "running", running},
          {"states", "done", done},
          {"states", "failed-node", failed_node},
          {"states", "subgraph", subgraph},
          {"states", "palette", palette},
          {"states", "commands", commands},
          {"states", "viewer-wipe", viewer_wipe},
          {"states", "light-theme", light_theme},
          {"states", "scale-200", scale_200}};
}

}  // namespace weft::editor::test
