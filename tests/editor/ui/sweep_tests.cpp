// Varying params: by the menus of fields, with one table as the result.
#include "editor/session/gestures.h"
#include "editor/session/sweeps.h"
#include "tests/editor/ui/ui.h"

namespace weft::editor::test {

namespace {

void quick_workflow(Ui& ui) {
  ui.text_to_image();
  set_param(ui.doc(), "sampler", "steps", 2);
  ui.doc().end_gesture();
  ui.wait(4);
}

void open_vary(Ui& ui, const std::string& node, const std::string& port) {
  ui.click(ui.field(node, port), 1);
  ui.ctx.ItemClick("//$FOCUSED/Vary\u2026");
  ui.wait(4);
}

const runs::OutputView* picture(Ui& ui) {
  const runs::NodeRun* run = ui.app.node_run("decode");
  return run && !run->outputs.empty() ? &run->outputs.front() : nullptr;
}

void values_of_a_field_become_one_table(Ui& ui) {
  quick_workflow(ui);
  ui.app.gallery.wait_until_idle();
  const std::size_t before = ui.app.gallery.items()->size();
  open_vary(ui, "sampler", "cfg");
  ui.type("3, 5, 7");
  ui.key(ImGuiKey_Enter);
  IM_CHECK(!ui.app.panels.vary.open);
  IM_CHECK(ui.wait_for_runs());
  IM_CHECK_EQ(ui.app.runs->history.back().state == runs::Job::State::Done, true);
  ui.wait(4);
  IM_CHECK_EQ(ui.app.gallery.items()->size(), before + 1);
  const runs::OutputView* view = picture(ui);
  IM_CHECK(view != nullptr);
  IM_CHECK_EQ(view->pictures.size(), 4u);  // the table, and each by itself
  IM_CHECK_STR_EQ(view->captions.back().c_str(), "CFG 7");
  IM_CHECK_EQ(ui.param("sampler", "cfg").get<int>(), 4);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Z);
  IM_CHECK(sweep(ui.doc()).axes.empty());
}

void choices_are_ticked_and_run_later(Ui& ui) {
  quick_workflow(ui);
  open_vary(ui, "sampler", "sampler");
  ui.ctx.SetRef("Vary");
  ui.ctx.ItemClick("**/euler###euler");
  ui.ctx.ItemClick("Keep for Later");
  ui.wait(4);
  IM_CHECK_EQ(sweep_size(ui.doc(), ui.app.registry), 2u);
  IM_CHECK(ui.app.runs->queue.empty());
  ui.key(ImGuiMod_Shift | ImGuiKey_F5);
  IM_CHECK(ui.wait_for_runs());
  IM_CHECK_EQ(picture(ui)->pictures.size(), 3u);
  ui.click(ui.field("sampler", "sampler"), 1);
  ui.ctx.ItemClick("//$FOCUSED/Stop Varying");
  ui.wait(4);
  IM_CHECK(sweep(ui.doc()).axes.empty());
}

void the_inspector_has_the_menu_too(Ui& ui) {
  quick_workflow(ui);
  ui.select("positive");
  ui.ctx.ItemClick("//Inspector/**/##text", 1);
  ui.wait(3);
  ui.ctx.ItemClick("//$FOCUSED/Vary\u2026");
  ui.wait(4);
  ui.ctx.KeyPress(ImGuiMod_Ctrl | ImGuiKey_End);
  ui.ctx.KeyPress(ImGuiKey_Enter);
  ui.type("a fox");
  ui.ctx.ItemClick("//Vary/Keep for Later");
  ui.wait(4);
  IM_CHECK_EQ(sweep_size(ui.doc(), ui.app.registry), 2u);
}

void values_that_will_not_do_are_told_in_the_dialog(Ui& ui) {
  quick_workflow(ui);
  open_vary(ui, "sampler", "seed");
  ui.type("1..1000000");
  ui.key(ImGuiKey_Enter);
  IM_CHECK(ui.app.panels.vary.open);
  IM_CHECK(ui.app.panels.vary.problem.find("at most 1000 pictures") != std::string::npos);
  ui.key(ImGuiKey_Escape);
  ui.wait(4);
  IM_CHECK(!ui.app.panels.vary.open);
  IM_CHECK(!ui.doc().dirty() || ui.doc().position() == 1);
}

void the_count_beside_run_queues_several(Ui& ui) {
  quick_workflow(ui);
  ui.app.commands.run("run.pause");
  ui.ctx.ItemInputValue("//##MainMenuBar/**/##run count", 3);
  ui.key(ImGuiKey_F5);
  ui.wait(6);
  IM_CHECK_EQ(ui.app.runs->queue.size(), 3u);
  ui.app.commands.run("run.cancel_all");
  ui.wait(6);
  ui.app.commands.run("run.pause");
  IM_CHECK(ui.wait_for_runs());
}

}  // namespace

std::vector<Test> sweep_tests() {
  return {{"sweeps", "values_of_a_field_become_one_table", values_of_a_field_become_one_table},
      {"sweeps", "choices_are_ticked_and_run_later", choices_are_ticked_and_run_later},
      {"sweeps", "the_inspector_has_the_menu_too", the_inspector_has_the_menu_too},
      {"sweeps", "values_that_will_not_do_are_told_in_the_dialog", values_that_will_not_do_are_told_in_the_dialog},
      {"sweeps", "the_count_beside_run_queues_several", the_count_beside_run_queues_several}};
}

}  // namespace weft::editor::test
