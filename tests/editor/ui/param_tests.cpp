// Fields of params, on nodes and in the inspector.
#include "editor/session/seeds.h"
#include "tests/editor/ui/ui.h"

namespace weft::editor::test {

namespace {

void zoom_to_sampler(Ui& ui) {
  ui.text_to_image();
  ui.canvas().look({{760, 280}, 1});
  ui.wait(6);
}

void a_number_is_dragged_on_the_node(Ui& ui) {
  zoom_to_sampler(ui);
  const ImVec2 at = ui.field("sampler", "steps");
  ui.drag(at, {at.x + 60, at.y});
  IM_CHECK_GT(ui.param("sampler", "steps").get<int>(), 20);
  IM_CHECK_EQ(ui.doc().position(), 1u);
}

/// A click, or a double click, begins the typing.
void a_number_is_typed_on_the_node(Ui& ui) {
  zoom_to_sampler(ui);
  const auto type = [&](const char* number) {
    ui.ctx.KeyPress(ImGuiMod_Ctrl | ImGuiKey_A);
    ui.choose(number);
  };
  ui.double_click(ui.field("sampler", "steps"));
  type("7");
  IM_CHECK_EQ(ui.param("sampler", "steps").get<int>(), 7);
  ui.click(ui.field("sampler", "cfg"));
  type("5.5");
  IM_CHECK_EQ(ui.param("sampler", "cfg").get<double>(), 5.5);
  IM_CHECK_EQ(ui.doc().position(), 2u);
}

void a_choice_is_made_by_typing(Ui& ui) {
  zoom_to_sampler(ui);
  ui.click(ui.field("sampler", "sampler"));
  ui.choose("euler_ancestral");
  IM_CHECK_STR_EQ(ui.param("sampler", "sampler").get<std::string>().c_str(), "euler_ancestral");
}

void a_choice_is_made_with_the_mouse(Ui& ui) {
  zoom_to_sampler(ui);
  ui.click(ui.field("sampler", "schedule"));
  ui.ctx.SetRef("//$FOCUSED");
  ui.ctx.ItemClick("**/simple");
  ui.wait();
  IM_CHECK_STR_EQ(ui.param("sampler", "schedule").get<std::string>().c_str(), "simple");
}

void text_is_typed_in_its_popup(Ui& ui) {
  ui.text_to_image();
  ui.click(ui.field("positive", "text"));
  ui.ctx.KeyPress(ImGuiMod_Ctrl | ImGuiKey_A);
  ui.type("a green kite");
  ui.click(ui.nothing());
  IM_CHECK_STR_EQ(ui.param("positive", "text").get<std::string>().c_str(), "a green kite");
  IM_CHECK_EQ(ui.doc().position(), 1u);  // not a step a letter
}

void chinese_text_is_pasted(Ui& ui) {
  ui.text_to_image();
  ImGui::SetClipboardText("\u7ea2\u8239");
  ui.click(ui.field("positive", "text"));
  ui.ctx.KeyPress(ImGuiMod_Ctrl | ImGuiKey_A);
  ui.ctx.KeyPress(ImGuiMod_Ctrl | ImGuiKey_V);
  ui.wait();
  ui.click(ui.nothing());
  IM_CHECK_STR_EQ(ui.param("positive", "text").get<std::string>().c_str(), "\u7ea2\u8239");
}

void dice_give_another_seed(Ui& ui) {
  zoom_to_sampler(ui);
  ImVec2 dice = ui.field("sampler", "seed");
  const NodeView* view = ui.canvas().model().find("sampler");  // gone with the next frame
  for (const ShownPort& port : view->layout.ports)
    if (port.info.name == "seed")
      dice.x = ui.canvas().to_screen({view->at.x + port.field_min.x + port.field_size.x - 10, 0}).x;
  ui.click(dice);
  IM_CHECK(ui.param("sampler", "seed").get<std::uint64_t>() != 1);
}

void the_inspector_sets_the_same_param(Ui& ui) {
  ui.text_to_image();
  ui.select("sampler");
  ui.ctx.ItemInputValue("//Inspector/**/##steps", 9);
  ui.wait();
  IM_CHECK_EQ(ui.param("sampler", "steps").get<int>(), 9);
}

void the_inspector_sets_how_seeds_change(Ui& ui) {
  ui.text_to_image();
  ui.select("sampler");
  ui.ctx.ItemClick("//Inspector/**/Random");
  ui.wait();
  IM_CHECK(runs::seed_mode(ui.graph().node("sampler"), "seed") == runs::SeedMode::Random);
}

void a_param_takes_its_default_again(Ui& ui) {
  ui.text_to_image();
  ui.select("size");
  ui.ctx.ItemClick("//Inspector/**/width/\uf2ea##reset");
  ui.wait();
  IM_CHECK(ui.param("size", "width").is_null());
}

void a_value_out_of_range_is_held_to_it(Ui& ui) {
  ui.text_to_image();
  ui.select("sampler");
  ui.ctx.ItemInputValue("//Inspector/**/##steps", -5);
  ui.wait();
  IM_CHECK_GE(ui.param("sampler", "steps").get<int>(), 1);
}

void a_param_is_shown_as_an_input(Ui& ui) {
  zoom_to_sampler(ui);
  ui.click(ui.pin("sampler", "steps", false), 1);
  ui.ctx.SetRef("//$FOCUSED");
  ui.ctx.ItemClick("Show as Input");
  ui.wait();
  IM_CHECK(node_ui(ui.graph().node("sampler")).shown_ports.contains("steps"));
  IM_CHECK_LT(ui.field("sampler", "steps").x, 0);
}

void the_inspector_shows_the_workflows_inputs(Ui& ui) {
  ui.text_to_image();
  ui.ctx.ItemInputValue("//Inspector/**/steps/##steps", 11);
  ui.wait();
  IM_CHECK_EQ(ui.param("sampler", "steps").get<int>(), 11);
}

}  // namespace

std::vector<Test> param_tests() {
  return {{"params", "a_number_is_dragged_on_the_node", a_number_is_dragged_on_the_node},
      {"params", "a_number_is_typed_on_the_node", a_number_is_typed_on_the_node},
      {"params", "a_choice_is_made_by_typing", a_choice_is_made_by_typing},
      {"params", "a_choice_is_made_with_the_mouse", a_choice_is_made_with_the_mouse},
      {"params", "text_is_typed_in_its_popup", text_is_typed_in_its_popup},
      {"params", "chinese_text_is_pasted", chinese_text_is_pasted},
      {"params", "dice_give_another_seed", dice_give_another_seed},
      {"params", "the_inspector_sets_the_same_param", the_inspector_sets_the_same_param},
      {"params", "the_inspector_sets_how_seeds_change", the_inspector_sets_how_seeds_change},
      {"params", "a_param_takes_its_default_again", a_param_takes_its_default_again},
      {"params", "a_value_out_of_range_is_held_to_it", a_value_out_of_range_is_held_to_it},
      {"params", "a_param_is_shown_as_an_input", a_param_is_shown_as_an_input},
      {"params", "the_inspector_shows_the_workflows_inputs", the_inspector_shows_the_workflows_inputs}};
}

}  // namespace weft::editor::test
