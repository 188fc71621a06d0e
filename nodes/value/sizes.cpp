// value.resolution: the size of a picture from its shape and how many pixels it has.
#include <array>
#include <cmath>
#include <string_view>

#include "nodes/value/nodes.h"

namespace weft::value {
namespace {

struct Shape {
  std::string_view name;
  double width, height;
};

constexpr std::array<Shape, 8> kShapes = {{{"1:1 (Square)", 1, 1}, {"2:3 (Portrait Photo)", 2, 3},
    {"3:2 (Photo)", 3, 2}, {"3:4 (Portrait Standard)", 3, 4}, {"4:3 (Standard)", 4, 3},
    {"9:16 (Portrait Widescreen)", 9, 16}, {"16:9 (Widescreen)", 16, 9}, {"21:9 (Ultrawide)", 21, 9}}};

std::vector<std::string> shape_names() {
  std::vector<std::string> names;
  for (const Shape& shape : kShapes) names.emplace_back(shape.name);
  return names;
}

class Resolution final : public Node {
  Param<std::string> shape_{*this, "aspect_ratio",
      {.init = std::string(kShapes[0].name), .choices = shape_names(), .tip = "width to height"}};
  Param<double> megapixels_{*this, "megapixels",
      {.init = 1, .min = 0.1, .max = 16, .step = 0.1, .tip = "how many pixels there are, in units of 1024 x 1024"}};
  Param<std::int64_t> multiple_{
      *this, "multiple", {.init = 8, .min = 8, .max = 128, .step = 4, .tip = "width and height are multiples of this"}};
  Output<std::int64_t> width_{*this, "width", {.tip = "in pixels"}};
  Output<std::int64_t> height_{*this, "height", {.tip = "in pixels"}};

  void run(RunContext& ctx) const override {
    const std::string name = ctx[shape_];
    for (const Shape& shape : kShapes) {
      if (shape.name != name) continue;
      const double unit = std::sqrt(ctx[megapixels_] * 1024 * 1024 / (shape.width * shape.height));
      const auto multiple = static_cast<double>(ctx[multiple_]);
      const auto rounded = [&](double side) {
        return static_cast<std::int64_t>(std::nearbyint(side * unit / multiple)) * ctx[multiple_];  // half to even
      };
      ctx.set(width_, rounded(shape.width));
      ctx.set(height_, rounded(shape.height));
      return;
    }
    throw NodeError("there is no shape '" + name + "'", "choose one of the list");
  }
};

}  // namespace

void add_sizes(Registry& registry) {
  registry.add<Resolution>("value.resolution",
      {.title = "Resolution",
          .menu = "Values",
          .doc = "Width and height of a picture of a shape that has about so many pixels.",
          .foreign = {{.program = "comfyui",
              .name = "ResolutionSelector",
              .inputs = {"aspect_ratio", "megapixels", "multiple"},
              .outputs = {"width", "height"}}}});
}

}  // namespace weft::value
