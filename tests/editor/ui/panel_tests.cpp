// Panels, files, tabs and settings.
#include <fstream>

#include "editor/session/gestures.h"
#include "tests/editor/ui/ui.h"

namespace weft::editor::test {

namespace {

namespace fs = std::filesystem;

void a_step_in_the_history_is_gone_back_to(Ui& ui) {
  ui.text_to_image();
  ui.select("save");
  ui.key(ImGuiKey_Delete);
  ui.select("decode");
  ui.key(ImGuiKey_Delete);
  ui.ctx.WindowFocus("//History");
  ui.ctx.ItemClick("//History/$$0/Opened");
  ui.wait();
  IM_CHECK_EQ(ui.graph().size(), 7u);
  IM_CHECK_EQ(ui.doc().position(), 0u);
  ui.ctx.WindowFocus("//Nodes");
}

void a_problem_leads_to_its_node(Ui& ui) {
  ui.text_to_image();
  ui.click(ui.link("decode.image", "save.image"));
  ui.key(ImGuiKey_Delete);
  for (int i = 0; i < 300 && ui.app.active()->open.problems.empty(); ++i) ui.wait(2);
  IM_CHECK(!ui.app.active()->open.problems.empty());
  ui.doc().select({});
  ui.key(ImGuiKey_F8);
  IM_CHECK(ui.doc().selection().nodes == Ids{"save"});
}

void a_workflow_is_saved_and_opened(Ui& ui) {
  ui.text_to_image();
  const fs::path file = ui.scratch / "saved.json";
  fs::remove(file);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_S);
  IM_CHECK(ui.app.file_dialog.is_open());
  ui.ctx.SetRef("//$FOCUSED");
  ui.ctx.ItemInputValue("##folder", ui.scratch.c_str());
  ui.ctx.ItemInputValue("##name", "saved");
  ui.wait(4);
  if (ui.app.file_dialog.is_open()) ui.ctx.ItemClick("Save##accept");
  ui.wait(4);
  IM_CHECK(fs::exists(file));
  IM_CHECK(!ui.doc().dirty());
  IM_CHECK(load_workflow(file) == ui.doc().workflow());
}

void a_workflow_that_is_open_is_not_opened_twice(Ui& ui) {
  ui.empty();
  const fs::path file = fs::path(WEFT_SOURCE_DIR) / "workflows/text-to-image.json";
  ui.app.open(file);
  ui.app.open(file);
  ui.wait();
  IM_CHECK_EQ(ui.app.tabs.size(), 2u);
}

void templates_are_offered_where_nothing_is_open(Ui& ui) {
  ui.empty();
  ui.app.close_now(*ui.app.tabs.front());
  ui.wait(4);
  ui.ctx.ItemClick("//##start/01-forward-diffusion");
  ui.wait(6);
  IM_CHECK_EQ(ui.app.tabs.size(), 1u);
  IM_CHECK_STR_EQ(ui.doc().name().c_str(), "01-forward-diffusion");
  IM_CHECK(ui.doc().file().empty());  // a copy: saving asks for a name
  ui.app.close_now(*ui.app.tabs.front());
  ui.wait(4);
  ui.ctx.ItemClick("//##start/New");
  ui.wait(4);
  IM_CHECK(ui.app.tabs.size() == 1 && ui.graph().size() == 0);
}

void a_file_that_cannot_be_opened_is_told_of_in_the_middle(Ui& ui) {
  ui.empty();
  ui.app.close_now(*ui.app.tabs.front());
  const fs::path file = ui.scratch / "torn.json";
  std::ofstream(file) << "{\"weft\": 1";
  IM_CHECK(!ui.app.open(file));
  ui.wait(4);
  const ImGuiWindow* start = ui.ctx.WindowInfo("//##start").Window;
  IM_CHECK(start && start->Active);
  IM_CHECK(ui.app.tabs.empty());
  ui.app.new_document();
  ui.wait(4);
}

void a_workflow_of_comfyui_is_opened(Ui& ui) {
  ui.empty();
  const fs::path file = ui.scratch / "comfy.json";
  std::ofstream(file) << R"({"3": {"class_type": "KSampler", "inputs": {"seed": 7, "latent_image": ["5", 0]}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 640}}})";
  IM_CHECK(ui.app.open(file));
  ui.wait(6);
  IM_CHECK(ui.doc().file().empty());  // saving would write over ComfyUI's
  IM_CHECK(ui.linked("5.latent", "3.latent"));
  IM_CHECK_EQ(ui.param("5", "width").get<int>(), 640);
  IM_CHECK(ui.title("5").x < ui.title("3").x);  // the file says nothing of places
}

void tabs_keep_apart(Ui& ui) {
  ui.text_to_image();
  ui.key(ImGuiMod_Ctrl | ImGuiKey_N);
  ui.wait(4);
  IM_CHECK_EQ(ui.app.tabs.size(), 2u);
  ui.key(ImGuiKey_Space);
  ui.choose("vae decode");
  IM_CHECK_EQ(ui.app.tabs[0]->document->graph().size(), 7u);
  IM_CHECK_EQ(ui.app.tabs[1]->document->graph().size(), 1u);
}

void closing_asks_for_what_is_not_saved(Ui& ui) {
  ui.text_to_image();
  ui.select("save");
  ui.key(ImGuiKey_Delete);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_W);
  ui.wait(4);
  IM_CHECK_EQ(ui.app.tabs.size(), 1u);
  ui.ctx.ItemClick("//Close?/Cancel");
  ui.wait();
  IM_CHECK_EQ(ui.app.tabs.size(), 1u);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_W);
  ui.wait(4);
  ui.ctx.ItemClick("//Close?/Do Not Save");
  ui.wait();
  IM_CHECK(ui.app.tabs.empty());
}

void a_damaged_file_is_refused_with_a_reason(Ui& ui) {
  ui.empty();
  const fs::path file = ui.scratch / "damaged.json";
  std::ofstream(file) << "{\"weft\": 1, \"nodes\": ";
  ui.app.open(file);
  ui.wait();
  IM_CHECK_EQ(ui.app.tabs.size(), 1u);
  IM_CHECK(ui.app.log.back().kind == LogLine::Kind::Error);
}

void a_picture_without_a_workflow_is_refused(Ui& ui) {
  ui.empty();
  ui.app.open(fs::path(WEFT_SOURCE_DIR) / "docs/screenshots/done.png");
  ui.wait();
  IM_CHECK_EQ(ui.app.tabs.size(), 1u);
  IM_CHECK(ui.app.log.back().kind == LogLine::Kind::Error);
  IM_CHECK(ui.app.log.back().text.find("holds no workflow") != std::string::npos);
}

void the_theme_is_changed(Ui& ui) {
  ui.text_to_image();
  ui.key(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_P);
  ui.choose("light or dark");
  IM_CHECK(!ui.app.theme.dark);
  ui.app.commands.run("view.theme");
  ui.wait();
  IM_CHECK(ui.app.theme.dark);
}

void the_interface_is_scaled(Ui& ui) {
  ui.text_to_image();
  const float before = ImGui::GetStyle().FontScaleMain;
  ui.key(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_Equal);
  IM_CHECK_GT(ImGui::GetStyle().FontScaleMain, before);
}

/// Opens the menu at the end of a row of the inspector.
void open_row_menu(Ui& ui, const std::string& list, const std::string& name) {
  ui.ctx.ItemClick(("//Inspector/" + list + "/" + name + "/\uf142##more").c_str());
  ui.wait();
}

void names_for_callers_are_edited(Ui& ui) {
  ui.text_to_image();
  const auto& inputs = [&]() -> const auto& { return ui.doc().workflow().interface.inputs; };
  open_row_menu(ui, "Inputs of the workflow", "seed");
  ui.ctx.ItemInputValue("//$FOCUSED/##name", "number");
  ui.wait();
  IM_CHECK(inputs().contains("number") && !inputs().contains("seed"));
  open_row_menu(ui, "Inputs of the workflow", "number");
  ui.ctx.ItemClick("//$FOCUSED/Remove");
  ui.wait();
  IM_CHECK(!inputs().contains("number"));
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Z);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Z);
  IM_CHECK(inputs().contains("seed"));
  open_row_menu(ui, "Outputs of the workflow", "picture");
  ui.ctx.ItemClick("//$FOCUSED/Show Node");
  ui.wait();
  IM_CHECK(ui.doc().selection().nodes == Ids{"save"});
}

void ports_of_a_subgraph_are_edited(Ui& ui) {
  ui.text_to_image();
  ui.doc().select({{"decode", "save"}, {}});
  ui.wait();
  ui.key(ImGuiMod_Ctrl | ImGuiKey_G);
  const std::string instance = *ui.doc().selection().nodes.begin();
  ui.key(ImGuiKey_Enter);
  ui.wait(4);
  ui.doc().select({});
  ui.wait(4);
  open_row_menu(ui, "Inputs of the subgraph", "vae");
  ui.ctx.ItemInputValue("//$FOCUSED/##name", "autoencoder");
  ui.wait();
  IM_CHECK(ui.doc().workflow().graph.node(instance).inputs.contains("autoencoder"));
  const auto first = [&] { return ui.doc().workflow().subgraphs.at("Subgraph").interface.inputs.front().name; };
  const std::string before = first();
  open_row_menu(ui, "Inputs of the subgraph", before);
  ui.ctx.ItemClick("//$FOCUSED/Move Down");
  ui.wait();
  IM_CHECK(first() != before);
}

void subgraphs_are_renamed_and_used_again(Ui& ui) {
  ui.text_to_image();
  ui.doc().select({{"decode", "save"}, {}});
  ui.wait();
  ui.key(ImGuiMod_Ctrl | ImGuiKey_G);
  ui.doc().select({});
  ui.wait(4);
  ui.ctx.ItemClick("//Inspector/Subgraph/\uf142##more");
  ui.wait();
  ui.ctx.ItemInputValue("//$FOCUSED/##name", "Finish");
  ui.wait(4);
  IM_CHECK(ui.doc().workflow().subgraphs.contains("Finish"));
  ui.ctx.ItemClick("//Inspector/Finish/\uf142##more");
  ui.wait();
  ui.ctx.ItemClick("//$FOCUSED/Add to the Graph");
  ui.wait();
  IM_CHECK_EQ(count_instances(ui.doc().workflow(), "Finish"), 2u);
}

void about_tells_version_and_plugins(Ui& ui) {
  ui.empty();
  ui.app.commands.run("help.about");
  ui.wait(4);
  ui.ctx.ItemClick("//About Weft/Copy");
  const std::string text = ImGui::GetClipboardText();
  IM_CHECK(text.starts_with("Version: "));
  IM_CHECK(text.find("weft.latent") != std::string::npos);
  IM_CHECK(text.find(ui.app.options.settings_file.string()) != std::string::npos);
  ui.ctx.ItemClick("//About Weft/Close");
  ui.wait(3);
  IM_CHECK(!ui.app.panels.about);
}

void the_keys_are_a_page_of_their_own(Ui& ui) {
  ui.empty();
  ui.app.commands.run("help.keys");
  ui.wait(6);
  IM_CHECK(ui.ctx.ItemExists("//Settings/**/##query"));
  ui.key(ImGuiKey_Escape);
}

void a_key_is_changed(Ui& ui) {
  ui.text_to_image();
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Comma);
  IM_CHECK(ui.app.panels.settings.open);
  ui.ctx.ItemClick("//Settings/pages/Keys");
  ui.wait();
  ui.app.panels.settings.recording = "select.all";
  ui.key(ImGuiMod_Ctrl | ImGuiMod_Alt | ImGuiKey_K);
  IM_CHECK_STR_EQ(ui.app.commands.keys_text("select.all").c_str(), "Ctrl+Alt+K");
  ui.ctx.ItemClick("//Settings/Close");
  ui.wait(4);
  ui.key(ImGuiMod_Ctrl | ImGuiMod_Alt | ImGuiKey_K);
  IM_CHECK_EQ(ui.doc().selection().nodes.size(), 7u);
  ui.app.commands.reset_keys("select.all");
}

void settings_are_kept_in_a_file(Ui& ui) {
  ui.text_to_image();
  ui.app.commands.run("view.heat");
  for (int i = 0; i < 200; ++i) {
    ui.wait(2);
    if (load_settings(ui.app.options.settings_file).settings.heat) break;
  }
  IM_CHECK(load_settings(ui.app.options.settings_file).settings.heat);
}

void the_menu_runs_commands(Ui& ui) {
  ui.text_to_image();
  ui.ctx.MenuClick("//##MainMenuBar/Select/Select All");
  ui.wait();
  IM_CHECK_EQ(ui.doc().selection().nodes.size(), 7u);
}

void ten_thousand_nodes_open(Ui& ui) {
  Workflow large;
  std::vector<GraphNode> nodes;
  for (int i = 0; i < 10000; ++i)
    nodes.push_back(
        {.id = "n" + std::to_string(i), .type = "vae.decode", .ui = {{"x", i % 100 * 300}, {"y", i / 100 * 200}}});
  large.graph.add_all(nodes);
  ui.open(large);
  IM_CHECK_EQ(ui.canvas().model().nodes.size(), 10000u);
}

/// The language is chosen as in the settings.
void speak(Ui& ui, const char* language) {
  ui.app.settings.language = language;
  ui.app.look_changed = true;
  ui.wait(4);
}

void another_language_is_shown_at_once(Ui& ui) {
  ui.text_to_image();
  const NodeView* sampler = ui.canvas().model().find("sampler");
  IM_CHECK_STR_EQ(sampler->layout.title.c_str(), "KSampler");
  speak(ui, "zh_CN");
  sampler = ui.canvas().model().find("sampler");
  IM_CHECK_STR_EQ(sampler->layout.title.c_str(), "K 采样器");
  IM_CHECK(ui.app.fonts.shows("K 采样器"));
  const ImFont* chinese = ui.app.fonts.regular;
  speak(ui, "ja");
  IM_CHECK(ui.app.fonts.shows("サンプラー"));
  IM_CHECK(ui.app.fonts.regular != chinese);  // characters of both have shapes of their own
  IM_CHECK(ImGui::GetIO().FontDefault == ui.app.fonts.regular);
  speak(ui, "zh_CN");
  IM_CHECK(ui.app.fonts.regular == chinese);
}

void a_node_is_found_by_its_name_in_both_languages(Ui& ui) {
  ui.empty();
  speak(ui, "zh_CN");
  for (const char* query : {"图像网格", "image grid"}) {
    ui.focus_canvas();
    ui.key(ImGuiKey_Space);
    ui.choose(query);
  }
  IM_CHECK_EQ(ui.graph().nodes().size(), 2u);
  for (const GraphNode* node : ui.graph().nodes()) IM_CHECK_STR_EQ(node->type.c_str(), "image.grid");
}

}  // namespace

std::vector<Test> panel_tests() {
  return {{"panels", "a_step_in_the_history_is_gone_back_to", a_step_in_the_history_is_gone_back_to},
      {"panels", "a_problem_leads_to_its_node", a_problem_leads_to_its_node},
      {"panels", "another_language_is_shown_at_once", another_language_is_shown_at_once},
      {"panels", "a_node_is_found_by_its_name_in_both_languages", a_node_is_found_by_its_name_in_both_languages},
      {"panels", "a_workflow_is_saved_and_opened", a_workflow_is_saved_and_opened},
      {"panels", "a_workflow_that_is_open_is_not_opened_twice", a_workflow_that_is_open_is_not_opened_twice},
      {"panels", "templates_are_offered_where_nothing_is_open", templates_are_offered_where_nothing_is_open},
      {"panels", "a_file_that_cannot_be_opened_is_told_of_in_the_middle",
          a_file_that_cannot_be_opened_is_told_of_in_the_middle},
      {"panels", "a_workflow_of_comfyui_is_opened", a_workflow_of_comfyui_is_opened},
      {"panels", "tabs_keep_apart", tabs_keep_apart},
      {"panels", "closing_asks_for_what_is_not_saved", closing_asks_for_what_is_not_saved},
      {"panels", "a_damaged_file_is_refused_with_a_reason", a_damaged_file_is_refused_with_a_reason},
      {"panels", "a_picture_without_a_workflow_is_refused", a_picture_without_a_workflow_is_refused},
      {"panels", "the_theme_is_changed", the_theme_is_changed},
      {"panels", "the_interface_is_scaled", the_interface_is_scaled},
      {"panels", "names_for_callers_are_edited", names_for_callers_are_edited},
      {"panels", "ports_of_a_subgraph_are_edited", ports_of_a_subgraph_are_edited},
      {"panels", "subgraphs_are_renamed_and_used_again", subgraphs_are_renamed_and_used_again},
      {"panels", "about_tells_version_and_plugins", about_tells_version_and_plugins},
      {"panels", "the_keys_are_a_page_of_their_own", the_keys_are_a_page_of_their_own},
      {"panels", "a_key_is_changed", a_key_is_changed},
      {"panels", "settings_are_kept_in_a_file", settings_are_kept_in_a_file},
      {"panels", "the_menu_runs_commands", the_menu_runs_commands},
      {"panels", "ten_thousand_nodes_open", ten_thousand_nodes_open}};
}

}  // namespace weft::editor::test
