// Places and sizes on the canvas, in canvas units: one is a pixel at a zoom of 100 %. x grows to the right, y
// downwards.
#pragma once

namespace weft::editor {

struct Point {
  double x = 0;
  double y = 0;
  auto operator<=>(const Point&) const = default;
  Point operator+(Point other) const { return {x + other.x, y + other.y}; }
  Point operator-(Point other) const { return {x - other.x, y - other.y}; }
};

struct Size {
  double width = 0;
  double height = 0;
  auto operator<=>(const Size&) const = default;
};

struct Rect {
  Point at;  ///< top left
  Size size;
  auto operator<=>(const Rect&) const = default;

  double right() const { return at.x + size.width; }
  double bottom() const { return at.y + size.height; }
  bool contains(const Rect& other) const {
    return at.x <= other.at.x && at.y <= other.at.y && right() >= other.right() && bottom() >= other.bottom();
  }
  /// Touching edges are no overlap.
  bool overlaps(const Rect& other) const {
    return at.x < other.right() && other.at.x < right() && at.y < other.bottom() && other.at.y < bottom();
  }
};

}  // namespace weft::editor
