#include "editor/session/held_keys.h"

#include <gtest/gtest.h>

namespace weft::editor {
namespace {

constexpr PressedKey kEnter{.key = 257, .scancode = 36, .action = 1}, kLeft{.key = 263, .scancode = 113, .action = 1};

TEST(HeldKeys, HoldNothingWithoutAnInputMethod) {
  HeldKeys keys;
  EXPECT_FALSE(keys.filtered(36, 1000, /*taken=*/false));
  EXPECT_FALSE(keys.hold(kEnter));
}

TEST(HeldKeys, GiveBackWhatTheInputMethodReturns) {
  HeldKeys keys;
  keys.filtered(36, 1000, /*taken=*/true);
  EXPECT_TRUE(keys.hold(kEnter));
  EXPECT_EQ(keys.filtered(36, 1000, /*taken=*/false), kEnter);
  EXPECT_FALSE(keys.filtered(36, 1000, /*taken=*/false)) << "once";
}

TEST(HeldKeys, ForgetWhatTheInputMethodKeeps) {
  HeldKeys keys;
  keys.filtered(36, 1000, true);
  EXPECT_TRUE(keys.hold(kEnter));
  keys.filtered(113, 1200, true);
  EXPECT_TRUE(keys.hold(kLeft));
  EXPECT_EQ(keys.filtered(113, 1200, false), kLeft);
  EXPECT_FALSE(keys.filtered(36, 1000, false)) << "it came before one that was returned";
}

TEST(HeldKeys, TellPressesOfOneKeyApart) {
  HeldKeys keys;
  for (const std::uint64_t time : {1000, 1100}) {
    keys.filtered(36, time, true);
    EXPECT_TRUE(keys.hold(kEnter));
  }
  EXPECT_FALSE(keys.filtered(36, 1050, false));
  EXPECT_EQ(keys.filtered(36, 1000, false), kEnter);
  EXPECT_EQ(keys.filtered(36, 1100, false), kEnter);
}

}  // namespace
}  // namespace weft::editor
