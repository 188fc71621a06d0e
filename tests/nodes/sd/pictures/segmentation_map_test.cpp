// From coloured pictures to classes and back, and what is said of colours that nobody knows.
#include "nodes/sd/pictures/segmentation_map.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace weft::sd {
namespace {

using testing::HasSubstr;

const Legend kLegend = parse_legend("sky #87b5e8\n\n  sea #1f5fa8 \narctic fox #e8f6ff\n");

template <class Work>
std::string error_of(Work work) {
  try {
    work();
  } catch (const NodeError& error) {
    return error.what();
  }
  return {};
}

SegmentationMap some_map() {
  return {.classes = at::tensor({0, 1, 2, 2, 1, 0}, at::kLong).view({1, 2, 3}), .legend = kLegend};
}

TEST(Legend, IsANameAndAColourALine) {
  ASSERT_EQ(kLegend.size(), 3u);
  EXPECT_EQ(kLegend[2].name, "arctic fox");
  EXPECT_EQ(kLegend[1].rgb, (std::array{0x1f, 0x5f, 0xa8}));
}

TEST(Legend, RefusesLinesWithoutAColourAndClassesThatLookAlike) {
  EXPECT_THAT(error_of([] { parse_legend("sky blue"); }), HasSubstr("'sky blue'"));
  EXPECT_THAT(error_of([] { parse_legend("#ff0000"); }), HasSubstr("no name"));
  EXPECT_THAT(error_of([] { parse_legend("sky #00ff0"); }), HasSubstr("sky #00ff0"));
  EXPECT_THAT(error_of([] { parse_legend("a #000000\nb #000001"); }), HasSubstr("cannot be told apart"));
  EXPECT_THAT(error_of([] { parse_legend("a #000000\na #ffffff"); }), HasSubstr("cannot be told apart"));
  EXPECT_THAT(error_of([] { parse_legend("\n"); }), HasSubstr("empty"));
}

TEST(Legend, ProposesTheNearestNameForOneThatIsNotThere) {
  EXPECT_EQ(class_of(kLegend, "arctic fox"), 2);
  EXPECT_THAT(error_of([] { class_of(kLegend, "artic fox"); }), HasSubstr("artic fox"));
}

TEST(SegmentationMap, ComesBackFromItsColours) {
  const SegmentationMap map = some_map();
  EXPECT_TRUE(at::equal(find_classes(paint_classes(map), kLegend, UnknownColour::Refuse), map.classes));
}

TEST(SegmentationMap, ComesBackFromAFileThatRoundsDown) {
  const SegmentationMap map = some_map();
  const at::Tensor saved = (paint_classes(map) * 255).to(at::kByte).to(at::kFloat) / 255;
  EXPECT_TRUE(at::equal(find_classes(saved, kLegend, UnknownColour::Refuse), map.classes));
}

TEST(SegmentationMap, AnUnknownColourIsNamedWithItsCountAndTheNearestClass) {
  at::Tensor pixels = paint_classes(some_map());
  pixels.narrow(2, 0, 1).copy_((at::tensor({0x22, 0x60, 0xa0}, at::kFloat) / 255).expand({1, 2, 1, 3}));
  EXPECT_THAT(error_of([&] { find_classes(pixels, kLegend, UnknownColour::Refuse); }),
      HasSubstr("#2260a0 (2 pixels; nearest is sea #1f5fa8)"));
  EXPECT_EQ(find_classes(pixels, kLegend, UnknownColour::TakeNearest)[0][0][0].item<std::int64_t>(), 1);
}

TEST(SegmentationMap, IsOneAtEachPlacesClassAlone) {
  const at::Tensor channels = one_hot(some_map());
  EXPECT_EQ(channels.sizes(), (std::vector<std::int64_t>{1, 3, 2, 3}));
  EXPECT_TRUE(at::equal(channels.sum(1), at::ones({1, 2, 3})));
  EXPECT_EQ(channels[0][2][0][2].item<float>(), 1);
}

}  // namespace
}  // namespace weft::sd
