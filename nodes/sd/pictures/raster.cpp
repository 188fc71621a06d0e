#include "nodes/sd/pictures/raster.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "base/error.h"

namespace weft::sd {
namespace {

painting::Canvas canvas_of(at::Tensor& covered) {
  return {static_cast<int>(covered.size(1)), static_cast<int>(covered.size(0)),
      {covered.data_ptr<float>(), static_cast<std::size_t>(covered.numel())}};
}

}  // namespace

std::vector<Point> parse_points(std::string_view text, std::int64_t height, std::int64_t width) {
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

at::Tensor cover_stroke(std::span<const Point> points, double line_width, std::int64_t height, std::int64_t width) {
  at::Tensor covered = at::zeros({height, width}, at::kFloat);
  painting::cover_stroke(points, {.width = line_width}, canvas_of(covered));
  return covered;
}

at::Tensor cover_polygon(std::span<const Point> points, std::int64_t height, std::int64_t width) {
  at::Tensor covered = at::zeros({height, width}, at::kFloat);
  painting::cover_polygon(points, canvas_of(covered));
  return covered;
}

at::Tensor cover(std::span<const painting::Stroke> strokes, const painting::Manner& manner, std::int64_t height,
    std::int64_t width) {
  at::Tensor covered = at::zeros({height, width}, at::kFloat);
  for (const painting::Stroke& stroke : strokes) painting::apply(stroke, manner, canvas_of(covered));
  return covered;
}

}  // namespace weft::sd
