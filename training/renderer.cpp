#include "training/renderer.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <span>

namespace weft::paper_cut {
namespace {

constexpr float kPi = std::numbers::pi_v<float>;

struct Rgb {
  float r = 0, g = 0, b = 0;
};

Rgb mix(Rgb a, Rgb b, float t) { return {a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t}; }
Rgb scaled(Rgb c, float r, float g, float b) { return {c.r * r, c.g * g, c.b * b}; }

struct Point {
  float x = 0, y = 0;
};
using Polygon = std::vector<Point>;

// ---- coverage: how much of each pixel a shape covers ------------------------------------------------------

using Coverage = std::vector<float>;  // [kSize * kSize], 0..1

/// Adds one span of a scan line, exact at both ends.
void add_span(float* row, float from, float to, float weight) {
  from = std::clamp(from, 0.f, float(kSize));
  to = std::clamp(to, 0.f, float(kSize));
  if (to <= from) return;
  const int first = int(from), last = std::min(int(to), kSize - 1);
  if (first == last) {
    row[first] += weight * (to - from);
    return;
  }
  row[first] += weight * (float(first + 1) - from);
  for (int x = first + 1; x < last; ++x) row[x] += weight;
  row[last] += weight * (to - float(last));
}

/// Fills a polygon (even-odd) with four scan lines a pixel.
void fill(Coverage& coverage, const Polygon& polygon) {
  constexpr int kLines = 4;
  std::vector<float> crossings;
  for (int line = 0; line < kSize * kLines; ++line) {
    const float y = (float(line) + 0.5f) / kLines;
    crossings.clear();
    for (std::size_t i = 0; i < polygon.size(); ++i) {
      const Point a = polygon[i], b = polygon[(i + 1) % polygon.size()];
      if ((a.y <= y) != (b.y <= y)) crossings.push_back(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x));
    }
    std::sort(crossings.begin(), crossings.end());
    float* row = &coverage[std::size_t(line / kLines * kSize)];
    for (std::size_t i = 0; i + 1 < crossings.size(); i += 2)
      add_span(row, crossings[i], crossings[i + 1], 1.f / kLines);
  }
  for (float& c : coverage) c = std::min(c, 1.f);
}

/// One pass of a box filter of `radius` along a line of kSize pixels that lie `step` apart; clamps at the
/// ends.
void box_line(const float* in, float* out, int step, int radius) {
  const auto at = [&](int i) { return in[std::clamp(i, 0, kSize - 1) * step]; };
  float sum = 0;
  for (int i = -radius; i <= radius; ++i) sum += at(i);
  for (int i = 0; i < kSize; ++i) {
    out[i * step] = sum / float(2 * radius + 1);
    sum += at(i + radius + 1) - at(i - radius);
  }
}

Coverage blurred(const Coverage& coverage, int radius) {
  Coverage a = coverage, b(coverage.size());
  for (int pass = 0; pass < 2; ++pass) {
    for (int y = 0; y < kSize; ++y) box_line(&a[std::size_t(y * kSize)], &b[std::size_t(y * kSize)], 1, radius);
    for (int x = 0; x < kSize; ++x) box_line(&b[std::size_t(x)], &a[std::size_t(x)], kSize, radius);
  }
  return a;
}

// ---- shapes -----------------------------------------------------------------------------------------------

/// A closed curve through the points (Catmull-Rom).
Polygon smooth(const Polygon& points) {
  Polygon curve;
  const std::size_t n = points.size();
  for (std::size_t i = 0; i < n; ++i) {
    const Point p0 = points[(i + n - 1) % n], p1 = points[i], p2 = points[(i + 1) % n], p3 = points[(i + 2) % n];
    for (int k = 0; k < 6; ++k) {
      const float t = float(k) / 6, t2 = t * t, t3 = t2 * t;
      const auto blend = [&](float a, float b, float c, float d) {
        return 0.5f * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t2 + (3 * b - a - 3 * c + d) * t3);
      };
      curve.push_back({blend(p0.x, p1.x, p2.x, p3.x), blend(p0.y, p1.y, p2.y, p3.y)});
    }
  }
  return curve;
}

Polygon ellipse(Point center, float rx, float ry) {
  Polygon shape;
  for (int i = 0; i < 40; ++i) {
    const float angle = 2 * kPi * float(i) / 40;
    shape.push_back({center.x + rx * std::cos(angle), center.y + ry * std::sin(angle)});
  }
  return shape;
}

/// Everything below a wavy line.
Polygon waves(Dice& dice, float y, float amplitude, float lengths) {
  const float phase = dice.uniform(0, 2 * kPi), phase2 = dice.uniform(0, 2 * kPi);
  Polygon shape;
  for (float x = -4; x <= kSize + 4; x += 3) {
    const float u = x / kSize * 2 * kPi;
    shape.push_back(
        {x, y + amplitude * (0.75f * std::sin(lengths * u + phase) + 0.25f * std::sin(2.3f * lengths * u + phase2))});
  }
  shape.push_back({kSize + 4.f, kSize + 4.f});
  shape.push_back({-4, kSize + 4.f});
  return shape;
}

/// A row of pointed paper mountains, and the snow on their tops.
struct Range {
  Polygon rock;
  std::vector<Polygon> caps;
};

Range mountains(Dice& dice, float foot, float height, float spacing) {
  Range range;
  float x = -spacing * dice.uniform(0.2f, 0.8f);
  range.rock.push_back({x - spacing, foot});
  while (x < kSize + spacing) {
    const Point peak{x, foot - height * dice.uniform(0.75f, 1.1f)};
    const float right = spacing * dice.uniform(0.45f, 0.55f), valley = foot - height * dice.uniform(0.2f, 0.35f);
    range.rock.push_back(peak);
    range.rock.push_back({x + right, valley});
    const float drop = height * 0.3f, slope = spacing * 0.5f / (height * 0.68f);
    range.caps.push_back({peak, {peak.x + drop * slope, peak.y + drop},
        {peak.x + drop * slope * 0.3f, peak.y + drop * 0.75f}, {peak.x - drop * slope * 0.2f, peak.y + drop * 1.25f},
        {peak.x - drop * slope * 0.5f, peak.y + drop * 0.8f}, {peak.x - drop * slope, peak.y + drop}});
    x += spacing * dice.uniform(0.9f, 1.1f);
  }
  range.rock.push_back({kSize + 20.f, kSize + 4.f});
  range.rock.push_back({-20, kSize + 4.f});
  return range;
}

// ---- paper ------------------------------------------------------------------------------------------------

/// How a sheet is laid on the others.
struct Sheet {
  Rgb top, bottom;  ///< color, from the top of the picture to its bottom
  Label label;
  float shadow = 0.3f;  ///< how dark its shadow is; 0: printed, not laid on
  float opacity = 1;
  Point light = {0, 0};  ///< where the shadow falls
};

/// The picture while it is made, sheet by sheet.
class Table {
 public:
  Table() : color_(kSize * kSize), picture_{std::vector<std::uint8_t>(kSize * kSize * 3), {}} {
    picture_.labels.assign(kSize * kSize, Label::Sky);
  }

  void background(Rgb top, Rgb bottom) {
    for (int i = 0; i < kSize * kSize; ++i)
      color_[std::size_t(i)] = mix(top, bottom, std::min(1.f, float(i / kSize) / 88));
  }

  void lay(const Coverage& coverage, const Sheet& sheet) {
    if (sheet.shadow > 0) cast_shadow(coverage, sheet);
    for (int i = 0; i < kSize * kSize; ++i) {
      const float c = coverage[std::size_t(i)];
      if (c <= 0) continue;
      const Rgb paper = mix(sheet.top, sheet.bottom, float(i / kSize) / kSize);
      color_[std::size_t(i)] = mix(color_[std::size_t(i)], paper, c * sheet.opacity);
      if (c > 0.5f) picture_.labels[std::size_t(i)] = sheet.label;
    }
  }

  void lay(std::span<const Polygon> shapes, const Sheet& sheet) {
    Coverage coverage(kSize * kSize);
    for (const Polygon& shape : shapes) fill(coverage, shape);
    lay(coverage, sheet);
  }

  void lay(const Polygon& shape, const Sheet& sheet) { lay(std::span(&shape, 1), sheet); }

  Picture finish() && {
    const auto byte = [](float v) { return static_cast<std::uint8_t>(std::clamp(v + 0.5f, 0.f, 255.f)); };
    for (std::size_t i = 0; i < color_.size(); ++i) {
      picture_.rgb[3 * i] = byte(color_[i].r);
      picture_.rgb[3 * i + 1] = byte(color_[i].g);
      picture_.rgb[3 * i + 2] = byte(color_[i].b);
    }
    return std::move(picture_);
  }

 private:
  void cast_shadow(const Coverage& coverage, const Sheet& sheet) {
    const Coverage soft = blurred(coverage, 2);
    const int dx = int(sheet.light.x), dy = int(sheet.light.y);
    for (int y = 0; y < kSize; ++y) {
      for (int x = 0; x < kSize; ++x) {
        const int from = std::clamp(y - dy, 0, kSize - 1) * kSize + std::clamp(x - dx, 0, kSize - 1);
        Rgb& c = color_[std::size_t(y * kSize + x)];
        c = mix(c, scaled(c, 0.35f, 0.3f, 0.45f), sheet.shadow * soft[std::size_t(from)]);
      }
    }
  }

  std::vector<Rgb> color_;
  Picture picture_;
};

// ---- palettes ---------------------------------------------------------------------------------------------

struct Sky {
  Rgb top, bottom, cloud, light, halo;
};

Sky sky_of(Time time) {
  switch (time) {
    case Time::Day:
      return {{104, 182, 226}, {214, 238, 240}, {248, 250, 248}, {255, 206, 64}, {255, 246, 206}};
    case Time::Sunset:
      return {{98, 66, 128}, {250, 158, 96}, {226, 124, 116}, {255, 190, 84}, {255, 176, 110}};
    case Time::Night:
      return {{20, 26, 66}, {62, 78, 138}, {50, 60, 114}, {250, 240, 200}, {104, 118, 170}};
    case Time::Dawn:
      return {{244, 178, 186}, {254, 236, 206}, {255, 226, 220}, {252, 140, 116}, {255, 214, 190}};
  }
  return {};
}

/// The light of the hour on a paper of the landscape.
Rgb lit(Rgb paper, Time time) {
  switch (time) {
    case Time::Day:
      return paper;
    case Time::Sunset:
      return scaled(mix(paper, {226, 110, 96}, 0.22f), 0.90f, 0.82f, 0.86f);
    case Time::Night: {  // moonlight stays on bright papers, so that snow still looks like snow
      const float light = 0.26f + 0.36f * (paper.r + paper.g + paper.b) / 765;
      return scaled(mix(paper, {70, 90, 170}, 0.15f), light, light + 0.05f, light + 0.2f);
    }
    case Time::Dawn:
      return mix(paper, {252, 206, 200}, 0.24f);
  }
  return paper;
}

/// A subject keeps its named color at every hour, only a little dimmed.
Rgb subject_lit(Rgb paper, Time time) {
  switch (time) {
    case Time::Day:
      return paper;
    case Time::Sunset:
      return scaled(paper, 0.98f, 0.93f, 0.93f);
    case Time::Night:
      return scaled(paper, 0.84f, 0.86f, 0.94f);
    case Time::Dawn:
      return mix(paper, {255, 226, 220}, 0.08f);
  }
  return paper;
}

Rgb paint(Color color) {
  switch (color) {
    case Color::Red:
      return {206, 44, 48};
    case Color::Blue:
      return {38, 78, 196};
    case Color::Yellow:
      return {250, 206, 44};
    case Color::Green:
      return {16, 142, 82};
    case Color::White:
      return {252, 250, 244};
    case Color::None:
      break;
  }
  return {};
}

// ---- parts of the landscape -------------------------------------------------------------------------------

void draw_sky(Table& table, const Scene& scene, Dice& dice) {
  const Sky sky = sky_of(scene.time);
  table.background(sky.top, sky.bottom);
  const float side = scene.light == Light::Left ? 1.f
      : scene.light == Light::Right             ? -1.f
      : dice.chance(0.5f)                       ? 1.f
                                                : -1.f;
  const Point at{64 - side * dice.uniform(27, 39), dice.uniform(22, 32)};
  const float radius = dice.uniform(11, 13.5f);
  if (scene.light != Light::None) {
    for (const float ring : {2.6f, 1.75f}) {
      table.lay(ellipse(at, radius * ring, radius * ring), {sky.halo, sky.halo, Label::Sky, 0, 0.22f});
    }
    const bool moon = scene.time == Time::Night;
    Coverage disc(kSize * kSize);
    fill(disc, ellipse(at, radius, radius));
    if (moon) {  // a crescent: what is left of the disc beside a second one
      Coverage bite(kSize * kSize);
      fill(bite, ellipse({at.x + 0.55f * radius, at.y - 0.25f * radius}, 0.85f * radius, 0.85f * radius));
      for (std::size_t i = 0; i < disc.size(); ++i) disc[i] = std::max(0.f, disc[i] - bite[i]);
    }
    table.lay(disc, {sky.light, sky.light, moon ? Label::Moon : Label::Sun, 0.12f});
  }
  const int clouds = dice.below(3);
  for (int i = 0; i < clouds; ++i) {  // clouds keep away from the sun
    const Point c{64 + side * dice.uniform(12, 56), 18 + 17 * float(i) + dice.uniform(-4, 4)};
    const float w = dice.uniform(12, 17);
    const std::array puffs = {ellipse({c.x - 0.7f * w, c.y + 1}, 0.6f * w, 0.28f * w), ellipse(c, 0.65f * w, 0.46f * w),
        ellipse({c.x + 0.8f * w, c.y + 1.5f}, 0.55f * w, 0.24f * w)};
    table.lay(puffs, {sky.cloud, sky.cloud, Label::Sky, 0.08f, 0.75f});
  }
}

/// The papers of a ground from far to near: all but the last lie behind the subject.
using Ground4 = std::array<Rgb, 4>;

Ground4 papers(Ground ground) {
  switch (ground) {
    case Ground::Hills:
      return {{{196, 208, 142}, {168, 192, 112}, {142, 172, 92}, {112, 148, 78}}};
    case Ground::Mountains:
      return {{{176, 166, 200}, {120, 114, 162}, {132, 148, 132}, {98, 120, 108}}};
    case Ground::Sea:
      return {{{126, 200, 206}, {82, 172, 190}, {50, 140, 170}, {30, 108, 146}}};
    case Ground::Snow:
      return {{{176, 200, 226}, {198, 216, 236}, {216, 230, 244}, {234, 242, 250}}};
    case Ground::Desert:
      return {{{246, 208, 152}, {236, 182, 120}, {222, 156, 92}, {200, 128, 74}}};
  }
  return {};
}

Label label_of_ground(Ground ground) { return Label(int(Label::Hills) + int(ground)); }

Sheet ground_sheet(Rgb paper, Time time, Label label) {
  return {lit(mix(paper, {255, 255, 255}, 0.12f), time), lit(scaled(paper, 0.92f, 0.92f, 0.94f), time), label, 0.34f};
}

/// Lays the three sheets behind the subject; the fourth comes after it.
void draw_ground(Table& table, const Scene& scene, Dice& dice) {
  const Ground4 paper = papers(scene.ground);
  const Label label = label_of_ground(scene.ground);
  const auto sheet = [&](int i) { return ground_sheet(paper[std::size_t(i)], scene.time, label); };
  const float horizon = dice.uniform(66, 72);
  switch (scene.ground) {
    case Ground::Mountains: {
      table.lay(mountains(dice, horizon + 12, 40, 38).rock, sheet(0));
      const Range near = mountains(dice, horizon + 22, 44, 54);
      table.lay(near.rock, sheet(1));
      const Rgb snow = lit({244, 244, 250}, scene.time);
      table.lay(near.caps, {snow, snow, label, 0});
      table.lay(waves(dice, horizon + 23, 3, 0.8f), sheet(2));
      return;
    }
    case Ground::Sea:
      table.lay(waves(dice, horizon, 0, 1), sheet(0));
      table.lay(waves(dice, horizon + 10, 1.8f, 2.2f), sheet(1));
      table.lay(waves(dice, horizon + 22, 2.4f, 1.9f), sheet(2));
      return;
    case Ground::Hills:
    case Ground::Snow:
    case Ground::Desert: {
      const bool dunes = scene.ground == Ground::Desert;
      table.lay(waves(dice, horizon, dunes ? 5 : 8, dunes ? 0.8f : 1.3f), sheet(0));
      table.lay(waves(dice, horizon + 12, dunes ? 6 : 7, dunes ? 0.6f : 1.1f), sheet(1));
      table.lay(waves(dice, horizon + 25, 5, dunes ? 0.5f : 0.9f), sheet(2));
      return;
    }
  }
}

/// Whether a beach lies in front of the sea: for subjects that stand on land.
bool on_a_beach(const Scene& scene) {
  return scene.ground == Ground::Sea && scene.subject != Subject::Boat && scene.subject != Subject::None;
}

// ---- the subject ------------------------------------------------------------------------------------------

/// Puts shapes given in units of the subject (x to the right, y up, the foot at 0) onto the table.
class Stand {
 public:
  Stand(Table& table, const Scene& scene, Point foot, float scale, bool mirrored)
      : table_(table), scene_(scene), foot_(foot), scale_(scale), mirror_(mirrored ? -scale : scale) {
    label_ = label_of(scene.subject);
  }

  void lay(const Polygon& shape, Rgb paper, float shadow) const {
    Polygon placed;
    for (const Point p : shape) placed.push_back({foot_.x + mirror_ * p.x, foot_.y - scale_ * p.y});
    const Rgb color = subject_lit(paper, scene_.time);
    table_.lay(placed, {color, color, label_, shadow, 1, {1, 1}});
  }

 private:
  Table& table_;
  const Scene& scene_;
  Point foot_;
  float scale_, mirror_;
  Label label_;
};

void draw_house(const Stand& stand, Rgb walls, bool lights_on) {
  const Rgb roof{92, 56, 66}, door{84, 52, 58};
  const Rgb window = lights_on ? Rgb{255, 226, 130} : Rgb{150, 190, 214};
  stand.lay({{9, 30}, {15, 30}, {15, 48}, {9, 48}}, roof, 0.2f);
  stand.lay({{-19, -4}, {19, -4}, {19, 27}, {-19, 27}}, walls, 0.45f);
  stand.lay({{-24, 25}, {24, 25}, {0, 48}}, roof, 0.3f);
  stand.lay({{-13, -4}, {-4, -4}, {-4, 16}, {-13, 16}}, door, 0);
  stand.lay({{3, 8}, {13, 8}, {13, 18}, {3, 18}}, window, 0);
}

void draw_tree(const Stand& stand, Rgb leaves) {
  stand.lay({{-4, -4}, {4, -4}, {4, 16}, {-4, 16}}, {96, 62, 50}, 0.4f);
  for (int tier = 0; tier < 3; ++tier) {
    const float low = 10 + 14 * float(tier), half = 21 - 4.5f * float(tier);
    stand.lay({{-half, low}, {half, low}, {0, low + 25}},
        scaled(leaves, 0.88f + 0.06f * float(tier), 0.88f + 0.06f * float(tier), 0.88f + 0.06f * float(tier)), 0.4f);
  }
}

void draw_boat(const Stand& stand, Rgb sail) {
  stand.lay({{-1.5f, 6}, {1.5f, 6}, {1.5f, 54}, {-1.5f, 54}}, {88, 56, 50}, 0.2f);
  stand.lay({{3, 14}, {24, 14}, {3, 52}}, sail, 0.4f);
  stand.lay({{-3, 14}, {-19, 14}, {-3, 44}}, scaled(sail, 0.9f, 0.9f, 0.9f), 0.3f);
  stand.lay(smooth({{-24, 11}, {0, 9}, {25, 11}, {17, -5}, {-16, -5}}), {122, 70, 52}, 0.45f);
}

/// A sitting fox seen from the front, its tail beside it; the arctic fox has rounder ears and a fuller coat.
void draw_fox(const Stand& stand, bool arctic) {
  const Rgb coat = arctic ? Rgb{252, 252, 255} : Rgb{232, 112, 36};
  const Rgb shade = arctic ? Rgb{206, 220, 240} : Rgb{206, 88, 28};
  const Rgb light = arctic ? Rgb{226, 236, 250} : Rgb{255, 240, 220};
  const Rgb dark{56, 42, 52};
  const float fluff = arctic ? 1.12f : 1;
  stand.lay(smooth({{6, -3}, {22 * fluff, -1}, {26 * fluff, 10}, {20 * fluff, 24}, {15, 14}, {8, 8}}), shade, 0.4f);
  stand.lay(smooth({{20 * fluff, 24}, {16, 16}, {24 * fluff, 13}}), light, 0);
  stand.lay(
      smooth({{-12 * fluff, -4}, {12 * fluff, -4}, {13 * fluff, 8}, {8, 24}, {-8, 24}, {-13 * fluff, 8}}), coat, 0.4f);
  stand.lay(smooth({{-5, -4}, {5, -4}, {6, 10}, {0, 22}, {-6, 10}}), light, 0);
  if (arctic) {
    stand.lay(ellipse({-9.5f, 43}, 4.5f, 6), coat, 0.3f);
    stand.lay(ellipse({9.5f, 43}, 4.5f, 6), coat, 0.3f);
  } else {
    stand.lay({{-15, 34}, {-14, 52}, {-2, 42}}, coat, 0.3f);
    stand.lay({{15, 34}, {14, 52}, {2, 42}}, coat, 0.3f);
  }
  stand.lay(smooth({{-10, 44}, {10, 44}, {17 * fluff, 31}, {5, 20}, {-5, 20}, {-17 * fluff, 31}}), coat, 0.35f);
  stand.lay(smooth({{-15 * fluff, 30}, {-5, 32}, {0, 29}, {5, 32}, {15 * fluff, 30}, {5, 21}, {-5, 21}}), light, 0);
  stand.lay(ellipse({0, 24}, 2.6f, 2.2f), dark, 0);
  stand.lay(ellipse({-7, 34.5f}, 1.9f, 2.3f), dark, 0);
  stand.lay(ellipse({7, 34.5f}, 1.9f, 2.3f), dark, 0);
}

void draw_subject(Table& table, const Scene& scene, Dice& dice) {
  const float foot_x = 64 + 35 * float(int(scene.place) - int(Place::Middle)) + dice.uniform(-4, 4);
  const Stand stand(table, scene, {foot_x, dice.uniform(108, 112)}, dice.uniform(0.94f, 1.06f), dice.chance(0.5f));
  const Rgb color = paint(scene.color);
  switch (scene.subject) {
    case Subject::None:
      return;
    case Subject::House:
      return draw_house(stand, color, scene.time == Time::Night && scene.color != Color::Yellow);
    case Subject::Tree:
      return draw_tree(stand, color);
    case Subject::Boat:
      return draw_boat(stand, color);
    case Subject::Fox:
      return draw_fox(stand, false);
    case Subject::ArcticFox:
      return draw_fox(stand, true);
  }
}

}  // namespace

Label label_of(Subject subject) {
  return subject == Subject::None ? Label::Sky : Label(int(Label::House) + int(subject) - 1);
}

Picture render(const Scene& scene, std::uint64_t seed) {
  Dice dice(seed);
  Table table;
  draw_sky(table, scene, dice);
  draw_ground(table, scene, dice);
  Rgb front = papers(scene.ground)[3];
  Label front_label = label_of_ground(scene.ground);
  if (on_a_beach(scene)) {
    const Rgb sand{244, 214, 160};
    table.lay(waves(dice, dice.uniform(97, 101), 2.5f, 0.7f), ground_sheet(sand, scene.time, Label::Shore));
    front = scaled(sand, 0.9f, 0.86f, 0.8f);
    front_label = Label::Shore;
  }
  draw_subject(table, scene, dice);
  const bool water = scene.ground == Ground::Sea && !on_a_beach(scene);
  table.lay(waves(dice, dice.uniform(111, 115), water ? 2.2f : 3, water ? 2.1f : 0.9f),
      ground_sheet(front, scene.time, front_label));
  return std::move(table).finish();
}

}  // namespace weft::paper_cut
