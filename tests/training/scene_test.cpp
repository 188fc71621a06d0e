#include "training/scene.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace weft::paper_cut {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(Scene, GoesThroughItsValuesAndBack) {
  for (const Scene& scene : all_scenes()) EXPECT_EQ(Scene::from_values(scene.values()), scene);
}

TEST(Scene, PutsBoatsAtSeaOnlyAndGivesFoxesNoColor) {
  for (const Scene& scene : all_scenes()) {
    if (scene.subject == Subject::Boat) {
      EXPECT_EQ(scene.ground, Ground::Sea);
    }
    if (scene.subject == Subject::Fox || scene.subject == Subject::ArcticFox) {
      EXPECT_EQ(scene.color, Color::None);
    }
  }
}

TEST(Scene, HoldsOutAboutATenth) {
  const auto scenes = all_scenes();
  const auto held = std::count_if(scenes.begin(), scenes.end(), held_out);
  EXPECT_NEAR(double(held) / double(scenes.size()), 0.1, 0.02);
  EXPECT_GE(held, 200);
}

TEST(Scene, NeverTrainsOnWhatIsHeldOut) {
  Dice dice(5);
  for (int i = 0; i < 20000; ++i) {
    const Scene scene = random_scene(dice);
    EXPECT_TRUE(consistent(scene));
    EXPECT_FALSE(held_out(scene));
  }
}

TEST(Caption, OfAHeldOutSceneNeverOccursInTraining) {
  Dice dice(6);
  std::set<std::string> held;
  for (const Scene& scene : all_scenes()) {
    // Captions of what leaves the sun or the subject unsaid are short ones in effect: they fit other scenes
    // too.
    const bool says_everything = scene.light != Light::None && scene.subject != Subject::None;
    for (int i = 0; held_out(scene) && says_everything && i < 50; ++i) held.insert(full_caption(scene, dice));
  }
  for (int i = 0; i < 20000; ++i) {
    const Scene scene = random_scene(dice);
    EXPECT_FALSE(held.contains(full_caption(scene, dice)));
    EXPECT_FALSE(held.contains(short_caption(scene, dice)));
  }
}

TEST(Caption, StatesEveryAttributeWhenFull) {
  Dice dice(7);
  const Scene scene{Time::Night, Light::Left, Ground::Snow, Subject::House, Color::Red, Place::Right};
  for (int i = 0; i < 200; ++i) {
    const std::string caption = full_caption(scene, dice);
    EXPECT_THAT(caption, HasSubstr("night"));
    EXPECT_THAT(caption, HasSubstr("moon"));
    EXPECT_THAT(caption, HasSubstr("left"));
    EXPECT_THAT(caption, HasSubstr("snow"));
    EXPECT_THAT(caption, HasSubstr("red"));
    EXPECT_THAT(caption, HasSubstr("right"));
    EXPECT_THAT(caption, Not(HasSubstr("sun")));
  }
}

TEST(Caption, SaysAFoxIsArcticOrNot) {
  Dice dice(8);
  Scene scene{Time::Day, Light::None, Ground::Snow, Subject::ArcticFox, Color::None, Place::Middle};
  for (int i = 0; i < 50; ++i) EXPECT_THAT(full_caption(scene, dice), ::testing::ContainsRegex("arctic fox|white fox"));
  scene.subject = Subject::Fox;
  for (int i = 0; i < 50; ++i) EXPECT_THAT(full_caption(scene, dice), Not(::testing::ContainsRegex("arctic|white")));
}

TEST(Caption, UsesTheKnownWordsOnly) {
  const auto words = caption_words();
  const std::set<std::string> known(words.begin(), words.end());
  Dice dice(9);
  for (int i = 0; i < 5000; ++i) {
    const Scene scene = random_scene(dice);
    std::string caption = full_caption(scene, dice) + " " + short_caption(scene, dice);
    std::replace(caption.begin(), caption.end(), ',', ' ');
    std::istringstream in(caption);
    for (std::string word; in >> word;) EXPECT_TRUE(known.contains(word)) << word;
  }
}

TEST(Dice, GivesTheSameNumbersOnEveryPlatform) {
  Dice dice(42);
  EXPECT_EQ(dice.next(), 13679457532755275413u);
  EXPECT_EQ(dice.next(), 2949826092126892291u);
}

}  // namespace
}  // namespace weft::paper_cut
