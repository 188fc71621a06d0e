#include "editor/session/shown_panels.h"

#include <gtest/gtest.h>

namespace weft::editor {
namespace {

using enum PanelGroup;

TEST(ShownPanels, LeaveWithTheRoom) {
  ShownPanels panels;
  panels.set_room({120, 70});
  EXPECT_TRUE(panels.shows(Left) && panels.shows(Right) && panels.shows(Below));
  panels.set_room({61, 34});
  EXPECT_FALSE(panels.shows(Left) || panels.shows(Right) || panels.shows(Below));
  panels.set_room({97, 55});
  EXPECT_FALSE(panels.shows(Left));
  EXPECT_TRUE(panels.shows(Right) && panels.shows(Below));
}

TEST(ShownPanels, StayAsTheUserWantsThem) {
  ShownPanels panels;
  panels.set_room({61, 34});
  panels.toggle(Right);
  panels.set_room({50, 30});
  EXPECT_TRUE(panels.shows(Right));
  panels.toggle(Right);
  panels.set_room({200, 100});
  EXPECT_FALSE(panels.shows(Right));
  ShownPanels next;
  next.take_wishes(panels.wishes());
  next.set_room({200, 100});
  EXPECT_EQ(next, panels);
  next.reset();
  EXPECT_TRUE(next.shows(Right));
}

TEST(ShownPanels, AreHiddenAndShownTogether) {
  ShownPanels panels;
  panels.toggle(Left);
  panels.toggle_all();
  EXPECT_TRUE(panels.all_hidden());
  EXPECT_FALSE(panels.shows(Left) || panels.shows(Right) || panels.shows(Below));
  panels.toggle_all();
  EXPECT_TRUE(!panels.shows(Left) && panels.shows(Right) && panels.shows(Below));
  panels.set_room({40, 20});
  panels.toggle(Right), panels.toggle(Below);
  panels.toggle(Right), panels.toggle(Below);
  panels.toggle_all();  // where none is to be seen, there is nothing to hide
  EXPECT_TRUE(panels.shows(Left) || panels.shows(Right) || panels.shows(Below));
}

TEST(ShownPanels, ComeWhenSomethingInThemIsAskedFor) {
  ShownPanels panels;
  panels.toggle_all();
  panels.reveal(Right);
  EXPECT_TRUE(panels.shows(Right));
  panels.reveal(Right);
  EXPECT_TRUE(panels.shows(Right));
}

TEST(ShownPanels, ReadNoNonsense) {
  ShownPanels panels;
  for (const char* text : {"[]", "3", R"({"left": "no"})", R"({"left": null, "elsewhere": true})"})
    panels.take_wishes(nlohmann::json::parse(text));
  EXPECT_EQ(panels, ShownPanels{});
}

}  // namespace
}  // namespace weft::editor
