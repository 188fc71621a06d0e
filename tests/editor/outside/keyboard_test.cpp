// Comments, and the keyboard alone, from outside.
#include <gtest/gtest.h>

#include "tests/editor/outside/driver.h"

namespace weft::editor::outside {
namespace {

void empty_document(Editor& editor) {
  editor.key("ctrl+n");
  editor.wait_for("an empty document", [](const Shown& now) { return now.nodes().empty(); });
}

nlohmann::json note(const Shown& now) {
  const nlohmann::json notes = now.document("notes");
  return notes.is_array() && notes.size() == 1 ? notes.at(0) : nlohmann::json();
}
std::string note_text(const Shown& now) {
  return note(now).is_null() ? "none" : note(now).at("text").get<std::string>();
}
Box note_place(const Shown& now) {
  const nlohmann::json at = note(now).at("at");
  return {at.at(0), at.at(1), at.at(2), at.at(3)};
}
bool popup(const Shown& now) { return now.popup("##Popup"); }
bool no_popup(const Shown& now) { return now.json().at("popups").empty(); }

TEST(OutsideComments, AppearAtTheMouseAndAreTypedInto) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  const Place at = session.on_canvas(0.3, 0.4);
  editor.move(at);
  editor.key("shift+c");
  editor.type("mute b n");  // each of these letters is a command's key
  editor.wait_for("the text", [](const Shown& now) { return note_text(now) == "mute b n"; });
  const Box place = note_place(editor.wait_until_still());
  EXPECT_NEAR(place.x, at.x, 3);
  EXPECT_NEAR(place.y, at.y, 3);
  editor.key("Escape");
  editor.wait_for("no popup", no_popup);
  const Shown after = editor.wait_until_still();
  EXPECT_EQ(note_text(after), "mute b n");
  EXPECT_EQ(after.document("steps"), 2);  // not one a letter
}

TEST(OutsideComments, DoNotCoverANode) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  const std::string node = session.add_node(session.on_canvas(0.4, 0.4), "Empty Latent");
  const Box box = editor.wait_until_still().node(node);
  editor.move(box.middle());
  editor.key("shift+c");
  editor.wait_for("the popup", popup);
  editor.type("x");
  editor.wait_for("the comment", [](const Shown& now) { return note_text(now) == "x"; });
  const Box place = note_place(editor.shown());
  const bool apart = place.x >= box.x + box.width || place.x + place.width <= box.x || place.y >= box.y + box.height ||
      place.y + place.height <= box.y;
  EXPECT_TRUE(apart);
}

TEST(OutsideComments, AnEmptyOneGoes) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  editor.move(session.on_canvas(0.3, 0.4));
  editor.key("shift+c");
  editor.wait_for("the popup", popup);
  editor.key("Escape");
  editor.wait_for("no comment", [](const Shown& now) { return no_popup(now) && now.document("notes").empty(); });
}

TEST(OutsideComments, CtrlEnterEndsTheText) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  editor.move(session.on_canvas(0.3, 0.4));
  editor.key("shift+c");
  editor.type("one\ntwo");
  editor.key("ctrl+Return");
  editor.wait_for("no popup", no_popup);
  EXPECT_EQ(note_text(editor.wait_until_still()), "one\ntwo");
  editor.key("ctrl+z");
  editor.wait_for("the keyboard", [](const Shown& now) { return note_text(now) != "one\ntwo"; });
}

TEST(OutsideComments, ADoubleClickAndF2EditThem) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  editor.move(session.on_canvas(0.3, 0.4));
  editor.key("shift+c");
  editor.type("one");
  editor.key("Escape");
  editor.wait_for("the comment", [](const Shown& now) { return no_popup(now) && note_text(now) == "one"; });
  const Box place = note_place(editor.wait_until_still());
  editor.double_click(place.middle());
  editor.wait_for("the popup", popup);
  editor.key("ctrl+a");
  editor.type("two");
  editor.key("Escape");
  editor.wait_for("the other text", [](const Shown& now) { return no_popup(now) && note_text(now) == "two"; });
  editor.click(session.on_canvas(0.8, 0.8));
  editor.click(place.middle());
  editor.key("F2");
  editor.wait_for("the popup", popup);
  editor.key("ctrl+a");
  editor.type("three");
  editor.key("Escape");
  editor.wait_for("the third text", [](const Shown& now) { return no_popup(now) && note_text(now) == "three"; });
}

TEST(OutsideComments, ADoubleClickAndF2EditTheTitleOfAFrame) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  session.add_node(session.on_canvas(0.4, 0.4), "Empty Latent");
  editor.key("ctrl+j");
  editor.wait_for("the frame", [](const Shown& now) { return !note(now).is_null(); });
  const Box place = note_place(editor.wait_until_still());
  editor.double_click({place.x + place.width / 2, place.y + 12});
  editor.wait_for("the popup", popup);
  editor.key("ctrl+a");
  editor.type("size");
  editor.key("Return");
  editor.wait_for("the title", [](const Shown& now) { return no_popup(now) && note_text(now) == "size"; });
  editor.click(session.on_canvas(0.1, 0.9));
  editor.click({place.x + place.width / 2, place.y + 12});
  editor.key("F2");
  editor.wait_for("the popup", popup);
  editor.key("ctrl+a");
  editor.type("other");
  editor.key("Return");
  editor.wait_for("the other title", [](const Shown& now) { return no_popup(now) && note_text(now) == "other"; });
}

// The keyboard alone.

bool selected(const Shown& now, const std::string& node) { return now.node_json(node).at("selected") == true; }

TEST(OutsideKeyboard, ArrowsWalkFromNodeToNode) {
  Session session;
  Editor& editor = *session.editor;
  editor.click(editor.wait_until_still().node("sampler").at(0.5, 0.05));
  editor.wait_for("the sampler", [](const Shown& now) { return selected(now, "sampler"); });
  editor.key("Right");
  editor.wait_for("what is right of it", [](const Shown& now) { return selected(now, "decode"); });
  editor.key("Left");
  editor.wait_for(
      "the sampler again", [](const Shown& now) { return selected(now, "sampler") && !selected(now, "decode"); });
}

TEST(OutsideKeyboard, EscapeClosesAMenuAndLeavesTheSelection) {
  Session session;
  Editor& editor = *session.editor;
  editor.click(editor.shown().node("sampler").at(0.5, 0.03), Button::Right);
  editor.wait_for("the menu", popup);
  editor.key("Escape");
  editor.wait_for("no menu", no_popup);
  EXPECT_TRUE(editor.wait_until_still().node_json("sampler").at("selected"));
  editor.key("Escape");
  editor.wait_for("no selection", [](const Shown& now) { return !now.node_json("sampler").at("selected"); });
}

TEST(OutsideKeyboard, EnterGoesToTheParamsTabToTheNextAndEnterBack) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  const std::string node = session.add_node(session.on_canvas(0.4, 0.4), "Empty Latent");
  editor.key("Return");
  editor.wait_for("the field", [](const Shown& now) { return now.json().at("active") == "##width"; });
  editor.key("ctrl+a");
  editor.type("64*3");
  editor.key("Tab");
  editor.wait_for("the next field",
      [&](const Shown& now) { return now.json().at("active") == "##height" && now.value(node, "width") == 192; });
  editor.type("256");
  editor.key("Return");
  editor.wait_for("the canvas", [&](const Shown& now) {
    return now.value(node, "height") == 256 &&
        now.json().at("focus").get<std::string>().find("###document") != std::string::npos;
  });
  editor.key("m");  // a key of the canvas
  const int steps = 4;
  editor.wait_for("a step", [&](const Shown& now) { return now.document("steps") == steps; });
}

TEST(OutsideKeyboard, PanelsAreEnteredByKeysAndLeftByEscape) {
  Session session;
  Editor& editor = *session.editor;
  const auto focus = [](const Shown& now) { return now.json().at("focus").get<std::string>(); };
  for (const auto& [key, panel] :
      {std::pair{"alt+1", "Nodes"}, {"alt+2", "History"}, {"alt+3", "Inspector"}, {"alt+4", "Viewer"},
          {"alt+5", "Gallery"}, {"alt+6", "Queue"}, {"alt+7", "Problems"}, {"alt+8", "Timings"}, {"alt+9", "Log"}}) {
    editor.key(key);
    editor.wait_for(panel, [&, panel = panel](const Shown& now) { return focus(now) == panel; });
    editor.key("Escape");
    editor.wait_for(
        "the canvas", [&](const Shown& now) { return focus(now).find("###document") != std::string::npos; });
  }
}

TEST(OutsideKeyboard, ShiftClickAddsToTheSelection) {
  Session session;
  Editor& editor = *session.editor;
  const Shown shown = editor.wait_until_still();
  editor.click(shown.node("positive").at(0.5, 0.1));
  editor.key_down("shift");
  editor.click(shown.node("negative").at(0.5, 0.1));
  editor.key_up("shift");
  editor.wait_for("both", [](const Shown& now) { return selected(now, "positive") && selected(now, "negative"); });
}

TEST(OutsideKeyboard, OneValueForSeveralNodes) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  const std::string first = session.add_node(session.on_canvas(0.2, 0.3), "Empty Latent");
  const std::string second = session.add_node(session.on_canvas(0.6, 0.3), "Empty Latent");
  editor.key("ctrl+a");
  const int before = editor.wait_until_still().document("steps");
  editor.click(editor.wait_for_item("##width", "Inspector").at(0.6, 0.5));
  editor.key("ctrl+a");
  editor.type("320");
  editor.key("Return");
  const Shown after = editor.wait_for("both widths",
      [&](const Shown& now) { return now.value(first, "width") == 320 && now.value(second, "width") == 320; });
  EXPECT_EQ(after.document("steps"), before + 1);
}

}  // namespace
}  // namespace weft::editor::outside
