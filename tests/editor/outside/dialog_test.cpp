// Dialogs from outside: each is seen, answers, and leaves the keyboard as it was.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <random>
#include <thread>

#include "tests/editor/outside/driver.h"

namespace weft::editor::outside {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

bool no_popup(const Shown& now) { return now.json().at("popups").empty(); }

/// Space opens the search, Ctrl+N a document, Ctrl+A selects: the keyboard is alive.
void keys_work(Editor& editor) {
  editor.wait_for("no dialog", no_popup);
  const std::size_t documents = editor.shown().json().at("documents").size();
  editor.key("ctrl+n");
  editor.wait_for(
      "a new document", [&](const Shown& now) { return now.json().at("documents").size() == documents + 1; });
  editor.key("space");
  editor.wait_for("the node search", [](const Shown& now) { return now.find("##query", "##Popup").has_value(); });
  editor.type("Empty Latent");
  editor.key("Return");
  const std::string node =
      editor.wait_for("a node", [](const Shown& now) { return now.nodes().size() == 1; }).nodes()[0];
  editor.key("Escape");
  editor.wait_for("nothing selected", [&](const Shown& now) { return now.node_json(node).at("selected") == false; });
  editor.key("ctrl+a");
  editor.wait_for("all selected", [&](const Shown& now) { return now.node_json(node).at("selected") == true; });
}

/// Adds nodes to an empty document, and the process is killed.
std::vector<std::string> work_and_crash(Session& session, int nodes) {
  Editor& editor = *session.editor;
  editor.key("ctrl+n");
  editor.wait_for("an empty document", [](const Shown& now) { return now.nodes().empty(); });
  for (int i = 0; i < nodes; ++i)
    session.add_node(session.on_canvas(0.2 + 0.25 * (i % 3), 0.2 + 0.3 * (i / 3)), "Empty Latent");
  const std::vector<std::string> made = editor.wait_until_still().nodes();
  editor.kill();
  return made;
}

TEST(OutsideRecovery, OneKeyBringsTheDocumentBackOntoTheScreen) {
  Session session;
  const std::vector<std::string> made = work_and_crash(session, 2);
  Editor& again = session.restart();
  again.wait_for("the question", [](const Shown& now) { return now.popup("Recover"); });
  again.key("Return");
  const Shown shown = again.wait_for("the document", [&](const Shown& now) { return now.nodes() == made; });
  EXPECT_EQ(shown.document("dirty"), true);
  keys_work(again);
}

TEST(OutsideRecovery, OneClickBringsTheDocumentBackOntoTheScreen) {
  Session session;
  const std::vector<std::string> made = work_and_crash(session, 2);
  Editor& again = session.restart();
  again.click(again.wait_for_item("Recover", "Recover").middle());
  again.wait_for("the document", [&](const Shown& now) { return now.nodes() == made; });
  keys_work(again);
}

TEST(OutsideRecovery, LaterAsksAgainAtTheNextStart) {
  Session session;
  const std::vector<std::string> made = work_and_crash(session, 1);
  {
    Editor& again = session.restart();
    again.click(again.wait_for_item("Later", "Recover").middle());
    keys_work(again);
    again.kill();
  }
  Editor& third = session.restart();
  third.click(third.wait_for_item("Recover All", "Recover").middle());  // the new document of keys_work(), too
  third.wait_for("both documents",
      [&](const Shown& now) { return now.json().at("documents").size() >= 3 && now.nodes() == made; });
  keys_work(third);
}

TEST(OutsideRecovery, AFileTakesThePlaceOfItsOldState) {
  Session session;
  const fs::path file = session.home / "boat.json";
  fs::copy_file(source_file("workflows/text-to-image.json"), file);
  {
    Editor& editor = session.restart({.arguments = {file.string()}});
    session.add_node(session.on_canvas(0.2, 0.9), "Label");
    editor.wait_until_still();
    editor.kill();
  }
  Editor& again = session.restart({.arguments = {file.string()}});
  again.wait_for("the question", [](const Shown& now) { return now.popup("Recover"); });
  again.key("Return");
  const Shown shown = again.wait_for("the document", [](const Shown& now) { return now.document("dirty") == true; });
  EXPECT_EQ(shown.json().at("documents"), nlohmann::json({"boat"}));
  EXPECT_EQ(shown.document("file"), file.string());
}

/// As Crash.AtAnyMomentLosesAtMostTheLastGestureAndNoFile of the session, but up to the screen.
TEST(OutsideRecovery, AtAnyMomentLosesAtMostTheLastGesture) {
  Session session;
  std::mt19937 random(20261128);
  constexpr int kKills = 6;
  for (int kill = 0; kill < kKills; ++kill) {
    Editor& editor = kill == 0 ? *session.editor : session.restart();
    if (kill == 0) {
      editor.key("ctrl+n");
      editor.wait_for("an empty document", [](const Shown& now) { return now.nodes().empty(); });
      session.add_node(session.on_canvas(0.4, 0.4), "Empty Latent");
    } else {
      editor.wait_for("the question", [](const Shown& now) { return now.popup("Recover"); });
      editor.key("Return");
      editor.wait_for("the node", [](const Shown& now) { return no_popup(now) && now.nodes().size() == 1; });
      editor.key("ctrl+a");
    }
    editor.wait_until_still();
    for (int i = 0; i < 5; ++i)
      editor.key_at_once("m"), std::this_thread::sleep_for(std::chrono::milliseconds(random() % 20));
    editor.kill();
  }
  Editor& last = session.restart();
  last.wait_for("the question", [](const Shown& now) { return now.popup("Recover"); });
  last.key("Return");
  last.wait_for(
      "the node", [](const Shown& now) { return no_popup(now) && now.nodes() == std::vector<std::string>{"empty"}; });
  keys_work(last);
}

/// A dialog that opens another one comes back after it.
TEST(OutsideDialogs, SettingsAskForAFolderAndComeBack) {
  Session session;
  Editor& editor = *session.editor;
  fs::create_directories(session.home / "models");
  editor.key("ctrl+comma");
  const Box look = editor.wait_for_item("Dark", "Settings");
  editor.wait_until_still();
  editor.click({look.x - look.width, look.y - 30});  // the page "Files"
  editor.click(editor.wait_for_item("Add\u2026", "Settings").middle());
  editor.wait_for(
      "the folder dialog", [](const Shown& now) { return now.find("##folder", "File dialog").has_value(); });
  editor.wait_until_still();
  EXPECT_TRUE(editor.shown().find("##folder", "File dialog"));
  editor.click(editor.wait_for_item("Choose", "File dialog").middle());
  editor.wait_for("the settings", [](const Shown& now) { return now.popup("Settings"); });
  editor.wait_until_still();
  editor.key("Escape");
  keys_work(editor);
}

/// Keys that are awaited are not awaited for ever.
TEST(OutsideDialogs, ClosingTheSettingsWhileKeysAreAwaitedLeavesTheKeyboardAlive) {
  Session session;
  Editor& editor = *session.editor;
  editor.click(editor.wait_for_item("Help", "##MainMenuBar").middle());
  editor.click(editor.wait_for_item("Keys...").middle());
  editor.click(editor.wait_for_item("Ctrl+O##keys").middle());
  editor.wait_for_item("Press keys\u2026##keys");
  const Box window = editor.wait_for_item("Settings", "Settings");
  editor.click({window.x + window.width - 18, window.y + 14});  // its cross
  keys_work(editor);
}

// Files.

struct Folders {
  explicit Folders(const fs::path& home) {
    const fs::path inner = home / "work" / "inner";
    fs::create_directories(inner);
    for (const char* name : {"one.json", "two.json", "three.json", "four.json"})
      fs::copy_file(source_file("workflows/text-to-image.json"), inner / name);
    fs::copy_file(source_file("workflows/text-to-image.json"), home / "work" / "outer.json");
  }
};

std::string folder_text(const Shown& now) { return now.find("four.json", "File dialog") ? "inner" : "outer"; }

TEST(OutsideFiles, AClickSelectsADoubleClickEnters) {
  Session session;
  const Folders folders(session.home);
  Editor& editor = session.restart({.arguments = {(session.home / "work/outer.json").string()}});
  editor.key("ctrl+o");
  const Box folder = editor.wait_for_item("inner", "File dialog");
  editor.wait_until_still();
  editor.click(folder.middle());
  editor.wait_until_still();
  EXPECT_EQ(folder_text(editor.shown()), "outer") << "a click enters";
  editor.double_click(folder.middle());
  editor.wait_for("the inner folder", [](const Shown& now) { return folder_text(now) == "inner"; });
  editor.wait_until_still();
  EXPECT_TRUE(editor.shown().popup("File dialog")) << "the double click has opened a file of the folder";
  editor.double_click(editor.wait_for_item("two.json", "File dialog").middle());
  editor.wait_for("the file", [](const Shown& now) { return no_popup(now) && now.document("name") == "two"; });
  keys_work(editor);
}

TEST(OutsideFiles, EnterEntersTheSelectedFolder) {
  Session session;
  const Folders folders(session.home);
  Editor& editor = session.restart({.arguments = {(session.home / "work/outer.json").string()}});
  editor.key("ctrl+o");
  editor.click(editor.wait_for_item("inner", "File dialog").middle());
  editor.key("Return");
  editor.wait_for("the inner folder", [](const Shown& now) { return folder_text(now) == "inner"; });
  editor.click(editor.wait_for_item("three.json", "File dialog").middle());
  editor.key("Return");
  editor.wait_for("the file", [](const Shown& now) { return no_popup(now) && now.document("name") == "three"; });
}

}  // namespace
}  // namespace weft::editor::outside
