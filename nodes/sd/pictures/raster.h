// Strokes and polygons as pixels: how much of each pixel is covered, 0 to 1, smooth at the edges. For masks and for plots.
//
// Coordinates are in pixels; a pixel's centre is at (column + 0.5, row + 0.5).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "painting/painting.h"

namespace weft::sd {

using painting::Point;

/// "0.1,0.5 0.9,0.5": points x,y in parts of the width and the height, as points in pixels. Throws NodeError naming what is
/// no point.
std::vector<Point> parse_points(std::string_view text, std::int64_t height, std::int64_t width);

/// A line through the points, round at its ends and corners; one point is a dot. Returns [height, width] float32.
at::Tensor cover_stroke(std::span<const Point> points, double line_width, std::int64_t height, std::int64_t width);

/// The inside of a closed polygon (where it crosses itself: even-odd). Returns [height, width] float32.
at::Tensor cover_polygon(std::span<const Point> points, std::int64_t height, std::int64_t width);

/// What the strokes of a painting cover together. Returns [height, width] float32.
at::Tensor cover(
    std::span<const painting::Stroke> strokes, const painting::Manner& manner, std::int64_t height, std::int64_t width);

}  // namespace weft::sd
