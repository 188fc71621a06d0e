// Runs: starting, stopping, seeing what came out. The workflow takes two steps, so that it is over soon.
#include <algorithm>

#include "editor/app/param_edit.h"
#include "editor/app/shown_pictures.h"
#include "editor/session/gestures.h"
#include "editor/session/seeds.h"
#include "tests/editor/ui/ui.h"

namespace weft::editor::test {

namespace {

void quick_workflow(Ui& ui, int steps = 2) {
  ui.text_to_image();
  set_param(ui.doc(), "sampler", "steps", steps);
  ui.doc().end_gesture();
  ui.wait(4);
}

runs::NodeRun::State state(Ui& ui, const std::string& node) {
  const runs::NodeRun* run = ui.app.node_run(node);
  return run ? run->state : runs::NodeRun::State::Idle;
}

void the_button_runs_and_the_gallery_has_the_picture(Ui& ui) {
  quick_workflow(ui);
  const std::size_t before = ui.app.gallery.items()->size();
  ui.ctx.ItemClick("**/\uf04b  Run##run");
  IM_CHECK(ui.wait_for_runs());
  IM_CHECK(state(ui, "save") == runs::NodeRun::State::Done);
  ui.app.gallery.wait_until_idle();
  ui.wait(4);
  IM_CHECK_EQ(ui.app.gallery.items()->size(), before + 1);
  ui.ctx.WindowFocus("//Gallery");
  ui.ctx.ItemClick("//Gallery/**/##picture");
  ui.wait();
  IM_CHECK(!ui.app.viewer().a.file.empty());
}

void a_picture_of_the_gallery_opens_its_workflow(Ui& ui) {
  quick_workflow(ui);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Enter);
  IM_CHECK(ui.wait_for_runs());
  const auto items = ui.app.gallery.items();
  IM_CHECK(!items->empty());
  ui.app.open(items->front().file);
  ui.wait(4);
  IM_CHECK_EQ(ui.app.tabs.size(), 2u);
  IM_CHECK_EQ(ui.param("sampler", "steps").get<int>(), 2);
}

void a_run_goes_only_up_to_the_selection(Ui& ui) {
  quick_workflow(ui);
  set_param(ui.doc(), "sampler", "seed", 100);
  ui.select("sampler");
  ui.key(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_Enter);
  IM_CHECK(ui.wait_for_runs());
  IM_CHECK(state(ui, "sampler") == runs::NodeRun::State::Done);
  IM_CHECK(state(ui, "save") == runs::NodeRun::State::Idle);
}

void a_second_run_takes_nodes_from_the_cache(Ui& ui) {
  quick_workflow(ui);
  ui.key(ImGuiKey_F5);
  IM_CHECK(ui.wait_for_runs());
  set_param(ui.doc(), "save", "prefix", "again");
  ui.doc().end_gesture();
  ui.key(ImGuiKey_F5);
  IM_CHECK(ui.wait_for_runs());
  IM_CHECK(state(ui, "sampler") == runs::NodeRun::State::Cached);
}

void a_click_on_a_port_shows_its_value(Ui& ui) {
  quick_workflow(ui);
  ui.key(ImGuiKey_F5);
  IM_CHECK(ui.wait_for_runs());
  ui.click(ui.pin("decode", "image", true));
  IM_CHECK_STR_EQ(ui.app.viewer().a.node.c_str(), "decode");
  const runs::NodeRun* run = ui.app.node_run("decode");
  IM_CHECK(run && !run->outputs.empty() && run->outputs[0].pictures.size() == 1);
}

void a_click_on_a_link_shows_what_goes_through(Ui& ui) {
  quick_workflow(ui);
  ui.click(ui.link("decode.image", "save.image"));
  IM_CHECK_STR_EQ(ui.app.viewer().a.node.c_str(), "decode");
}

void the_viewer_compares_two_pictures(Ui& ui) {
  quick_workflow(ui);
  ui.key(ImGuiKey_F5);
  IM_CHECK(ui.wait_for_runs());
  ui.click(ui.pin("decode", "image", true));
  ui.ctx.ItemClick("//Viewer/Keep as B");
  ui.wait();
  IM_CHECK(ui.app.viewer().compare == ViewerState::Compare::Wipe);
  ui.ctx.ItemClick("//Viewer/Diff");
  ui.wait(3);
  IM_CHECK(ui.app.viewer().compare == ViewerState::Compare::Difference);
}

void the_viewer_shows_a_batch_one_by_one(Ui& ui) {
  quick_workflow(ui);
  set_param(ui.doc(), "size", "batch", 3);
  ui.doc().end_gesture();
  ui.app.run({"decode"});
  IM_CHECK(ui.wait_for_runs());
  ui.click(ui.pin("decode", "image", true));
  const auto shown = [&] { return picture_of(ui.app, ui.app.viewer().a).picture; };
  const auto first = shown();
  ui.ctx.ItemClick("//Viewer/\uf054##after");
  ui.wait();
  IM_CHECK_EQ(ui.app.viewer().a.item, 1u);
  IM_CHECK(shown() && first && shown()->rgb != first->rgb);
  ui.ctx.ItemClick("//Viewer/\uf053##before");
  ui.ctx.ItemClick("//Viewer/\uf053##before");
  ui.wait();
  IM_CHECK_EQ(ui.app.viewer().a.item, 2u);  // round about
}

void stop_ends_a_long_run(Ui& ui) {
  quick_workflow(ui, 400);
  ui.key(ImGuiKey_F5);
  for (int i = 0; i < 2000 && state(ui, "sampler") != runs::NodeRun::State::Running; ++i)
    ui.ctx.SleepNoSkip(0.01f, 0.01f);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Period);
  IM_CHECK(ui.wait_for_runs());
  IM_CHECK(ui.app.runs->history.back().state == runs::Job::State::Cancelled);
}

void one_edits_while_a_run_goes_on(Ui& ui) {
  quick_workflow(ui, 400);
  ui.key(ImGuiKey_F5);
  for (int i = 0; i < 2000 && state(ui, "sampler") != runs::NodeRun::State::Running; ++i)
    ui.ctx.SleepNoSkip(0.01f, 0.01f);
  const Point before = node_ui(ui.graph().node("save")).at;
  const ImVec2 from = ui.title("save");
  ui.drag(from, {from.x - 40, from.y + 90});
  IM_CHECK(node_ui(ui.graph().node("save")).at != before);
  IM_CHECK(ui.app.runs->running() != nullptr);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Period);
  IM_CHECK(ui.wait_for_runs());
}

void a_failure_is_told_on_the_node_and_in_the_list(Ui& ui) {
  quick_workflow(ui);
  set_param(ui.doc(), "checkpoint", "name", "no-such-model");
  ui.doc().end_gesture();
  ui.key(ImGuiKey_F5);
  IM_CHECK(ui.wait_for_runs());
  IM_CHECK(ui.app.runs->history.back().state == runs::Job::State::Failed);
  IM_CHECK(std::ranges::any_of(
      ui.app.log, [](const LogLine& line) { return line.text.find("no-such-model") != std::string::npos; }));
}

void a_node_that_fails_says_why(Ui& ui) {
  quick_workflow(ui);
  const std::string node = add_node(ui.doc(), ui.app.registry, "image.crop", {1280, 400});
  connect(ui.doc(), ui.app.registry, {{"decode", "image"}, {node, "image"}});
  set_param(ui.doc(), node, "x", 5000);
  ui.doc().end_gesture();
  ui.app.run({node});
  IM_CHECK(ui.wait_for_runs());
  IM_CHECK(state(ui, node) == runs::NodeRun::State::Failed);
  const runs::NodeRun* run = ui.app.node_run(node);
  IM_CHECK(run->problem && run->problem->what.find("lies outside the picture") != std::string::npos);
}

void a_random_seed_is_told_and_kept(Ui& ui) {
  quick_workflow(ui);
  set_seed_mode(ui.doc(), "sampler", "seed", runs::SeedMode::Random);
  ui.key(ImGuiKey_F5);
  IM_CHECK(ui.wait_for_runs());
  const auto& seeds = ui.app.runs->owners.at(ui.doc().id())->seeds;
  const std::uint64_t used = seeds.at({"sampler", "seed"}).seed;
  const GraphNode& sampler = ui.graph().node("sampler");
  const PortInfo& port = *ui.app.type_of(sampler)->find_input("seed");
  IM_CHECK(shown_seed(ui.app, ui.doc(), sampler, port).ends_with("  " + std::to_string(used)));
  IM_CHECK_EQ(ui.param("sampler", "seed").get<int>(), 1);  // the document is not changed behind one's back
  ui.app.commands.run("run.keep_seeds");
  IM_CHECK_EQ(ui.param("sampler", "seed").get<std::uint64_t>(), used);
}

void a_paused_queue_waits(Ui& ui) {
  quick_workflow(ui);
  ui.app.commands.run("run.pause");
  ui.wait(3);
  ui.key(ImGuiKey_F5);
  ui.key(ImGuiKey_F5);
  ui.wait(10);
  IM_CHECK_EQ(ui.app.runs->queue.size(), 2u);
  ui.app.commands.run("run.cancel_all");
  ui.wait(6);
  ui.app.commands.run("run.pause");
  IM_CHECK(ui.wait_for_runs());
}

}  // namespace

std::vector<Test> run_tests() {
  return {{"runs", "the_button_runs_and_the_gallery_has_the_picture", the_button_runs_and_the_gallery_has_the_picture},
      {"runs", "a_picture_of_the_gallery_opens_its_workflow", a_picture_of_the_gallery_opens_its_workflow},
      {"runs", "a_run_goes_only_up_to_the_selection", a_run_goes_only_up_to_the_selection},
      {"runs", "a_second_run_takes_nodes_from_the_cache", a_second_run_takes_nodes_from_the_cache},
      {"runs", "a_click_on_a_port_shows_its_value", a_click_on_a_port_shows_its_value},
      {"runs", "a_click_on_a_link_shows_what_goes_through", a_click_on_a_link_shows_what_goes_through},
      {"runs", "the_viewer_compares_two_pictures", the_viewer_compares_two_pictures},
      {"runs", "the_viewer_shows_a_batch_one_by_one", the_viewer_shows_a_batch_one_by_one},
      {"runs", "stop_ends_a_long_run", stop_ends_a_long_run},
      {"runs", "one_edits_while_a_run_goes_on", one_edits_while_a_run_goes_on},
      {"runs", "a_failure_is_told_on_the_node_and_in_the_list", a_failure_is_told_on_the_node_and_in_the_list},
      {"runs", "a_node_that_fails_says_why", a_node_that_fails_says_why},
      {"runs", "a_random_seed_is_told_and_kept", a_random_seed_is_told_and_kept},
      {"runs", "a_paused_queue_waits", a_paused_queue_waits}};
}

}  // namespace weft::editor::test
