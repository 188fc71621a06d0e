// Strokes and polygons cover the area that geometry says.
#include "nodes/sd/pictures/raster.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <numbers>

namespace weft::sd {
namespace {

TEST(Polygon, CoversItsArea) {
  const std::vector<Point> square{{2, 2}, {10.5, 2}, {10.5, 7.25}, {2, 7.25}};
  EXPECT_NEAR(cover_polygon(square, 16, 16).sum().item<double>(), 8.5 * 5.25, 1e-4);
  const std::vector<Point> triangle{{1, 1}, {15, 1}, {1, 15}};
  EXPECT_NEAR(cover_polygon(triangle, 16, 16).sum().item<double>(), 98, 0.5);
}

TEST(Polygon, IsWholeInsideAndNothingOutside) {
  const at::Tensor covered = cover_polygon(std::vector<Point>{{4, 4}, {12, 4}, {12, 12}, {4, 12}}, 16, 16);
  EXPECT_EQ(covered[8][8].item<float>(), 1);
  EXPECT_EQ(covered[8][12].item<float>(), 0);
  EXPECT_EQ(covered[3][8].item<float>(), 0);
}

TEST(Polygon, ThatLeavesThePictureIsCutAtItsEdge) {
  EXPECT_NEAR(
      cover_polygon(std::vector<Point>{{-5, -5}, {4, -5}, {4, 40}, {-5, 40}}, 8, 8).sum().item<double>(), 32, 1e-4);
}

TEST(Stroke, OfOnePointIsADisk) {
  EXPECT_NEAR(cover_stroke(std::vector<Point>{{16, 16}}, 20, 32, 32).sum().item<double>(), 100 * std::numbers::pi, 4);
}

TEST(Stroke, HasItsWidthAndRoundEnds) {
  const double area = cover_stroke(std::vector<Point>{{8, 16}, {24, 16}}, 6, 32, 32).sum().item<double>();
  EXPECT_NEAR(area, 16 * 6 + 9 * std::numbers::pi, 1.5);
}

TEST(Stroke, CrossingItselfCountsOnce) {
  const at::Tensor covered = cover_stroke(std::vector<Point>{{2, 2}, {14, 14}, {14, 2}, {2, 14}}, 3, 16, 16);
  EXPECT_LE(covered.max().item<float>(), 1);
  EXPECT_EQ(covered[7][7].item<float>(), 1);
}

}  // namespace
}  // namespace weft::sd
