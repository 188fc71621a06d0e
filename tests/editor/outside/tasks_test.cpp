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
  editor.wait_for(
      "the end of the run",
      [](const Shown& now) { return now.json().value("toast", "").find(": done in") != std::string::npos; },
      std::chrono::seconds(120));
}

/// The entry of the open search list that Enter would choose: they begin with "##".
std::string first_entry(const Shown& now) {
  std::string first;
  double top = 1e9;
  for (const nlohmann::json& item : now.json().at("items")) {
    const std::string label = item.at("label");
    if (item.at("window").get<std::string>().find("##Popup") == std::string::npos || label == "##query") continue;
    if (label.starts_with("##") && !label.starts_with("##Popup") && item.at("at")[1].get<double>() < top)
      first = label.substr(2), top = item.at("at")[1];
  }
  return first;
}

/// Chooses from the node search that was opened, by Enter if the right one comes first.
std::string choose(Editor& editor, Hands& hands, const std::string& title, const std::string& type) {
  editor.wait_for("the search", [](const Shown& now) { return now.json().value("active", "") == "##query"; });
  const std::size_t before = editor.wait_until_still().nodes().size();
  if (first_entry(editor.shown()) != title) {
    hands.type(title);
    editor.wait_for("the node's title", [&](const Shown& now) { return first_entry(now) == title; });
  }
  hands.key("Return");
  editor.wait_for(
      "the new node", [&](const Shown& now) { return now.nodes().size() > before && !now.node_of_type(type).empty(); });
  return editor.wait_until_still().node_of_type(type);
}

/// Drags a link from a pin to an empty place, and chooses the node that comes there.
std::string grow(Editor& editor, Hands& hands, const std::string& node, const std::string& port, bool output, Place to,
    const std::string& title, const std::string& type) {
  hands.drag(editor.wait_until_still().pin(node, port, output), to);
  return choose(editor, hands, title, type);
}

TEST(Tasks, TextToImageFromNothingTakesTwentyActions) {
  Session session;
  Editor& editor = *session.editor;
  editor.key("ctrl+n");
  editor.wait_for("an empty document", [](const Shown& now) { return now.document("name") == "Untitled"; });
  editor.wait_until_still();
  Hands hands(editor);
  editor.move(session.on_canvas(0.03, 0.3));
  hands.key("space");
  const std::string load = choose(editor, hands, "Load Checkpoint", "checkpoint.load");
  EXPECT_EQ(editor.shown().value(load, "name"), "paper-cut");
  const std::string prompt =
      grow(editor, hands, load, "clip", true, session.on_canvas(0.25, 0.1), "Encode Text", "text.encode");
  const std::string sampler =
      grow(editor, hands, prompt, "conditioning", true, session.on_canvas(0.5, 0.3), "KSampler", "sample.ksampler");
  grow(editor, hands, sampler, "negative", false, session.on_canvas(0.47, 0.65), "Encode Text", "text.encode");
  const std::string size =
      grow(editor, hands, sampler, "latent", false, session.on_canvas(0.47, 0.9), "Empty Latent", "latent.empty");
  EXPECT_EQ(editor.shown().value(size, "width"), 128);
  const std::string decode =
      grow(editor, hands, sampler, "latent", true, session.on_canvas(0.74, 0.06), "VAE Decode", "vae.decode");
  grow(editor, hands, decode, "image", true, session.on_canvas(0.76, 0.4), "Save Image", "image.save");
  hands.click(editor.shown().field(prompt, "text").middle());
  editor.wait_until_still();
  hands.type("a red boat on the sea at sunset");
  hands.key("ctrl+Return");
  wait_for_picture(editor);
  std::printf("text to image from nothing: %d actions\n", hands.actions);
  EXPECT_LE(hands.actions, 20);
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

TEST(Tasks, ATableOfTheTemplateTakesThreeActions) {
  Session session;
  Editor& editor = *session.editor;
  Hands hands(editor);
  begin_with(editor, hands, "sweep");
  EXPECT_TRUE(editor.shown().find("\uf00a  Sweep: 6"));
  hands.key("shift+F5");
  wait_for_picture(editor);
  EXPECT_LE(hands.actions, 3);
  EXPECT_EQ(editor.shown().json().value("toast", "").find("failed"), std::string::npos);
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
