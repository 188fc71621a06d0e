// mask.draw: a mask from strokes and polygons.
#include <fmt/format.h>

#include "nodes/mask/nodes.h"
#include "nodes/sd/pictures/raster.h"

namespace weft::mask {
namespace {

class DrawMask final : public Node {
  Param<std::int64_t> width_{*this, "width",
      {.init = 512, .min = 1, .max = 16384, .role = PortRole::PaintingWidth, .tip = "of the mask, in pixels"}};
  Param<std::int64_t> height_{*this, "height",
      {.init = 512, .min = 1, .max = 16384, .role = PortRole::PaintingHeight, .tip = "of the mask, in pixels"}};
  Param<std::string> shapes_{*this, "shapes",
      {.init = "0.2,0.5 0.8,0.5",
          .widget = Widget::Text,
          .role = PortRole::Painting,
          .tip = "one per line, as points x,y in fractions of the width and the height: 0.2,0.5 0.8,0.5; erase, "
                 "brush=0.05 and hardness=0.5 may come first; a line 'invert' inverts what was drawn so far"}};
  Param<std::string> as_{*this, "as",
      {.init = "strokes",
          .choices = {"strokes", "polygons"},
          .role = PortRole::PaintingAs,
          .tip = "strokes: lines through the points; polygons: what the points enclose"}};
  Param<double> brush_{*this, "brush",
      {.init = 0.1,
          .min = 0.001,
          .max = 2,
          .step = 0.01,
          .role = PortRole::PaintingBrush,
          .tip = "width of a stroke, as a fraction of the mask's shorter side"}};
  Input<Image> image_{*this, "image", {.tip = "what is drawn on: the mask gets its size", .optional = true}};
  Output<Mask> mask_{*this, "mask", {.tip = "1 where something was drawn"}};

  void run(RunContext& ctx) const override {
    const bool given = ctx.has(image_);
    const std::int64_t width = given ? ctx[image_].width() : ctx[width_];
    const std::int64_t height = given ? ctx[image_].height() : ctx[height_];
    const painting::Manner manner{.polygons = ctx[as_] == "polygons", .brush = ctx[brush_]};
    const std::vector<painting::Stroke> strokes = strokes_of(ctx[shapes_], manner.polygons);
    ctx.set(mask_, Mask(sd::cover(strokes, manner, height, width).unsqueeze(0)));
  }

  static std::vector<painting::Stroke> strokes_of(const std::string& text, bool polygons) {
    std::vector<painting::Stroke> strokes;
    try {
      strokes = painting::parse(text);
    } catch (const painting::Misread& error) {
      throw NodeError(error.what(), "mend that line, or draw anew in the editor");
    }
    for (const painting::Stroke& stroke : strokes)
      if (polygons && stroke.kind != painting::Stroke::Kind::Invert && stroke.points.size() < 3)
        throw NodeError(fmt::format("the polygon '{}' has {} points", painting::to_text(stroke), stroke.points.size()),
            "give it three or more");
    return strokes;
  }
};

}  // namespace

void add_draw(Registry& registry) {
  registry.add<DrawMask>("mask.draw",
      {.title = "Draw Mask",
          .menu = "Mask",
          .doc = "Selects what strokes of a brush cover, or what polygons enclose: painted on a picture in the editor, "
                 "or given as points."});
}

}  // namespace weft::mask
