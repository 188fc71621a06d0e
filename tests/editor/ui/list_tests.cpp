// The palettes: nodes, commands, nodes of the graph.
#include "tests/editor/ui/ui.h"

namespace weft::editor::test {

namespace {

void space_opens_the_palette_and_enter_adds(Ui& ui) {
  ui.empty();
  ui.key(ImGuiKey_Space);
  IM_CHECK(ui.app.panels.search.open);
  ui.choose("vae decode");
  IM_CHECK_STR_EQ(ui.graph().node("decode").type.c_str(), "vae.decode");
  IM_CHECK(!ui.app.panels.search.open);
}

void a_double_click_opens_the_palette_there(Ui& ui) {
  ui.empty();
  const ImVec2 place{ui.canvas().screen_min().x + 300, ui.canvas().screen_min().y + 200};
  const Point wanted = ui.canvas().to_canvas(place);
  ui.double_click(place);
  ui.choose("save image");
  const Point at = node_ui(ui.graph().node("save")).at;
  IM_CHECK_LT(std::abs(at.x - wanted.x), 4.0);
  IM_CHECK_LT(std::abs(at.y - wanted.y), 4.0);
}

void escape_closes_the_palette(Ui& ui) {
  ui.empty();
  ui.key(ImGuiKey_Space);
  ui.key(ImGuiKey_Escape);
  IM_CHECK(!ui.app.panels.search.open);
  IM_CHECK_EQ(ui.graph().size(), 0u);
}

void letters_of_a_name_are_enough(Ui& ui) {
  ui.empty();
  ui.key(ImGuiKey_Space);
  ui.choose("ksamp");
  IM_CHECK_STR_EQ(ui.graph().nodes().front()->type.c_str(), "sample.ksampler");
}

void arrows_choose_another(Ui& ui) {
  ui.empty();
  ui.key(ImGuiKey_Space);
  ui.type("resize");
  ui.key(ImGuiKey_DownArrow);
  IM_CHECK_EQ(ui.app.panels.search.chosen, 1);
  ui.key(ImGuiKey_Enter);
  IM_CHECK_EQ(ui.graph().size(), 1u);
}

void an_entry_is_clicked(Ui& ui) {
  ui.empty();
  ui.key(ImGuiKey_Space);
  ui.type("preview image");
  ui.ctx.SetRef("//$FOCUSED");
  ui.ctx.ItemClick("**/##Preview Image");
  ui.wait();
  IM_CHECK_EQ(ui.graph().size(), 1u);
}

void every_command_is_found_by_name(Ui& ui) {
  ui.text_to_image();
  ui.key(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_P);
  ui.choose("select all");
  IM_CHECK_EQ(ui.doc().selection().nodes.size(), 7u);
}

void ctrl_f_finds_a_node(Ui& ui) {
  ui.text_to_image();
  ui.key(ImGuiMod_Ctrl | ImGuiKey_F);
  ui.choose("decode");
  IM_CHECK(ui.doc().selection().nodes == Ids{"decode"});
}

void c_connects_by_name(Ui& ui) {
  ui.text_to_image();
  ui.select("sampler");
  ui.key(ImGuiKey_C);
  ui.choose("positive negative.conditioning");
  IM_CHECK(ui.linked("negative.conditioning", "sampler.positive"));
}

void what_is_used_often_comes_first(Ui& ui) {
  ui.empty();
  ui.key(ImGuiKey_Space);
  ui.choose("image grid");
  ui.key(ImGuiKey_Space);
  ui.wait(3);
  const SearchList& list = ui.app.panels.search;
  IM_CHECK_STR_EQ(list.entries[list.hits[0].index].title.c_str(), "Image Grid");
  ui.key(ImGuiKey_Escape);
}

void the_library_adds_by_double_click(Ui& ui) {
  ui.empty();
  ui.ctx.ItemDoubleClick(ui.in_library("Load Checkpoint").c_str());
  ui.wait();
  IM_CHECK(ui.graph().contains("load"));
}

void a_node_is_dragged_from_the_library(Ui& ui) {
  ui.empty();
  const ImGuiTestItemInfo item = ui.ctx.ItemInfo(ui.in_library("Encode Text").c_str());
  const ImVec2 to{ui.canvas().screen_min().x + 260, ui.canvas().screen_min().y + 180};
  ui.drag(item.RectClipped.GetCenter(), to);
  IM_CHECK(ui.graph().contains("encode"));
  const Point wanted = ui.canvas().to_canvas(to);
  IM_CHECK_LT(std::abs(node_ui(ui.graph().node("encode")).at.x - wanted.x), 4.0);
}

void the_library_is_searched(Ui& ui) {
  ui.empty();
  ui.ctx.ItemInputValue("//Nodes/##query", "feather");
  ui.wait(3);
  IM_CHECK(ui.ctx.ItemExists("//Nodes/**/Feather Mask"));
  IM_CHECK(!ui.ctx.ItemExists("//Nodes/**/Load Checkpoint"));
}

}  // namespace

std::vector<Test> list_tests() {
  return {{"lists", "space_opens_the_palette_and_enter_adds", space_opens_the_palette_and_enter_adds},
      {"lists", "a_double_click_opens_the_palette_there", a_double_click_opens_the_palette_there},
      {"lists", "escape_closes_the_palette", escape_closes_the_palette},
      {"lists", "letters_of_a_name_are_enough", letters_of_a_name_are_enough},
      {"lists", "arrows_choose_another", arrows_choose_another}, {"lists", "an_entry_is_clicked", an_entry_is_clicked},
      {"lists", "every_command_is_found_by_name", every_command_is_found_by_name},
      {"lists", "ctrl_f_finds_a_node", ctrl_f_finds_a_node}, {"lists", "c_connects_by_name", c_connects_by_name},
      {"lists", "what_is_used_often_comes_first", what_is_used_often_comes_first},
      {"lists", "the_library_adds_by_double_click", the_library_adds_by_double_click},
      {"lists", "a_node_is_dragged_from_the_library", a_node_is_dragged_from_the_library},
      {"lists", "the_library_is_searched", the_library_is_searched}};
}

}  // namespace weft::editor::test
