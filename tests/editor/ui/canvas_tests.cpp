// Moving, selecting, deleting, arranging: what is done to nodes on the canvas.
#include "editor/session/annotations.h"
#include "tests/editor/ui/ui.h"

namespace weft::editor::test {

namespace {

NodeUi look_of(Ui& ui, const std::string& node) { return node_ui(ui.graph().node(node)); }

void drags_a_node(Ui& ui) {
  ui.text_to_image();
  const Point before = look_of(ui, "size").at;
  const ImVec2 from = ui.title("size");
  ui.drag(from, {from.x + 80, from.y + 40});
  const Point after = look_of(ui, "size").at;
  IM_CHECK_GT(after.x, before.x + 40);
  IM_CHECK_GT(after.y, before.y + 20);
  IM_CHECK_EQ(ui.doc().position(), 1u);  // however many frames it took
}

void a_drag_is_undone_as_one_step(Ui& ui) {
  ui.text_to_image();
  const Workflow before = ui.doc().workflow();
  const ImVec2 from = ui.title("save");
  ui.drag(from, {from.x - 60, from.y + 90});
  IM_CHECK(!(ui.doc().workflow() == before));
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Z);
  IM_CHECK(ui.doc().workflow() == before);
}

void a_click_selects(Ui& ui) {
  ui.text_to_image();
  ui.select("sampler");
  IM_CHECK(ui.doc().selection().nodes == Ids{"sampler"});
  ui.select("decode");
  IM_CHECK(ui.doc().selection().nodes == Ids{"decode"});
}

void ctrl_click_adds_to_the_selection(Ui& ui) {
  ui.text_to_image();
  ui.select("sampler");
  ui.ctx.KeyDown(ImGuiMod_Ctrl);
  ui.select("decode");
  ui.ctx.KeyUp(ImGuiMod_Ctrl);
  IM_CHECK((ui.doc().selection().nodes == Ids{"decode", "sampler"}));
}

void a_click_on_nothing_deselects(Ui& ui) {
  ui.text_to_image();
  ui.select("sampler");
  ui.click(ui.nothing());
  IM_CHECK(ui.doc().selection().empty());
}

void a_box_selects(Ui& ui) {
  ui.text_to_image();
  const ImVec2 first = ui.title("decode"), last = ui.title("save");
  ui.drag({first.x - 70, first.y - 60}, {last.x + 60, last.y + 40});
  IM_CHECK((ui.doc().selection().nodes == Ids{"decode", "save"}));
}

void selected_nodes_move_together(Ui& ui) {
  ui.text_to_image();
  ui.doc().select({{"decode", "save"}, {}});
  ui.wait();
  const Point decode = look_of(ui, "decode").at, save = look_of(ui, "save").at;
  const ImVec2 from = ui.title("decode");
  ui.drag(from, {from.x + 30, from.y + 100});
  const Point by = look_of(ui, "decode").at - decode;
  IM_CHECK_GT(by.y, 50.0);
  IM_CHECK(look_of(ui, "save").at - save == by);
}

void delete_removes_what_is_selected(Ui& ui) {
  ui.text_to_image();
  ui.select("save");
  ui.key(ImGuiKey_Delete);
  IM_CHECK(!ui.graph().contains("save"));
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Z);
  IM_CHECK(ui.graph().contains("save"));
  IM_CHECK(ui.linked("decode.image", "save.image"));
}

void redo_takes_undo_back(Ui& ui) {
  ui.text_to_image();
  ui.select("save");
  ui.key(ImGuiKey_Delete);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Z);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_Y);
  IM_CHECK(!ui.graph().contains("save"));
}

void duplicate_copies_a_node_with_its_links(Ui& ui) {
  ui.text_to_image();
  ui.select("positive");
  ui.key(ImGuiMod_Ctrl | ImGuiKey_D);
  IM_CHECK_EQ(ui.graph().size(), 8u);
  const std::string copy = *ui.doc().selection().nodes.begin();
  IM_CHECK_STR_NE(copy.c_str(), "positive");
  IM_CHECK(ui.linked("checkpoint.clip", copy + ".clip"));
}

void copy_and_paste_go_through_the_clipboard(Ui& ui) {
  ui.text_to_image();
  ui.doc().select({{"positive", "sampler"}, {}});
  ui.wait();
  ui.key(ImGuiMod_Ctrl | ImGuiKey_C);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_V);
  IM_CHECK_EQ(ui.graph().size(), 9u);
  IM_CHECK(nlohmann::json::parse(ImGui::GetClipboardText()).contains("nodes"));
}

void cut_takes_nodes_away(Ui& ui) {
  ui.text_to_image();
  ui.select("save");
  ui.key(ImGuiMod_Ctrl | ImGuiKey_X);
  IM_CHECK_EQ(ui.graph().size(), 6u);
  ui.key(ImGuiMod_Ctrl | ImGuiKey_V);
  IM_CHECK_EQ(ui.graph().size(), 7u);
}

void h_collapses(Ui& ui) {
  ui.text_to_image();
  ui.select("sampler");
  ui.key(ImGuiKey_H);
  IM_CHECK(look_of(ui, "sampler").collapsed);
  IM_CHECK_EQ(ui.canvas().model().find("sampler")->layout.size.y, metric::kTitle);
  ui.key(ImGuiKey_H);
  IM_CHECK(!look_of(ui, "sampler").collapsed);
}

void f2_renames(Ui& ui) {
  ui.text_to_image();
  ui.select("sampler");
  ui.key(ImGuiKey_F2);
  ui.choose("Dreamer");
  IM_CHECK_STR_EQ(ui.graph().node("sampler").title.c_str(), "Dreamer");
}

void a_double_click_on_the_title_renames(Ui& ui) {
  ui.text_to_image();
  ui.double_click(ui.title("decode"));
  ui.choose("To pixels");
  IM_CHECK_STR_EQ(ui.graph().node("decode").title.c_str(), "To pixels");
}

void a_frames_the_whole_graph(Ui& ui) {
  ui.text_to_image();
  ui.canvas().set_zoom(3);
  ui.wait(6);
  IM_CHECK_GT(ui.canvas().zoom(), 2.5f);
  ui.key(ImGuiKey_A);
  ui.wait(6);
  const ImVec2 min = ui.canvas().screen_min(), max = ui.canvas().screen_max();
  for (const NodeView& node : ui.canvas().model().nodes) {
    const ImVec2 at = ui.title(node.id);
    IM_CHECK(at.x > min.x && at.y > min.y && at.x < max.x && at.y < max.y);
  }
}

void the_wheel_zooms_at_the_mouse(Ui& ui) {
  ui.text_to_image();
  const ImVec2 at = ui.nothing();
  const Point under = ui.canvas().to_canvas(at);
  const float before = ui.canvas().zoom();
  ui.ctx.MouseMoveToPos(at);
  ui.ctx.MouseWheelY(1);
  ui.wait(20);
  IM_CHECK_GT(ui.canvas().zoom(), before);
  IM_CHECK_LT(std::abs(ui.canvas().to_canvas(at).x - under.x), 3.0);
}

void the_right_button_pans(Ui& ui) {
  ui.text_to_image();
  const Point before = ui.canvas().centre();
  const ImVec2 from = ui.nothing();
  ui.drag(from, {from.x + 120, from.y - 60}, 1);
  IM_CHECK_LT(ui.canvas().centre().x, before.x - 50);
}

void the_middle_button_pans(Ui& ui) {
  ui.text_to_image();
  const Point before = ui.canvas().centre();
  const ImVec2 from = ui.nothing();
  ui.drag(from, {from.x + 120, from.y - 60}, 2);
  IM_CHECK_LT(ui.canvas().centre().x, before.x - 50);
}

void ctrl_j_frames_the_selection(Ui& ui) {
  ui.text_to_image();
  ui.doc().select({{"positive", "negative"}, {}});
  ui.wait();
  ui.key(ImGuiMod_Ctrl | ImGuiKey_J);
  const Annotations notes = annotations(ui.doc());
  IM_CHECK_EQ(notes.frames.size(), 1u);
  IM_CHECK_LT(notes.frames[0].area.at.x, look_of(ui, "positive").at.x);
}

void a_comment_is_made_and_typed(Ui& ui) {
  ui.empty();
  ui.click(ui.nothing(), 1);
  ui.ctx.SetRef("//$FOCUSED");
  ui.ctx.ItemClick("Add Comment");
  ui.wait(4);
  ui.type("mind the gap");
  const Annotations notes = annotations(ui.doc());
  IM_CHECK_EQ(notes.comments.size(), 1u);
  IM_CHECK_STR_EQ(notes.comments[0].text.c_str(), "mind the gap");
}

void arrange_puts_each_node_right_of_its_sources(Ui& ui) {
  ui.text_to_image();
  ui.key(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_L);
  for (const Link& link : links_of(ui.graph()))
    IM_CHECK_GT(look_of(ui, link.target.node).at.x, look_of(ui, link.source.node).at.x);
  IM_CHECK_EQ(ui.doc().position(), 1u);
}

void arrows_nudge_with_ctrl(Ui& ui) {
  ui.text_to_image();
  ui.select("save");
  const Point before = look_of(ui, "save").at;
  ui.key(ImGuiMod_Ctrl | ImGuiKey_RightArrow);
  IM_CHECK(look_of(ui, "save").at == (before + Point{16, 0}));
}

void tab_walks_through_the_nodes(Ui& ui) {
  ui.text_to_image();
  ui.key(ImGuiKey_Tab);
  IM_CHECK(ui.doc().selection().nodes == Ids{"checkpoint"});
  ui.key(ImGuiKey_Tab);
  IM_CHECK_EQ(ui.doc().selection().nodes.size(), 1u);
  IM_CHECK(ui.doc().selection().nodes != Ids{"checkpoint"});
}

void ctrl_a_selects_all(Ui& ui) {
  ui.text_to_image();
  ui.key(ImGuiMod_Ctrl | ImGuiKey_A);
  IM_CHECK_EQ(ui.doc().selection().nodes.size(), 7u);
}

void bookmarks_bring_the_view_back(Ui& ui) {
  ui.text_to_image();
  const Point there = ui.canvas().centre();
  ui.key(ImGuiMod_Ctrl | ImGuiKey_3);
  ui.canvas().look({{5000, 5000}, 1});
  ui.wait(6);
  ui.key(ImGuiKey_3);
  ui.wait(6);
  IM_CHECK_LT(std::abs(ui.canvas().centre().x - there.x), 2.0);
}

void m_mutes_and_b_bypasses(Ui& ui) {
  ui.text_to_image();
  ui.select("negative");
  ui.key(ImGuiKey_M);
  IM_CHECK(ui.graph().node("negative").state == NodeState::Muted);
  ui.key(ImGuiKey_B);
  IM_CHECK(ui.graph().node("negative").state == NodeState::Bypassed);
  ui.key(ImGuiKey_B);
  IM_CHECK(ui.graph().node("negative").state == NodeState::Active);
}

void a_subgraph_is_made_entered_and_left(Ui& ui) {
  ui.text_to_image();
  ui.doc().select({{"decode", "save"}, {}});
  ui.wait();
  ui.key(ImGuiMod_Ctrl | ImGuiKey_G);
  IM_CHECK_EQ(ui.graph().size(), 6u);
  const std::string instance = *ui.doc().selection().nodes.begin();
  ui.double_click(ui.title(instance));
  ui.wait(6);
  IM_CHECK_EQ(ui.doc().path().size(), 1u);
  IM_CHECK_EQ(ui.graph().size(), 2u);
  ui.key(ImGuiKey_U);
  IM_CHECK(ui.doc().path().empty());
  ui.key(ImGuiMod_Ctrl | ImGuiMod_Shift | ImGuiKey_G);
  IM_CHECK_EQ(ui.graph().size(), 7u);
}

void a_missing_type_is_shown_and_kept(Ui& ui) {
  Workflow workflow;
  workflow.graph.add({.id = "ghost", .type = "nobody.has_this", .inputs = {{"strength", Literal(2)}}});
  ui.open(workflow);
  IM_CHECK(ui.canvas().model().find("ghost")->type == nullptr);
  const ImVec2 from = ui.title("ghost");
  ui.drag(from, {from.x + 50, from.y + 30});
  IM_CHECK_EQ(ui.param("ghost", "strength").get<int>(), 2);
  for (int i = 0; i < 200 && ui.app.active()->open.problems.empty(); ++i) ui.wait(2);
  IM_CHECK(!ui.app.active()->open.problems.empty());
}

}  // namespace

std::vector<Test> canvas_tests() {
  return {{"canvas", "drags_a_node", drags_a_node},
      {"canvas", "a_drag_is_undone_as_one_step", a_drag_is_undone_as_one_step},
      {"canvas", "a_click_selects", a_click_selects},
      {"canvas", "ctrl_click_adds_to_the_selection", ctrl_click_adds_to_the_selection},
      {"canvas", "a_click_on_nothing_deselects", a_click_on_nothing_deselects},
      {"canvas", "a_box_selects", a_box_selects},
      {"canvas", "selected_nodes_move_together", selected_nodes_move_together},
      {"canvas", "delete_removes_what_is_selected", delete_removes_what_is_selected},
      {"canvas", "redo_takes_undo_back", redo_takes_undo_back},
      {"canvas", "duplicate_copies_a_node_with_its_links", duplicate_copies_a_node_with_its_links},
      {"canvas", "copy_and_paste_go_through_the_clipboard", copy_and_paste_go_through_the_clipboard},
      {"canvas", "cut_takes_nodes_away", cut_takes_nodes_away}, {"canvas", "h_collapses", h_collapses},
      {"canvas", "f2_renames", f2_renames},
      {"canvas", "a_double_click_on_the_title_renames", a_double_click_on_the_title_renames},
      {"canvas", "a_frames_the_whole_graph", a_frames_the_whole_graph},
      {"canvas", "the_wheel_zooms_at_the_mouse", the_wheel_zooms_at_the_mouse},
      {"canvas", "the_right_button_pans", the_right_button_pans},
      {"canvas", "the_middle_button_pans", the_middle_button_pans},
      {"canvas", "ctrl_j_frames_the_selection", ctrl_j_frames_the_selection},
      {"canvas", "a_comment_is_made_and_typed", a_comment_is_made_and_typed},
      {"canvas", "arrange_puts_each_node_right_of_its_sources", arrange_puts_each_node_right_of_its_sources},
      {"canvas", "arrows_nudge_with_ctrl", arrows_nudge_with_ctrl},
      {"canvas", "tab_walks_through_the_nodes", tab_walks_through_the_nodes},
      {"canvas", "ctrl_a_selects_all", ctrl_a_selects_all},
      {"canvas", "bookmarks_bring_the_view_back", bookmarks_bring_the_view_back},
      {"canvas", "m_mutes_and_b_bypasses", m_mutes_and_b_bypasses},
      {"canvas", "a_subgraph_is_made_entered_and_left", a_subgraph_is_made_entered_and_left},
      {"canvas", "a_missing_type_is_shown_and_kept", a_missing_type_is_shown_and_kept}};
}

}  // namespace weft::editor::test
