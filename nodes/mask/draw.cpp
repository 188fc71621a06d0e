// mask.draw: a mask from strokes and polygons.
#include <fmt/format.h>

#include <sstream>

#include "nodes/mask/nodes.h"
#include "nodes/sd/raster.h"

namespace weft::mask {
namespace {

class DrawMask final : public Node {
  Param<std::int64_t> width_{*this, "width", {.init = 512, .min = 1, .max = 16384, .tip = "of the mask, in pixels"}};
  Param<std::int64_t> height_{*this, "height", {.init = 512, .min = 1, .max = 16384, .tip = "of the mask, in pixels"}};
  Param<std::string> shapes_{*this, "shapes", {.init = "0.2,0.5 0.8,0.5", .widget = Widget::Text,
      .tip = "one a line, as points x,y in parts of the width and the height: 0.2,0.5 0.8,0.5"}};
  Param<std::string> as_{*this, "as", {.init = "strokes", .choices = {"strokes", "polygons"},
      .tip = "strokes: lines through the points; polygons: what the points enclose"}};
  Param<double> brush_{*this, "brush", {.init = 0.1, .min = 0.001, .max = 2, .step = 0.01,
      .tip = "width of a stroke, as a part of the mask's shorter side"}};
  Output<Mask> mask_{*this, "mask", {.tip = "1 where something was drawn"}};

  void run(RunContext& ctx) const override {
    const std::int64_t width = ctx[width_], height = ctx[height_];
    const double brush = ctx[brush_] * static_cast<double>(std::min(width, height));
    const bool polygons = ctx[as_] == "polygons";
    torch::Tensor drawn = torch::zeros({height, width});
    std::istringstream lines(ctx[shapes_]);
    for (std::string line; std::getline(lines, line);) {
      const std::vector<sd::Point> points = sd::parse_points(line, height, width);
      if (points.empty()) continue;
      if (polygons && points.size() < 3)
        throw NodeError(fmt::format("the polygon '{}' has {} points", line, points.size()), "give it three or more");
      const torch::Tensor shape = polygons ? sd::cover_polygon(points, height, width)
                                           : sd::cover_stroke(points, brush, height, width);
      drawn = torch::maximum(drawn, shape);
    }
    ctx.set(mask_, Mask(drawn.unsqueeze(0)));
  }
};

}  // namespace

void add_draw(Registry& registry) {
  registry.add<DrawMask>("mask.draw", {.title = "Draw Mask", .menu = "Mask",
      .doc = "Selects what strokes of a brush cover, or what polygons enclose, given as points."});
}

}  // namespace weft::mask
