#include "nodes/sd/raster.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <sstream>

#include "graph/error.h"

namespace weft::sd {
namespace {

double distance_to_segment(Point p, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  const double along = length == 0 ? 0 : std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0);
  return std::hypot(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

/// The columns (or rows) that `low` to `high` can touch.
std::pair<int64_t, int64_t> touched(double low, double high, int64_t count) {
  const auto limit = [count](double v) { return std::clamp<int64_t>(static_cast<int64_t>(std::floor(v)), 0, count); };
  return {limit(low), limit(high + 1)};
}

}  // namespace

std::vector<Point> parse_points(std::string_view text, int64_t height, int64_t width) {
  std::vector<Point> points;
  std::istringstream words{std::string(text)};
  for (std::string word; words >> word;) {
    double x = 0, y = 0;
    const char* const end = word.data() + word.size();
    const auto first = std::from_chars(word.data(), end, x);
    const bool comma = first.ec == std::errc() && first.ptr != end && *first.ptr == ',';
    const auto second = comma ? std::from_chars(first.ptr + 1, end, y) : first;
    if (!comma || second.ec != std::errc() || second.ptr != end)
      throw NodeError(fmt::format("'{}' in the shape '{}' is no point", word, text),
                      "write a point as x,y in parts of the width and the height, such as 0.25,0.5");
    points.push_back({x * static_cast<double>(width), y * static_cast<double>(height)});
  }
  return points;
}

at::Tensor cover_stroke(std::span<const Point> points, double line_width, int64_t height, int64_t width) {
  at::Tensor covered = at::zeros({height, width}, at::kFloat);
  auto pixels = covered.accessor<float, 2>();
  const double radius = line_width / 2;
  for (size_t i = 0; i < points.size(); ++i) {
    if (i == 0 && points.size() > 1) continue;
    const Point a = points[i == 0 ? 0 : i - 1], b = points[i];
    const auto [left, right] = touched(std::min(a.x, b.x) - radius - 1, std::max(a.x, b.x) + radius + 1, width);
    const auto [top, bottom] = touched(std::min(a.y, b.y) - radius - 1, std::max(a.y, b.y) + radius + 1, height);
    for (int64_t y = top; y < bottom; ++y)
      for (int64_t x = left; x < right; ++x) {
        const Point centre{static_cast<double>(x) + 0.5, static_cast<double>(y) + 0.5};
        const double share = std::clamp(radius + 0.5 - distance_to_segment(centre, a, b), 0.0, 1.0);
        pixels[y][x] = std::max(pixels[y][x], static_cast<float>(share));
      }
  }
  return covered;
}

at::Tensor cover_polygon(std::span<const Point> points, int64_t height, int64_t width) {
  constexpr int64_t kRows = 4;  // scan lines a pixel; across, shares are exact
  at::Tensor covered = at::zeros({height, width}, at::kFloat);
  auto pixels = covered.accessor<float, 2>();
  for (int64_t line = 0; line < height * kRows; ++line) {
    const double y = (static_cast<double>(line) + 0.5) / kRows;
    std::vector<double> crossings;
    for (size_t i = 0; i < points.size(); ++i) {
      const Point a = points[i], b = points[(i + 1) % points.size()];
      if ((a.y <= y) != (b.y <= y)) crossings.push_back(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x));
    }
    std::ranges::sort(crossings);
    for (size_t i = 0; i + 1 < crossings.size(); i += 2) {
      const auto [left, right] = touched(crossings[i], crossings[i + 1], width);
      for (int64_t x = left; x < right; ++x) {
        const double share = std::min(crossings[i + 1], static_cast<double>(x) + 1) -
                             std::max(crossings[i], static_cast<double>(x));
        pixels[line / kRows][x] += static_cast<float>(std::clamp(share, 0.0, 1.0) / kRows);
      }
    }
  }
  return covered.clamp_(0, 1);
}

}  // namespace weft::sd
