// What comes from outside the canvas: files that others write, languages, the layout of panels; and how
// the canvas is looked at.
#include <imgui_internal.h>

#include <chrono>
#include <cmath>
#include <cstdlib>

#include "editor/session/gestures.h"
#include "tests/editor/ui/ui.h"

namespace weft::editor::test {

namespace {

namespace fs = std::filesystem;

/// A workflow in a file, in which somebody else then writes 33 steps.
fs::path file_that_changes(Ui& ui) {
  ui.text_to_image();
  const fs::path file = ui.scratch / "shared.json";
  ui.doc().save_as(file);
  ui.wait();
  return file;
}

void change(const fs::path& file) {
  Workflow theirs = load_workflow(file);
  apply(theirs, SetInput{"sampler", "steps", 33});
  save_workflow(theirs, file);
}

/// Files are looked at once a second by the clock, which the test's frames are ahead of.
bool is_asked(Ui& ui) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (std::chrono::steady_clock::now() < end && ui.app.panels.disk_change.document == 0)
    ui.ctx.SleepNoSkip(0.01f, 0.01f);
  ui.wait(4);
  return ui.app.panels.disk_change.document == ui.doc().id();
}

int steps_in(const fs::path& file) {
  const Workflow workflow = load_workflow(file);
  return std::get<Literal>(workflow.graph.node("sampler").inputs.at("steps")).get<int>();
}

void a_file_that_somebody_changed_is_loaded_as_a_step(Ui& ui) {
  const fs::path file = file_that_changes(ui);
  change(file);
  IM_CHECK(is_asked(ui));
  IM_CHECK_EQ(ui.app.panels.disk_change.differences.size(), 1u);
  IM_CHECK_STR_EQ(ui.app.panels.disk_change.differences[0].c_str(), "sampler.steps: 20 here, 33 in the file");
  ui.ctx.ItemClick("//Changed on Disk/Load Theirs");
  ui.wait(4);
  IM_CHECK_EQ(ui.param("sampler", "steps"), 33);
  IM_CHECK(!ui.doc().dirty());
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Z);
  IM_CHECK_EQ(ui.param("sampler", "steps"), 20);
}

void a_file_that_somebody_changed_is_not_overwritten_unasked(Ui& ui) {
  const fs::path file = file_that_changes(ui);
  set_param(ui.doc(), "sampler", "steps", 44);
  change(file);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_S);
  IM_CHECK(is_asked(ui));
  IM_CHECK_EQ(steps_in(file), 33);
  ui.ctx.ItemClick("//Changed on Disk/Keep Mine");
  ui.wait(4);
  IM_CHECK_EQ(ui.param("sampler", "steps"), 44);
  IM_CHECK(ui.doc().dirty());
  IM_CHECK_EQ(steps_in(file), 33);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_S);
  ui.wait(4);
  IM_CHECK_EQ(steps_in(file), 44);
}

void both_versions_of_a_file_can_be_had(Ui& ui) {
  const fs::path file = file_that_changes(ui);
  set_param(ui.doc(), "sampler", "steps", 44);
  change(file);
  IM_CHECK(is_asked(ui));
  ui.ctx.ItemClick("//Changed on Disk/Open Theirs in a Tab");
  ui.wait(6);
  IM_CHECK_EQ(ui.app.tabs.size(), 2u);
  IM_CHECK_EQ(ui.param("sampler", "steps"), 33);
  IM_CHECK(ui.doc().file().empty());
  IM_CHECK_EQ(std::get<Literal>(ui.app.tabs[0]->document->graph().node("sampler").inputs.at("steps")), 44);
}

void the_language_is_changed(Ui& ui) {
  ui.text_to_image();
  ui.app.commands.run("help.settings");
  ui.wait(4);
  ui.ctx.ItemClick("//Settings/pages/Look");
  ui.ctx.SetRef("//Settings/pages/Look");
  ui.ctx.ComboClick("##language/Deutsch");
  ui.wait(4);
  IM_CHECK_STR_EQ(ui.app.settings.language.c_str(), "de");
  ui.ctx.ItemClick("//Settings/Close");
  ui.wait(4);
  IM_CHECK_STR_EQ(language().c_str(), "de");
  IM_CHECK_STR_EQ(tr("Undo"), "Rückgängig");
  const ImGuiWindow* nodes = ui.ctx.WindowInfo("//Nodes").Window;  // shows "Knoten"; its name, so its place, stays
  IM_CHECK(nodes && nodes->Active && nodes->DockIsActive);
}

void panels_keep_their_places(Ui& ui) {
  ui.text_to_image();
  ImGuiWindow* log = ui.ctx.WindowInfo("//Log").Window;
  IM_CHECK(log && log->DockIsActive);
  ui.ctx.UndockWindow("//Log");
  ui.wait(4);
  IM_CHECK(!log->DockIsActive);
  const auto layout = [&] { return ui.app.settings.panels.value("layout", ""); };
  for (int i = 0; i < 500 && layout().empty(); ++i) ui.ctx.SleepNoSkip(0.01f, 0.01f);
  const std::string kept = layout();
  IM_CHECK(kept.find("[Docking]") != kept.npos);
  IM_CHECK(kept.find("document") == kept.npos);  // tabs are of this session
  ui.key(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_P);
  ui.choose("panels in their first");
  ui.wait(8);
  IM_CHECK(log->DockIsActive);
}

bool near(const View& a, const View& b) {
  return std::abs(a.zoom - b.zoom) < 0.01 && std::abs(a.centre.x - b.centre.x) < 3 &&
      std::abs(a.centre.y - b.centre.y) < 3;
}

void views_are_gone_back_to(Ui& ui) {
  ui.text_to_image();
  const View whole = ui.canvas().view();
  ui.select("sampler");
  ui.key(ImGuiKey_F);
  ui.wait(4);
  const View close = ui.canvas().view();
  IM_CHECK(!near(whole, close));
  ui.key(ImGuiKey_LeftBracket);
  ui.wait(4);
  IM_CHECK(near(whole, ui.canvas().view()));
  ui.key(ImGuiKey_RightBracket);
  ui.wait(4);
  IM_CHECK(near(close, ui.canvas().view()));
  IM_CHECK(!ui.canvas().can_go_forward());
}

Point place(Ui& ui, const std::string& node) { return node_ui(ui.graph().node(node)).at; }

bool on_grid(double x) { return std::abs(std::remainder(x, 16)) < 0.6; }

void nodes_snap_to_the_grid_unless_that_is_off(Ui& ui) {
  ui.text_to_image();
  ui.canvas().set_zoom(1);
  ui.wait(4);
  const auto drag_by = [&](float x, float y) {
    const ImVec2 from = ui.title("sampler");
    ui.drag(from, {from.x + x, from.y + y});
  };
  drag_by(-53, 21);
  const NodeView* view = ui.canvas().model().find("sampler");
  IM_CHECK(on_grid(place(ui, "sampler").x) || on_grid(place(ui, "sampler").x + view->layout.size.x));
  ui.app.commands.run("view.snap");
  IM_CHECK(!ui.app.settings.snap_to_grid);
  const Point before = place(ui, "sampler");
  drag_by(-37, 13);
  IM_CHECK_LT(std::abs(place(ui, "sampler").x - before.x + 37), 1.5);
  IM_CHECK_LT(std::abs(place(ui, "sampler").y - before.y - 13), 1.5);
}

void a_link_is_pulled_off_its_input(Ui& ui) {
  ui.text_to_image();
  const std::size_t links = links_of(ui.graph()).size();
  ui.drag(ui.pin("sampler", "positive", false), ui.nothing());
  IM_CHECK_EQ(links_of(ui.graph()).size(), links - 1);
  IM_CHECK(!ui.linked("positive.conditioning", "sampler.positive"));
  IM_CHECK(!ui.app.panels.search.open);  // the palette is for new links
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Z);
  IM_CHECK_EQ(links_of(ui.graph()).size(), links);
}

void a_link_is_led_to_another_input_as_one_step(Ui& ui) {
  ui.text_to_image();
  ui.drag(ui.pin("sampler", "positive", false), ui.pin("sampler", "negative", false));
  IM_CHECK(ui.linked("positive.conditioning", "sampler.negative"));
  IM_CHECK(!ui.linked("positive.conditioning", "sampler.positive"));
  IM_CHECK_EQ(ui.doc().position(), 1u);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Z);
  IM_CHECK(ui.linked("negative.conditioning", "sampler.negative"));
  ui.drag(ui.pin("sampler", "latent", false), ui.pin("sampler", "model", false));  // refused
  IM_CHECK(ui.linked("size.latent", "sampler.latent"));
}

void a_problem_in_a_definition_leads_into_it(Ui& ui) {
  Workflow workflow;
  workflow.subgraphs["upscale"].graph.add({.id = "lost", .type = "nobody.knows"});
  workflow.graph.add({.id = "twice", .type = "subgraph:upscale"});
  ui.open(workflow);
  for (int i = 0; i < 300 && ui.app.active()->open.problems.empty(); ++i) ui.wait(2);
  IM_CHECK(!ui.app.active()->open.problems.empty());
  ui.key(ImGuiKey_F8);
  ui.wait(6);
  IM_CHECK(ui.doc().path() == std::vector<std::string>{"twice"});
  IM_CHECK(ui.doc().selection().nodes == Ids{"lost"});
}

}  // namespace

std::vector<Test> file_tests() {
  return {
      {"files", "a_file_that_somebody_changed_is_loaded_as_a_step", a_file_that_somebody_changed_is_loaded_as_a_step},
      {"files", "a_file_that_somebody_changed_is_not_overwritten_unasked",
          a_file_that_somebody_changed_is_not_overwritten_unasked},
      {"files", "both_versions_of_a_file_can_be_had", both_versions_of_a_file_can_be_had},
      {"files", "the_language_is_changed", the_language_is_changed},
      {"files", "panels_keep_their_places", panels_keep_their_places},
      {"canvas", "views_are_gone_back_to", views_are_gone_back_to},
      {"canvas", "nodes_snap_to_the_grid_unless_that_is_off", nodes_snap_to_the_grid_unless_that_is_off},
      {"links", "a_link_is_pulled_off_its_input", a_link_is_pulled_off_its_input},
      {"links", "a_link_is_led_to_another_input_as_one_step", a_link_is_led_to_another_input_as_one_step},
      {"canvas", "a_problem_in_a_definition_leads_into_it", a_problem_in_a_definition_leads_into_it}};
}

}  // namespace weft::editor::test
