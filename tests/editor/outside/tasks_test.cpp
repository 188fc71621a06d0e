// What a new user sets out to do, with the mouse and the keyboard alone, and how many actions that takes: a click, a chord, a
// text that is typed and a drag are one each.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/editor/outside/driver.h"

namespace weft::editor::outside {
namespace {

/// The editor's hands, counted.
class Hands {
 public:
  explicit Hands(Editor& editor) : editor_(editor) {}
  void click(Place at) { ++actions, editor_.click(at); }
  void double_click(Place at) { ++actions, editor_.double_click(at); }
  void drag(Place from, Place to) { ++actions, editor_.drag(from, to); }
  void key(std::string_view chord) { ++actions, editor_.key(chord); }
  void type(std::string_view text) { ++actions, editor_.type(text); }

  int actions = 0;

 private:
  Editor& editor_;
};

void begin_with(Editor& editor, Hands& hands, const std::string& name) {
  hands.key("ctrl+shift+n");
  const Box card = editor.wait_for_item(name, "New from Template");
  editor.wait_until_still();
  hands.click(card.at(0.5, 0.4));
  editor.wait_for("the template", [&](const Shown& now) { return now.document("name") == name; });
  editor.wait_until_still();
}

/// "image-to-image_00001_.png ..." is told of when the job has ended.
void wait_for_picture(Editor& editor) {
  editor.wait_for("the end of the run", [](const Shown& now) { return now.json().value("toast", "").find(": done in") != std::string::npos; },
                  std::chrono::seconds(120));
}

TEST(Tasks, ImageToImageTakesEightActions) {
  Session session;
  Editor& editor = *session.editor;
  Hands hands(editor);
  begin_with(editor, hands, "image-to-image");
  hands.click(editor.shown().field("picture", "file").middle());
  editor.wait_for_item("##entry", "File dialog");
  editor.wait_until_still();
  hands.key("Return");  // the file that is there already; another one takes a double click
  editor.wait_until_still();
  hands.click(editor.shown().field("positive", "text").middle());
  editor.wait_until_still();
  hands.key("ctrl+a");
  hands.type("a green tree on the left in the snow at sunset");
  editor.wait_until_still();
  hands.key("ctrl+Return");
  wait_for_picture(editor);
  EXPECT_LE(hands.actions, 8);
  EXPECT_EQ(editor.shown().value("positive", "text"), "a green tree on the left in the snow at sunset");
}

TEST(Tasks, InpaintingTakesFiveActions) {
  Session session;
  Editor& editor = *session.editor;
  Hands hands(editor);
  begin_with(editor, hands, "inpainting");
  const std::string before = editor.shown().value("mask", "shapes").get<std::string>();
  hands.click(editor.shown().field("mask", "shapes").middle());
  const Box canvas = editor.wait_for_item("##canvas", "Edit on picture");
  editor.wait_until_still();
  hands.drag(canvas.at(0.4, 0.4), canvas.at(0.6, 0.7));
  editor.wait_for("the stroke", [&](const Shown& now) { return now.value("mask", "shapes") != before; });
  hands.key("ctrl+Return");
  wait_for_picture(editor);
  EXPECT_LE(hands.actions, 5);
}

}  // namespace
}  // namespace weft::editor::outside
