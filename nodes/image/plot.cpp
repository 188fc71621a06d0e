#include "nodes/image/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nodes/image/caption.h"
#include "nodes/image/color.h"

namespace weft::image {
namespace {

/// Where things stand on the picture, in pixels.
class Canvas {
 public:
  Canvas(const Plot& plot, std::int64_t width, std::int64_t height)
      : plot_(plot),
        width_(width),
        height_(height),
        text_(std::clamp<std::int64_t>(height / 22, 9, 24)),
        left_(4 * text_),
        top_(2 * line_height(text_) + text_ / 2),
        right_(width - 2 * text_),
        bottom_(height - 2 * line_height(text_) - text_ / 2),
        pixels_(torch::ones({height, width, 3})) {}

  torch::Tensor draw() {
    for (double tick : plot_.x.ticks) {
      stroke({place({tick, plot_.y.from}), place({tick, plot_.y.to})}, 1, kGrid);
      write(fmt::format("{:g}", tick), place({tick, 0}).x, bottom_ + text_ / 3, AlignX::Centre, kInk);
    }
    for (double tick : plot_.y.ticks) {
      const double y = place({plot_.x.from, tick}).y;
      stroke({{double(left_), y}, {double(right_), y}}, 1, kGrid);
      write(fmt::format("{:g}", tick), left_ - text_ / 2, std::lround(y - 0.65 * text_), AlignX::Right, kInk);
    }
    stroke(
        {{double(left_), double(top_)}, {double(left_), double(bottom_)}, {double(right_), double(bottom_)}}, 1, kInk);
    for (const Curve& curve : plot_.curves) draw_curve(curve);
    write(plot_.title, width_ / 2, text_ / 3, AlignX::Centre, kInk);
    write(plot_.x.name, (left_ + right_) / 2, bottom_ + line_height(text_) + text_ / 3, AlignX::Centre, kInk);
    write(plot_.y.name, text_ / 2, line_height(text_) + text_ / 4, AlignX::Left, kInk);
    draw_names();
    return pixels_;
  }

 private:
  static constexpr const char* kInk = "#303030";
  static constexpr const char* kGrid = "#e0e0e0";

  static double share(const Axis& axis, double value) {
    if (!axis.logarithmic) return (value - axis.from) / (axis.to - axis.from);
    return std::log(std::max(value, axis.from) / axis.from) / std::log(axis.to / axis.from);
  }

  sd::Point place(sd::Point p) const {
    return {static_cast<double>(left_) + share(plot_.x, p.x) * static_cast<double>(right_ - left_),
        static_cast<double>(bottom_) - share(plot_.y, p.y) * static_cast<double>(bottom_ - top_)};
  }

  void stroke(const std::vector<sd::Point>& points, double line_width, const std::string& colour) {
    const torch::Tensor covered = sd::cover_stroke(points, line_width, height_, width_).unsqueeze(2);
    pixels_ = torch::lerp(pixels_, parse_color(colour).expand_as(pixels_), covered.expand_as(pixels_)).contiguous();
  }

  void write(const std::string& text, std::int64_t x, std::int64_t y, AlignX align, const std::string& colour) {
    draw_text(pixels_, text, x, y, text_, parse_color(colour), align);
  }

  void draw_curve(const Curve& curve) {
    std::vector<sd::Point> points;
    for (const sd::Point& point : curve.points) points.push_back(place(point));
    const double line_width = std::max(2.0, static_cast<double>(height_) / 160);
    stroke(points, line_width, curve.colour);
    if (!curve.dots) return;
    for (const sd::Point& point : points) stroke({point}, 3 * line_width, curve.colour);
  }

  /// The curves' names in their colours, in a corner at the right.
  void draw_names() {
    if (plot_.curves.size() < 2) return;
    const auto count = static_cast<std::int64_t>(plot_.curves.size());
    std::int64_t y = plot_.names_above ? top_ + text_ / 2 : bottom_ - count * line_height(text_);
    for (const Curve& curve : plot_.curves) {
      write(curve.name, right_ - text_ / 2, y, AlignX::Right, curve.colour);
      y += line_height(text_);
    }
  }

  const Plot& plot_;
  std::int64_t width_, height_, text_, left_, top_, right_, bottom_;
  torch::Tensor pixels_;
};

}  // namespace

torch::Tensor draw_plot(const Plot& plot, std::int64_t width, std::int64_t height) {
  return Canvas(plot, width, height).draw();
}

}  // namespace weft::image
