// Keys and clicks from outside: none is lost, none waits for another one, and what is typed is seen.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "tests/editor/outside/driver.h"

namespace weft::editor::outside {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// A document without nodes in a new tab.
void empty_document(Editor& editor) {
  const std::size_t before = editor.shown().json().at("documents").size();
  editor.key("ctrl+n");
  editor.wait_for("an empty document",
      [&](const Shown& now) { return now.json().at("documents").size() > before && now.nodes().empty(); });
}

milliseconds now() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

int steps(const Shown& shown) { return shown.document("steps").get<int>(); }

/// Waits for the number of steps: how long after `sent` the window showed it.
milliseconds seen_after(Editor& editor, int wanted, milliseconds sent) {
  const Shown seen =
      editor.wait_for("steps", [&](const Shown& shown) { return steps(shown) >= wanted || now() - sent > 15s; });
  EXPECT_EQ(steps(seen), wanted);
  return milliseconds(seen.milliseconds()) - sent;
}

/// Every key and every click is one step of undo, so none can be missed in the count. The hand is quicker than anybody's. The
/// last of 200 must be seen within 100 ms; on a busy machine, in as good as no more time than one alone.
template <class Act>
void expect_no_wait(Editor& editor, const Act& act) {
  constexpr auto kTick = 12ms;
  int done = steps(editor.wait_until_still(600ms));
  milliseconds alone = 0ms, last = 1h;
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(100ms);
    act(i);
    alone = std::max(alone, seen_after(editor, ++done, now()));
  }
  for (int again = 0; again < 3 && last > std::max(100ms, 2 * alone); ++again) {
    for (int i = 0; i < 200; ++i) {
      act(i + 1);
      std::this_thread::sleep_for(kTick);
    }
    last = seen_after(editor, done += 200, now());
  }
  EXPECT_LE(last, std::max(100ms, 2 * alone));
}

TEST(OutsideInput, TwoHundredKeysArriveAtOnce) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  session.add_node(session.on_canvas(0.4, 0.4), "Empty Latent");
  expect_no_wait(editor, [&](int i) { editor.key_at_once(i % 2 ? "m" : "b"); });
}

TEST(OutsideInput, TwoHundredClicksArriveAtOnce) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  const std::string node = session.add_node(session.on_canvas(0.3, 0.2), "KSampler");
  const Box field = editor.wait_until_still().field(node, "seed");
  const Place dice{field.x + field.width - field.height / 2, field.y + field.height / 2};
  editor.click(dice);  // the node is selected, what the inspector shows is there
  expect_no_wait(editor, [&](int) { editor.click_at_once(dice); });
}

TEST(OutsideInput, NothingIsLostOfABurst) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  const std::string node = session.add_node(session.on_canvas(0.4, 0.4), "Empty Latent");
  const int before = steps(editor.wait_until_still());
  const auto tap = [&](const char* key) {
    editor.key_at_once(key);
    std::this_thread::sleep_for(2ms);  // GLFW takes two presses of a key in the same millisecond for one
  };
  for (int i = 0; i < 50; ++i) tap(i % 2 ? "m" : "b");
  editor.wait_for("50 steps", [&](const Shown& now) { return steps(now) == before + 50; });
  for (int i = 0; i < 50; ++i) tap("ctrl+z");  // Ctrl is up before the editor looks
  editor.wait_for("50 steps back", [&](const Shown& now) { return steps(now) == before; });
  EXPECT_TRUE(editor.shown().has_node(node));
}

/// The letters come before the list that the first key opens has the keyboard.
TEST(OutsideInput, WhatIsTypedAtOnceGoesIntoTheListThatOpens) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  editor.move(session.on_canvas(0.4, 0.4));
  for (const char* key : {"space", "e", "m", "p", "t", "y", "space", "l", "a", "t", "Return"}) editor.key_at_once(key);
  editor.wait_for("the node", [](const Shown& now) { return !now.node_of_type("latent.empty").empty(); });
}

/// One event, and then nothing that could wake the editor again.
TEST(OutsideInput, ATapIsSeenWithoutAnotherEvent) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  session.add_node(session.on_canvas(0.4, 0.4), "Empty Latent");
  for (int i = 0; i < 10; ++i) {
    const int before = steps(editor.wait_until_still(400ms));
    editor.key_at_once("m");
    editor.key_at_once("b");
    editor.wait_for("both taps", [&](const Shown& now) { return steps(now) == before + 2; }, 5s);
  }
}

TEST(OutsideInput, AnOpenTextFieldCostsLittle) {
  Session session;
  Editor& editor = *session.editor;
  editor.click(editor.wait_for_item("##query", "Nodes").middle());
  editor.wait_for("the field has the keyboard", [](const Shown& now) { return now.json().at("active") == "##query"; });
  editor.wait_until_still();
  std::this_thread::sleep_for(1s);
  const double before = editor.processor_seconds();
  std::this_thread::sleep_for(4s);
  EXPECT_LT((editor.processor_seconds() - before) / 4, 0.12);  // of a core, with drawing by software
}

// What is typed is seen.

/// The pixels of a field while digits are typed into it: each digit is another picture.
void digits_are_seen(Editor& editor, const Box& field) {
  editor.click(field.at(0.6, 0.5));
  editor.key("ctrl+a");
  editor.wait_until_still();
  std::vector<Pixels> seen{editor.pixels(field)};
  for (const char* digit : {"7", "1"}) {
    editor.type(digit);
    const auto until = now() + 5s;
    while (now() < until && difference(editor.pixels(field), seen.back()) < 0.005) std::this_thread::sleep_for(20ms);
    seen.push_back(editor.pixels(field));
    EXPECT_GE(difference(seen.back(), seen[seen.size() - 2]), 0.005) << "after " << digit;
  }
}

TEST(OutsideInput, DigitsAreSeenWhileTheyAreTyped) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  const std::string node = session.add_node(session.on_canvas(0.3, 0.3), "Empty Latent");
  editor.key("a");  // fit: the field is large
  digits_are_seen(editor, editor.wait_until_still().field(node, "width"));
  editor.key("Return");
  editor.wait_for("the number", [&](const Shown& now) { return now.value(node, "width") == 71; });
  digits_are_seen(editor, editor.wait_for_item("##height", "Inspector"));
}

TEST(OutsideInput, AFieldTakesASum) {
  Session session;
  Editor& editor = *session.editor;
  empty_document(editor);
  const std::string node = session.add_node(session.on_canvas(0.3, 0.3), "KSampler");
  const auto type = [&](const char* port, const char* text) {
    editor.click(editor.wait_until_still().field(node, port).at(0.6, 0.5));
    editor.key("ctrl+a");
    editor.type(text);
    editor.key("Return");
  };
  type("steps", "10*2+3");
  editor.wait_for("23", [&](const Shown& now) { return now.value(node, "steps") == 23; });
  type("cfg", "1/4+(2-1)*5");
  editor.wait_for("5.25", [&](const Shown& now) { return now.value(node, "cfg") == 5.25; });
  type("steps", "9+");  // no sum: the field stays open until it is one
  editor.type("1");
  editor.key("Return");
  editor.wait_for("10", [&](const Shown& now) { return now.value(node, "steps") == 10; });
  type("steps", "4*");
  editor.key("Escape");
  editor.click(session.on_canvas(0.9, 0.9));
  EXPECT_EQ(editor.wait_until_still().value(node, "steps"), 10);
}

/// The first Escape ends a prompt, and keeps what was typed; undo takes it back.
TEST(OutsideInput, EscapeKeepsAPrompt) {
  Session session;
  Editor& editor = *session.editor;
  const auto prompt = [](const Shown& now) { return now.value("positive", "text"); };
  editor.click(editor.wait_until_still().field("positive", "text").middle());
  editor.wait_for("the popup", [](const Shown& now) { return now.popup("##Popup"); });
  editor.wait_until_still();
  const nlohmann::json before = prompt(editor.shown());
  editor.key("ctrl+a");
  editor.type("a green kite");
  editor.key("Escape");
  editor.wait_for("no popup", [](const Shown& now) { return now.json().at("popups").empty(); });
  EXPECT_EQ(prompt(editor.wait_until_still()), "a green kite");
  editor.key("ctrl+z");
  editor.wait_for("the prompt from before", [&](const Shown& now) { return prompt(now) == before; });
}

}  // namespace
}  // namespace weft::editor::outside
