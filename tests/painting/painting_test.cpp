// Paintings: text and strokes, and what they cover.
#include "painting/painting.h"

#include <gmock/gmock.h>

#include <numeric>

namespace weft::painting {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = Stroke::Kind;

struct Pixels {
  Pixels(int w, int h) : width(w), height(h), values(static_cast<std::size_t>(w * h)) {}
  Canvas canvas() { return {width, height, values}; }
  float at(int x, int y) const { return values[static_cast<std::size_t>(y * width + x)]; }
  double sum() const { return std::accumulate(values.begin(), values.end(), 0.0); }
  int width, height;
  std::vector<float> values;
};

Pixels painted(std::string_view text, const Manner& manner = {}) {
  Pixels pixels(64, 32);
  for (const Stroke& stroke : parse(text)) apply(stroke, manner, pixels.canvas());
  return pixels;
}

TEST(Painting, IsALineAStroke) {
  const auto strokes = parse("0.2,0.5 0.8,0.5\n\nerase brush=0.05 hardness=0.25 0.1,0.1\ninvert\n");
  EXPECT_THAT(strokes,
      ElementsAre(Stroke{.points = {{0.2, 0.5}, {0.8, 0.5}}},
          Stroke{.kind = Kind::Erase, .brush = 0.05, .hardness = 0.25, .points = {{0.1, 0.1}}},
          Stroke{.kind = Kind::Invert}));
}

TEST(Painting, IsWrittenAsItIsRead) {
  const std::string text = "0.2,0.5 0.8,0.5\nerase brush=0.05 hardness=0.25 0.1,0.1\ninvert\nbrush=1 -0.5,2";
  EXPECT_EQ(to_text(parse(text)), text);
  EXPECT_EQ(to_text(Stroke{.brush = 0.123456, .points = {{1.0 / 3, -0.00001}}}), "brush=0.1235 0.3333,0");
}

TEST(Painting, SaysWhatIsNoStroke) {
  for (const char* text :
      {"0.2", "0.2,", "0.2,x", "brush=", "brush=-1 0,0", "brush=nan 0,0", "hardness=soft 0,0", "fill"}) {
    try {
      parse(text);
      FAIL() << text << " was read";
    } catch (const Misread& error) {
      EXPECT_THAT(error.what(), HasSubstr(text));
    }
  }
}

TEST(Painting, ErasesWhatWasPainted) {
  const Pixels both = painted("brush=0.5 0,0.5 1,0.5\nerase brush=0.6 0.5,0.5 1,0.5");
  EXPECT_EQ(both.at(8, 16), 1);
  EXPECT_EQ(both.at(56, 16), 0);
  EXPECT_EQ(painted("erase 0,0 1,1").sum(), 0);
}

TEST(Painting, InvertsWhatCameBefore) {
  const Pixels after = painted("brush=0.5 0,0.5 1,0.5\ninvert\nbrush=0.25 0.5,0.5");
  EXPECT_EQ(after.at(8, 16), 0);
  EXPECT_EQ(after.at(8, 1), 1);
  EXPECT_EQ(after.at(32, 16), 1);
}

TEST(Painting, FadesWhereTheBrushIsSoft) {
  const Pixels hard = painted("brush=1 0.5,0.5"), soft = painted("brush=1 hardness=0 0.5,0.5");
  EXPECT_EQ(hard.at(32, 16), 1);
  EXPECT_EQ(hard.at(42, 16), 1);
  EXPECT_GT(soft.at(32, 16), 0.9f);
  EXPECT_GT(soft.at(36, 16), soft.at(42, 16));
  EXPECT_GT(soft.at(42, 16), 0);
  EXPECT_LT(soft.sum(), hard.sum());
}

TEST(Painting, FillsPolygons) {
  const Pixels filled = painted("0.25,0 0.75,0 0.75,1 0.25,1\nerase 0.5,0 0.75,0 0.75,1 0.5,1", {.polygons = true});
  EXPECT_NEAR(filled.sum(), 16 * 32, 1e-3);
  EXPECT_EQ(filled.at(20, 16), 1);
  EXPECT_EQ(filled.at(40, 16), 0);
}

TEST(Painting, MayLeaveTheCanvas) {
  EXPECT_GT(painted("brush=0.2 -3,0.5 4,0.5").sum(), 64 * 5);
  EXPECT_EQ(painted("brush=0.2 -3,-3 -2,-2").sum(), 0);
}

}  // namespace
}  // namespace weft::painting
