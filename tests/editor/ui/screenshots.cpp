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
    const runs::NodeRun* node = ui.app.node_run("sampler");
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
  make_subgraph(ui.doc(), ui.app.registry, {"negative", "positive", "sampler", "size"}, "Paint");
  ui.wait(10);
  ui.app.commands.run("view.fit");
  ui.wait(10);
}

/// Runs the prompt, and gives the file.
std::string picture_of_prompt(Ui& ui, const char* prompt, int seed) {
  set_param(ui.doc(), "positive", "text", prompt);
  ui.doc().end_gesture();
  set_param(ui.doc(), "sampler", "seed", seed);
  ui.doc().end_gesture();
  run(ui, 30);
  ui.wait_for_runs();
  ui.wait(3);
  return ui.app.gallery.items()->front().file.string();
}

void settle(Ui& ui) {
  ui.app.toast_until = {};
  ui.app.pictures.wait_until_idle();
  ui.wait(30);
}

void viewer_wipe(Ui& ui) {
  ui.text_to_image();
  const std::string night = picture_of_prompt(ui, "a yellow moon over blue mountains at night", 3);
  const std::string day = picture_of_prompt(ui, "a red boat on the sea at sunset", 1);
  show_in_viewer(ui.app, {.node = {}, .port = {}, .file = night});
  compare_with_file(ui.app, day);
  ui.app.viewer().wipe = 0.62f;
  settle(ui);
}

void viewer_tokens(Ui& ui) {
  ui.text_to_image();
  set_param(ui.doc(), "positive", "text", "a (red:1.3) boat on the (sea:0.8) at sunset");
  ui.doc().end_gesture();
  run(ui, 2, {"positive"});
  ui.wait_for_runs();
  ui.click(ui.pin("positive", "conditioning", true));
  settle(ui);
}

void viewer_numbers(Ui& ui) {
  ui.text_to_image();
  run(ui, 20);
  ui.wait_for_runs();
  ui.click(ui.pin("sampler", "latent", true));
  ui.app.viewer().numbers = true;
  settle(ui);
}

/// A node that gets the picture, selected.
std::string on_the_picture(Ui& ui, const char* type) {
  ui.text_to_image();
  const std::string node = add_node(ui.doc(), ui.app.registry, type, {1280, 330});
  connect(ui.doc(), ui.app.registry, {{"decode", "image"}, {node, "image"}});
  run(ui, 30);
  ui.wait_for_runs();
  ui.doc().select({.nodes = {node}});
  ui.wait(4);
  return node;
}

void painter(Ui& ui) {
  const std::string node = on_the_picture(ui, "mask.draw");
  set_param(ui.doc(), node, "shapes",
      "brush=0.14 hardness=0.6 0.3,0.62 0.4,0.7 0.5,0.72 0.6,0.7 0.7,0.62\n"
      "brush=0.2 hardness=0.2 0.5,0.4 0.5,0.3\nerase brush=0.06 0.42,0.45 0.58,0.25");
  ui.doc().end_gesture();
  ui.wait(3);
  ui.ctx.ItemClick("//Inspector/**/###Paint");
  ui.wait(4);
  const ImVec2 middle = ui.ctx.ItemInfo("//$FOCUSED/##canvas").RectFull.GetCenter();
  ui.ctx.MouseMoveToPos({middle.x + 150, middle.y - 130});
  settle(ui);
}

void region(Ui& ui) {
  const std::string node = on_the_picture(ui, "image.crop");
  for (const auto& [port, value] :
      std::vector<std::pair<const char*, int>>{{"x", 24}, {"y", 32}, {"width", 72}, {"height", 64}}) {
    set_param(ui.doc(), node, port, value);
    ui.doc().end_gesture();
  }
  ui.wait(3);
  ui.ctx.ItemClick("//Inspector/**/###Area");
  settle(ui);
}

void file_picker(Ui& ui) {
  ui.text_to_image();
  for (const char* prompt : {"a red boat on the sea at sunset", "a yellow moon over blue mountains at night"})
    picture_of_prompt(ui, prompt, 1);
  ui.doc().select({.nodes = {add_node(ui.doc(), ui.app.registry, "image.load", {0, 330})}});
  ui.wait(4);
  const std::filesystem::path pictures = ui.scratch / "pictures";
  std::filesystem::copy(std::filesystem::path(WEFT_SOURCE_DIR) / "docs/pictures/explained", pictures);
  remember_folder(ui.app.settings, pictures);
  ui.ctx.ItemClick("//Inspector/**/##file");
  for (int i = 0; i < 300 && ui.app.file_dialog.busy(); ++i) ui.ctx.SleepNoSkip(0.01f, 0.01f);
  ui.wait(4);
  settle(ui);
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

// States that the documentation does not show, to be looked at in every language.

void settings(Ui& ui) {
  ui.text_to_image();
  ui.app.panels.settings.open = true;
  ui.wait(8);
}

void keys(Ui& ui) {
  ui.text_to_image();
  ui.app.panels.settings.open = ui.app.panels.settings.keys_first = true;
  ui.wait(8);
}

void model_folders(Ui& ui) {
  settings(ui);
  ui.ctx.ItemClick(fmt::format("//{}/pages/{}", label("Settings"), label("Files")).c_str());
  ui.wait(4);
}

void about(Ui& ui) {
  ui.text_to_image();
  ui.app.panels.about = true;
  ui.wait(8);
}

void start_page(Ui& ui) {
  ui.text_to_image();
  ui.app.close_now(*ui.app.tabs.back());
  ui.wait(8);
}

void quitting(Ui& ui) {
  ui.text_to_image();
  set_param(ui.doc(), "sampler", "steps", 7);
  ui.doc().end_gesture();
  ui.app.request_quit();
  ui.wait(8);
}

void recovering(Ui& ui) {
  ui.text_to_image();
  ui.app.panels.recovery.found = {{.journal = {},
      .file = ui.scratch / "boat.json",
      .workflow = ui.doc().workflow(),
      .gestures = {"Change sampler", "Add KSampler"},
      .time = std::chrono::system_clock::now()}};
  ui.wait(8);
}

void queue(Ui& ui) {
  ui.text_to_image();
  for (int i = 0; i < 3; ++i) run(ui, 400 + i);
  ImGui::SetWindowFocus("Queue###Queue");
  ui.wait(20);
}

void timings(Ui& ui) {
  done(ui);
  ImGui::SetWindowFocus("Timings###Timings");
  ui.wait(4);
}

void history(Ui& ui) {
  done(ui);
  ImGui::SetWindowFocus("History###History");
  ui.wait(4);
}

void menu(Ui& ui) {
  ui.text_to_image();
  ui.select("sampler");
  ui.ctx.MenuClick("//##MainMenuBar/###Node");
  ui.wait(4);
}

void menu_of_a_node(Ui& ui) {
  ui.text_to_image();
  ui.click(ui.title("sampler"), 1);
  ui.wait(4);
}

}  // namespace

std::vector<Test> more_screenshots() {
  return {{"more", "settings", settings}, {"more", "keys", keys}, {"more", "model-folders", model_folders},
      {"more", "about", about}, {"more", "start-page", start_page}, {"more", "quitting", quitting},
      {"more", "recovering", recovering}, {"more", "queue", queue}, {"more", "timings", timings},
      {"more", "history", history}, {"more", "menu", menu}, {"more", "menu-of-a-node", menu_of_a_node}};
}

std::vector<Test> screenshots() {
  return {{"states", "first-open", first_open}, {"states", "running", running}, {"states", "done", done},
      {"states", "failed-node", failed_node}, {"states", "subgraph", subgraph}, {"states", "palette", palette},
      {"states", "commands", commands}, {"states", "viewer-wipe", viewer_wipe},
      {"states", "viewer-tokens", viewer_tokens}, {"states", "viewer-numbers", viewer_numbers},
      {"states", "painter", painter}, {"states", "area", region}, {"states", "file-picker", file_picker},
      {"states", "light-theme", light_theme}, {"states", "scale-200", scale_200}};
}

}  // namespace weft::editor::test
