// The canvas: where new nodes go, what is seen after a fit or an undo, what is marked and told as wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "tests/editor/outside/driver.h"

namespace weft::editor::outside {
namespace {

using Json = nlohmann::json;

bool overlap(const Box& a, const Box& b) {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

/// The ids of two nodes of which one lies on the other; empty: there are none.
std::string covered(const Shown& shown) {
  const std::vector<std::string> nodes = shown.nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i)
    for (std::size_t k = i + 1; k < nodes.size(); ++k)
      if (overlap(shown.node(nodes[i]), shown.node(nodes[k]))) return nodes[i] + ", " + nodes[k];
  return {};
}

Box canvas_of(const Shown& shown) {
  const Json at = shown.document("canvas");
  return {at[0], at[1], at[2], at[3]};
}

bool in(const Box& inner, const Box& outer) {
  return inner.x >= outer.x && inner.y >= outer.y && inner.x + inner.width <= outer.x + outer.width &&
      inner.y + inner.height <= outer.y + outer.height;
}

std::size_t seen(const Shown& shown) {
  const Box canvas = canvas_of(shown);
  return static_cast<std::size_t>(
      std::ranges::count_if(shown.nodes(), [&](const std::string& id) { return overlap(shown.node(id), canvas); }));
}

Json node(const std::string& type, double x, double y, Json inputs = Json::object()) {
  return {{"type", type}, {"ui", {{"x", x}, {"y", y}}}, {"inputs", std::move(inputs)}};
}

std::filesystem::path write(const Session& session, const Json& nodes) {
  const std::filesystem::path file = session.home / "graph.json";
  std::ofstream(file) << Json{{"weft", 1}, {"nodes", nodes}};
  return file;
}

EditorOptions with_file(const std::filesystem::path& file) { return {.arguments = {file.string()}}; }

TEST(OutsideCanvas, PastesToTheMouseAndOverNothing) {
  Session session;
  Editor& editor = session.restart(with_file(source_file("workflows/text-to-image.json")));
  const Shown before = editor.wait_until_still();
  editor.click(before.node("save").at(0.3, 0.1));
  editor.key("ctrl+c");
  const Place free = session.on_canvas(0.1, 0.9);
  editor.move(free);
  editor.key("ctrl+v");
  const Shown pasted = editor.wait_for("the copy", [](const Shown& now) { return now.nodes().size() == 8; });
  const Box copy = pasted.node(pasted.node_of_type("image.save"));
  EXPECT_LT(std::abs(copy.x - free.x) + std::abs(copy.y - free.y), copy.width);
  EXPECT_EQ(covered(pasted), "");
  editor.move(before.node("sampler").middle());
  editor.key("ctrl+v");
  EXPECT_EQ(covered(editor.wait_for("another", [](const Shown& now) { return now.nodes().size() == 9; })), "");
}

TEST(OutsideCanvas, AddsASecondNodeBesideTheFirst) {
  Session session;
  Editor& editor = *session.editor;
  editor.key("ctrl+n");
  editor.wait_for(
      "an empty document", [](const Shown& now) { return now.nodes().empty() && now.document("name") == "Untitled"; });
  for (int i = 0; i < 3; ++i) session.add_node(session.on_canvas(0.4, 0.4), "Empty Latent");
  const Shown shown = editor.wait_until_still();
  EXPECT_EQ(shown.nodes().size(), 3u);
  EXPECT_EQ(covered(shown), "");
}

TEST(OutsideCanvas, UndoOfArrangeBringsTheViewBack) {
  Session session;
  const Json nodes{{"a", node("mask.solid", 0, 20000)},
      {"b", node("mask.invert", 30000, 0, {{"mask", {{"link", "a.mask"}}}})},
      {"c", node("mask.invert", 30300, 0, {{"mask", {{"link", "b.mask"}}}})}};
  Editor& editor = session.restart(with_file(write(session, nodes)));
  editor.wait_until_still();
  editor.move(session.on_canvas(0.5, 0.5));
  editor.key("ctrl+shift+l");
  editor.wait_for("the order", [](const Shown& now) { return now.document("steps") == 1 && seen(now) == 3; });
  editor.key("ctrl+z");
  const Shown undone = editor.wait_for("the old places", [](const Shown& now) { return now.document("steps") == 0; });
  EXPECT_GT(seen(editor.wait_until_still()), 0u);
  editor.key("ctrl+y");
  editor.wait_for(
      "the order again, and all of it", [](const Shown& now) { return now.document("steps") == 1 && seen(now) == 3; });
}

TEST(OutsideCanvas, ArrangesSeparatePartsInRows) {
  Session session;
  Json nodes = Json::object();
  for (int i = 0; i < 20; ++i) {
    const std::string number = std::to_string(i);
    nodes["a" + number] = node("mask.solid", 0, 10 * i);
    nodes["b" + number] = node("mask.invert", 0, 10 * i, {{"mask", {{"link", "a" + number + ".mask"}}}});
  }
  Editor& editor = session.restart(with_file(write(session, nodes)));
  editor.wait_until_still();
  editor.move(session.on_canvas(0.5, 0.5));
  editor.key("ctrl+shift+l");
  editor.wait_for("the order", [](const Shown& now) { return now.document("steps") == 1; });
  const Shown shown = editor.wait_until_still();
  double left = 1e9, top = 1e9, right = -1e9, bottom = -1e9;
  for (const std::string& id : shown.nodes()) {
    const Box box = shown.node(id);
    left = std::min(left, box.x), top = std::min(top, box.y);
    right = std::max(right, box.x + box.width), bottom = std::max(bottom, box.y + box.height);
  }
  const Box canvas = canvas_of(shown);
  EXPECT_GT((right - left) / (bottom - top), canvas.width / canvas.height / 2);
  EXPECT_LT((right - left) / (bottom - top), canvas.width / canvas.height * 2);
}

/// Ids of nodes that are not wholly in the canvas.
std::vector<std::string> cut(const Shown& shown) {
  std::vector<std::string> ids = shown.nodes();
  std::erase_if(ids, [&](const std::string& id) { return in(shown.node(id), canvas_of(shown)); });
  return ids;
}

TEST(OutsideCanvas, TheFirstStartShowsAllAtAnySize) {
  Session session;
  for (const char* size : {"1280x720", "1366x768", "800x600", "1500x900"}) {
    std::filesystem::remove_all(session.home);
    const Shown shown = session.restart({.size = size}).wait_until_still();
    EXPECT_GT(shown.nodes().size(), 0u) << size;
    EXPECT_EQ(cut(shown), std::vector<std::string>{}) << size;
  }
}

TEST(OutsideCanvas, HiddenPanelsComeWithTheirFirstTab) {
  Session session;
  Editor& editor = session.restart({.size = "800x600"});
  EXPECT_FALSE(editor.shown().find("Gallery"));
  editor.key("ctrl+space");
  editor.wait_for_item("Gallery", "Gallery");
  const Shown shown = editor.wait_until_still();
  EXPECT_TRUE(shown.find("Gallery", "Gallery"));
  EXPECT_TRUE(shown.find("##query", "Nodes"));
  EXPECT_FALSE(shown.find("Log", "Log"));
}

TEST(OutsideCanvas, HasTheKeyboardWhileItsPanelsComeAndGo) {
  Session session;
  Editor& editor = *session.editor;
  const double narrow = canvas_of(editor.shown()).width;
  editor.key("ctrl+space");
  EXPECT_EQ(
      cut(editor.wait_for("the whole window", [&](const Shown& now) { return canvas_of(now).width > narrow + 100; })),
      std::vector<std::string>{});
  editor.key("ctrl+space");
  editor.wait_for("the panels", [&](const Shown& now) { return canvas_of(now).width == narrow; });
  const Shown shown = editor.wait_until_still();
  EXPECT_NE(shown.json().value("focus", "").find("###document"), std::string::npos) << shown.json().value("focus", "");
  EXPECT_EQ(cut(shown), std::vector<std::string>{});
}

TEST(OutsideCanvas, FitsTwoThousandNodesBesideTheMinimap) {
  Session session;
  Json nodes = Json::object();
  for (int i = 0; i < 2002; ++i) nodes["n" + std::to_string(i)] = node("mask.solid", i % 77 * 300, i / 77 * 250);
  Editor& editor = session.restart(with_file(write(session, nodes)));
  editor.wait_until_still();
  editor.move(session.on_canvas(0.5, 0.5));
  editor.key("a");
  const Shown shown = editor.wait_until_still();
  const Box canvas = canvas_of(shown);
  const double width = std::min(190.0, canvas.width * 0.24), height = std::min(120.0, canvas.height * 0.3);
  const Box map{canvas.x + canvas.width - 12 - width, canvas.y + canvas.height - 12 - height, width, height};
  std::size_t outside = 0, under = 0;
  for (const Json& each : shown.document("nodes")) {
    const Box box{each["at"][0], each["at"][1], each["at"][2], each["at"][3]};
    outside += !in(box, canvas);
    under += overlap(box, map);
  }
  EXPECT_EQ(shown.nodes().size(), 2002u);
  EXPECT_EQ(outside, 0u);
  EXPECT_EQ(under, 0u);
}

/// Pixels in the colour of what is wrong.
int red(const Pixels& pixels) {
  int count = 0;
  for (std::size_t i = 0; i + 2 < pixels.rgb.size(); i += 3) {
    const int r = pixels.rgb[i], g = pixels.rgb[i + 1], b = pixels.rgb[i + 2];
    count += r > 120 && r > g + 60 && r > b + 50;
  }
  return count;
}

TEST(OutsideCanvas, MarksTheInputThatHasNoLinkAndNotTheOutputOfItsName) {
  Session session;
  Editor& editor = session.restart(with_file(write(session, {{"invert", node("mask.invert", 0, 0)}})));
  const Shown shown = editor.wait_until_still();
  editor.move(session.on_canvas(0.1, 0.9));
  const Place in = shown.pin("invert", "mask", false), out = shown.pin("invert", "mask", true);
  const Box input{in.x - 10, in.y - 10, 60, 20}, output{out.x - 50, out.y - 10, 60, 20};  // with their names
  for (int tries = 0; tries < 100 && red(editor.pixels(input)) == 0; ++tries)
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_GT(red(editor.pixels(input)), 0);
  EXPECT_EQ(red(editor.pixels(output)), 0);
}

TEST(OutsideCanvas, TellsOfAPictureInWordsRatherThanJson) {
  Session session;
  const Json nodes{{"mask", node("mask.ellipse", 0, 0)},
      {"picture", node("mask.to_image", 300, 0, {{"mask", {{"link", "mask.mask"}}}})}};
  Editor& editor = session.restart(with_file(write(session, nodes)));
  editor.wait_until_still();
  editor.key("ctrl+Return");
  editor.wait_for("the run", [](const Shown& now) { return now.json().value("running", false); });
  editor.wait_for(
      "its end", [](const Shown& now) { return !now.json().value("running", true); }, std::chrono::seconds(120));
  const Shown shown = editor.wait_until_still();
  editor.move(shown.pin("picture", "image", true));
  const auto tooltip = [](const Shown& now) {
    for (const Json& item : now.json()["items"])
      if (item["label"].get<std::string>().starts_with("##Tooltip")) return item["at"][3].get<double>();
    return 0.0;
  };
  editor.wait_for("the tooltip", [&](const Shown& now) { return tooltip(now) > 0; });
  const double height = tooltip(editor.wait_until_still());
  EXPECT_LT(height, 260) << "the numbers of a histogram fill a screen";
}

TEST(OutsideCanvas, IsAloneAtAKey) {
  Session session;
  Editor& editor = *session.editor;
  const auto panels = [](const Shown& now) {
    return static_cast<int>(now.find("Nodes").has_value()) + now.find("Inspector").has_value() +
        now.find("Gallery").has_value();
  };
  const Box before = canvas_of(editor.wait_for("all panels", [&](const Shown& now) { return panels(now) == 3; }));
  editor.key("ctrl+space");
  editor.wait_for("the canvas alone",
      [&](const Shown& now) { return panels(now) == 0 && canvas_of(now).width > before.width * 1.4; });
  editor.key("ctrl+space");
  editor.wait_for(
      "the panels", [&](const Shown& now) { return panels(now) == 3 && canvas_of(now).width == before.width; });
}

TEST(OutsideCanvas, HasTheRoomThatASmallWindowHas) {
  Session session;
  EditorOptions options = with_file(source_file("workflows/text-to-image.json"));
  options.size = "1280x720";
  options.arguments.insert(options.arguments.end(), {"--scale", "1.5"});
  Editor& editor = session.restart(options);
  const Shown shown = editor.wait_until_still();
  EXPECT_GT(canvas_of(shown).width, 1200);
  for (const std::string& id : shown.nodes()) EXPECT_TRUE(in(shown.node(id), canvas_of(shown))) << id;
  const Box canvas = canvas_of(shown);
  editor.click({canvas.x + canvas.width - 8, canvas.y + canvas.height / 2});  // the arrow at the edge
  editor.wait_for("the inspector", [](const Shown& now) { return now.find("Inspector").has_value(); });
}

TEST(OutsideCanvas, ShowsAllOfAnOpenedFileAlsoWherePanelsMakeRoomForIt) {
  for (const char* size : {"1280x720", "1000x700", "800x600"}) {
    Session session;
    EditorOptions options = with_file(source_file("workflows/text-to-image.json"));
    options.size = size;
    const Shown shown = session.restart(options).wait_until_still();
    for (const std::string& id : shown.nodes())
      EXPECT_TRUE(in(shown.node(id), canvas_of(shown))) << id << " at " << size;
  }
}

TEST(OutsideCanvas, RenamesASubgraphFromItsInstance) {
  Session session;
  Editor& editor = *session.editor;
  editor.key("ctrl+n");
  editor.wait_for(
      "an empty document", [](const Shown& now) { return now.nodes().empty() && now.document("name") == "Untitled"; });
  session.add_node(session.on_canvas(0.4, 0.4), "Empty Latent");
  editor.key("ctrl+g");
  editor.wait_for("the instance", [](const Shown& now) { return !now.node_of_type("subgraph:Subgraph").empty(); });
  editor.wait_until_still();
  editor.key("F2");
  editor.wait_for_item("##title");
  editor.wait_until_still();
  editor.key("ctrl+a");
  editor.type("sizes");
  editor.key("Return");
  editor.wait_for("the new name", [](const Shown& now) { return !now.node_of_type("subgraph:sizes").empty(); });
}

TEST(OutsideCanvas, OffersFirstWhatPeopleLink) {
  Session session;
  Editor& editor = session.restart(with_file(source_file("workflows/text-to-image.json")));
  editor.drag(editor.wait_until_still().pin("checkpoint", "clip", true), session.on_canvas(0.1, 0.9));
  editor.wait_for("the search", [](const Shown& now) { return now.json().value("active", "") == "##query"; });
  editor.wait_until_still();
  editor.key("Return");
  const Shown shown = editor.wait_for("the node", [](const Shown& now) { return now.nodes().size() == 8; });
  const std::string id = shown.node_of_type("text.encode");
  EXPECT_NE(id, "negative");
  const Place pin = shown.pin(id, "clip", false), dropped = session.on_canvas(0.1, 0.9);
  EXPECT_LT(std::abs(pin.x - dropped.x) + std::abs(pin.y - dropped.y), 4);
}

}  // namespace
}  // namespace weft::editor::outside
