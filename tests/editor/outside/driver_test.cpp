// That the driver drives: a click, a key, a word and a drag arrive, and the end is seen.
#include <gtest/gtest.h>

#include "tests/editor/outside/driver.h"

namespace weft::editor::outside {
namespace {

TEST(OutsideDriver, AddsMovesAndUndoes) {
  Session session;
  Editor& editor = *session.editor;
  editor.key("ctrl+n");
  editor.wait_for(
      "an empty document", [](const Shown& now) { return now.nodes().empty() && now.document("name") == "Untitled"; });
  const std::string node = session.add_node(session.on_canvas(0.3, 0.3), "Empty Latent");
  const Box before = editor.wait_until_still().node(node);
  editor.drag(before.at(0.5, 0.05), {before.x + 200, before.y + 150});
  editor.wait_for(
      "the node where it was dragged to", [&](const Shown& now) { return now.node(node).x > before.x + 50; });
  editor.key("ctrl+z");
  editor.wait_for("the node where it was", [&](const Shown& now) { return now.node(node).x == before.x; });
  EXPECT_NE(editor.title().find("Untitled"), std::string::npos);
}

TEST(OutsideDriver, SeesTheEnd) {
  Session session;
  session.editor->key("ctrl+q");
  EXPECT_EQ(session.editor->wait_for_end(), 0) << session.editor->said();
}

}  // namespace
}  // namespace weft::editor::outside
