#include "training/renderer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace weft::paper_cut {
namespace {

int count(const Picture& picture, Label label) {
  return int(std::count(picture.labels.begin(), picture.labels.end(), label));
}

double middle_of(const Picture& picture, Label label) {
  double sum = 0;
  for (int i = 0; i < kSize * kSize; ++i) sum += picture.labels[std::size_t(i)] == label ? i % kSize : 0;
  return sum / count(picture, label);
}

TEST(Renderer, DrawsTheSameBytesForTheSameSeed) {
  Dice dice(1);
  for (int i = 0; i < 20; ++i) {
    const Scene scene = random_scene(dice);
    const Picture first = render(scene, 7), second = render(scene, 7);
    EXPECT_EQ(first.rgb, second.rgb);
    EXPECT_EQ(first.labels, second.labels);
  }
}

TEST(Renderer, DrawsSomethingElseForAnotherSeed) {
  const Scene scene{Time::Day, Light::Left, Ground::Hills, Subject::Tree, Color::Red, Place::Left};
  EXPECT_NE(render(scene, 1).rgb, render(scene, 2).rgb);
}

TEST(Renderer, ShowsTheSubjectWhereTheSceneSays) {
  Dice dice(2);
  for (int i = 0; i < 200; ++i) {
    const Scene scene = random_scene(dice);
    if (scene.subject == Subject::None) continue;
    const Picture picture = render(scene, dice.next());
    ASSERT_GT(count(picture, label_of(scene.subject)), 300);
    const double expected = 64 + 35 * (int(scene.place) - int(Place::Middle));
    EXPECT_NEAR(middle_of(picture, label_of(scene.subject)), expected, 10);
  }
}

TEST(Renderer, ShowsTheSunByDayAndTheMoonAtNightOnTheirSide) {
  Dice dice(3);
  for (int i = 0; i < 200; ++i) {
    const Scene scene = random_scene(dice);
    const Picture picture = render(scene, dice.next());
    const Label shown = scene.time == Time::Night ? Label::Moon : Label::Sun;
    const Label other = scene.time == Time::Night ? Label::Sun : Label::Moon;
    EXPECT_EQ(count(picture, other), 0);
    if (scene.light == Light::None) {
      EXPECT_EQ(count(picture, shown), 0);
    } else {
      ASSERT_GT(count(picture, shown), 80);
      EXPECT_EQ(middle_of(picture, shown) < 64, scene.light == Light::Left);
    }
  }
}

TEST(Renderer, LabelsTheGroundOfTheSceneAndNoOther) {
  const std::set<Label> grounds = {Label::Hills, Label::Mountains, Label::Sea, Label::Snow, Label::Desert};
  Dice dice(4);
  for (int i = 0; i < 100; ++i) {
    const Scene scene = random_scene(dice);
    const Picture picture = render(scene, dice.next());
    for (const Label label : grounds) {
      const bool wanted = int(label) == int(Label::Hills) + int(scene.ground);
      EXPECT_EQ(count(picture, label) > 0, wanted) << int(label);
    }
  }
}

}  // namespace
}  // namespace weft::paper_cut
