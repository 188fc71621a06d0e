// Paintings: strokes of a brush as text, which stands in a workflow as the value of a param, and how much of
// each pixel they cover. A line is a stroke, in the order in which they were made:
//
//   0.2,0.5 0.8,0.5                          through these points x,y, in parts of the width and the height
//   brush=0.05 hardness=0.4 0.1,0.1          with a brush of its own: a dot, as a part of the shorter side; 1
//   is hard erase brush=0.05 0.5,0.2 0.5,0.8         takes away invert                                   what
//   was covered so far is not, and the other way round
//
// No torch, no ImGui. [any thread]
#pragma once

#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weft::painting {

struct Point {
  double x = 0, y = 0;
  bool operator==(const Point&) const = default;
};

struct Stroke {
  enum class Kind : unsigned char { Paint, Erase, Invert };
  Kind kind = Kind::Paint;
  std::optional<double> brush = {};  ///< width, as a part of the shorter side; none: the usual one
  double hardness = 1;               ///< 0: fades from the middle on; 1: whole up to the edge
  std::vector<Point> points = {};    ///< in parts of the width and the height
  bool operator==(const Stroke&) const = default;
};

/// The text holds something that is no stroke; what() quotes it and says what would be one.
struct Misread : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// Empty lines are left out. Throws Misread.
std::vector<Stroke> parse(std::string_view text);
std::string to_text(const Stroke& stroke);  ///< a line, without its end
std::string to_text(std::span<const Stroke> strokes);

/// Rows of pixels from 0 to 1; pixel centres are at (column + 0.5, row + 0.5).
struct Canvas {
  int width = 0, height = 0;
  std::span<float> pixels;  ///< width * height
};

/// How a line of this width (pixels) covers: whole up to its edge, or fading towards it.
struct Brush {
  double width = 1;
  double hardness = 1;
  bool erases = false;
};

/// A line through the points (in pixels), round at its ends and corners; one point is a dot. What is covered
/// twice counts once.
void cover_stroke(std::span<const Point> points, const Brush& brush, Canvas canvas);

/// The inside of a closed polygon (where it crosses itself: even-odd); adds to what the canvas, at first 0,
/// holds.
void cover_polygon(std::span<const Point> points, Canvas canvas);

/// What strokes of a painting are made with.
struct Manner {
  bool polygons = false;  ///< points are corners of a polygon, and brushes do not count
  double brush = 0.1;     ///< the usual one
};

/// Makes a stroke upon what is there.
void apply(const Stroke& stroke, const Manner& manner, Canvas canvas);

}  // namespace weft::painting
