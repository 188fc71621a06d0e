#include "painting/painting.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <sstream>

namespace weft::painting {
namespace {

// ---- Text ----

[[noreturn]] void misread(const std::string& word, const std::string& line) {
  throw Misread(
      fmt::format("'{}' in the stroke '{}' is neither a point x,y such as 0.25,0.5 nor one of erase, invert, "
                  "brush=0.1 and hardness=0.5",
          word, line));
}

/// The whole text as a number.
std::optional<double> number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
  return whole ? std::optional(value) : std::nullopt;
}

std::optional<Point> point(std::string_view word) {
  const std::size_t comma = word.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const auto x = number(word.substr(0, comma)), y = number(word.substr(comma + 1));
  return x && y ? std::optional(Point{*x, *y}) : std::nullopt;
}

Stroke parse_line(const std::string& line) {
  constexpr std::string_view kBrush = "brush=", kHardness = "hardness=";
  Stroke stroke;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    if (const auto read = point(word)) {
      stroke.points.push_back(*read);
    } else if (word == "erase") {
      stroke.kind = Stroke::Kind::Erase;
    } else if (word == "invert") {
      stroke.kind = Stroke::Kind::Invert;
    } else if (const auto width = number(std::string_view(word).substr(std::min(word.size(), kBrush.size())));
        word.starts_with(kBrush) && width && *width > 0) {
      stroke.brush = *width;
    } else if (const auto part = number(std::string_view(word).substr(std::min(word.size(), kHardness.size())));
        word.starts_with(kHardness) && part) {
      stroke.hardness = std::clamp(*part, 0.0, 1.0);
    } else {
      misread(word, line);
    }
  }
  return stroke;
}

/// With four digits after the point, which is a tenth of a pixel of a thousand, and none that say nothing.
std::string text_of(double value) {
  char text[32];
  const auto [end, error] = std::to_chars(std::begin(text), std::end(text), value, std::chars_format::fixed, 4);
  std::string written(text, error == std::errc() ? end : text);
  while (written.ends_with('0')) written.pop_back();
  if (written.ends_with('.')) written.pop_back();
  return written == "-0" ? "0" : written;
}

// ---- Pixels ----

double distance_to_segment(Point p, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y, length = dx * dx + dy * dy;
  const double along = length == 0 ? 0 : std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / length, 0.0, 1.0);
  return std::hypot(p.x - a.x - along * dx, p.y - a.y - along * dy);
}

/// The columns (or rows) that `low` to `high` can touch.
std::pair<int, int> touched(double low, double high, int count) {
  const auto limit = [count](double v) { return static_cast<int>(std::clamp(std::floor(v), 0.0, double(count))); };
  return {limit(low), limit(high + 1)};
}

float& at(Canvas canvas, int x, int y) {
  return canvas
      .pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(canvas.width) + static_cast<std::size_t>(x)];
}

void blend(float& pixel, float share, bool erases) {
  pixel = erases ? std::min(pixel, 1 - share) : std::max(pixel, share);
}

void cover_segment(Point a, Point b, const Brush& brush, Canvas canvas) {
  const double radius = brush.width / 2, fade = radius * (1 - brush.hardness) + 1;  // a pixel at the least
  const auto [left, right] = touched(std::min(a.x, b.x) - radius - 1, std::max(a.x, b.x) + radius + 1, canvas.width);
  const auto [top, bottom] = touched(std::min(a.y, b.y) - radius - 1, std::max(a.y, b.y) + radius + 1, canvas.height);
  for (int y = top; y < bottom; ++y)
    for (int x = left; x < right; ++x) {
      const double distance = distance_to_segment({x + 0.5, y + 0.5}, a, b);
      blend(at(canvas, x, y), static_cast<float>(std::clamp((radius + 0.5 - distance) / fade, 0.0, 1.0)), brush.erases);
    }
}

}  // namespace

std::vector<Stroke> parse(std::string_view text) {
  std::vector<Stroke> strokes;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    Stroke stroke = parse_line(line);
    if (stroke.kind == Stroke::Kind::Invert || !stroke.points.empty()) strokes.push_back(std::move(stroke));
  }
  return strokes;
}

std::string to_text(const Stroke& stroke) {
  if (stroke.kind == Stroke::Kind::Invert) return "invert";
  std::string text = stroke.kind == Stroke::Kind::Erase ? "erase " : "";
  if (stroke.brush) text += fmt::format("brush={} ", text_of(*stroke.brush));
  if (stroke.hardness < 1) text += fmt::format("hardness={} ", text_of(stroke.hardness));
  for (const Point& each : stroke.points) text += fmt::format("{},{} ", text_of(each.x), text_of(each.y));
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

std::string to_text(std::span<const Stroke> strokes) {
  std::string text;
  for (const Stroke& stroke : strokes) {
    if (!text.empty()) text += '\n';
    text += to_text(stroke);
  }
  return text;
}

void cover_stroke(std::span<const Point> points, const Brush& brush, Canvas canvas) {
  if (points.size() == 1) cover_segment(points[0], points[0], brush, canvas);
  for (std::size_t i = 1; i < points.size(); ++i) cover_segment(points[i - 1], points[i], brush, canvas);
}

void cover_polygon(std::span<const Point> points, Canvas canvas) {
  constexpr int kRows = 4;  // scan lines a pixel; across, shares are exact
  std::vector<double> crossings;
  for (int line = 0; line < canvas.height * kRows; ++line) {
    const double y = (line + 0.5) / kRows;
    crossings.clear();
    for (std::size_t i = 0; i < points.size(); ++i) {
      const Point a = points[i], b = points[(i + 1) % points.size()];
      if ((a.y <= y) != (b.y <= y)) crossings.push_back(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x));
    }
    std::ranges::sort(crossings);
    for (std::size_t i = 0; i + 1 < crossings.size(); i += 2) {
      const auto [left, right] = touched(crossings[i], crossings[i + 1], canvas.width);
      for (int x = left; x < right; ++x) {
        const double share = std::min(crossings[i + 1], x + 1.0) - std::max(crossings[i], double(x));
        float& pixel = at(canvas, x, line / kRows);
        pixel = std::min(1.0f, pixel + static_cast<float>(std::clamp(share, 0.0, 1.0) / kRows));
      }
    }
  }
}

void apply(const Stroke& stroke, const Manner& manner, Canvas canvas) {
  if (stroke.kind == Stroke::Kind::Invert) {
    for (float& pixel : canvas.pixels) pixel = 1 - pixel;
    return;
  }
  const bool erases = stroke.kind == Stroke::Kind::Erase;
  std::vector<Point> points;
  for (const Point& each : stroke.points) points.push_back({each.x * canvas.width, each.y * canvas.height});
  if (!manner.polygons) {
    const double width = stroke.brush.value_or(manner.brush) * std::min(canvas.width, canvas.height);
    cover_stroke(points, {width, stroke.hardness, erases}, canvas);
    return;
  }
  std::vector<float> inside(canvas.pixels.size());
  cover_polygon(points, {canvas.width, canvas.height, inside});
  for (std::size_t i = 0; i < inside.size(); ++i) blend(canvas.pixels[i], inside[i], erases);
}

}  // namespace weft::painting
