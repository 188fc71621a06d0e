// image.grid: many pictures as one sheet.
#include <cmath>

#include "nodes/image/color.h"
#include "nodes/image/nodes.h"

namespace weft::image {
namespace {

class ImageGrid final : public Node {
  Inputs<Image> images_{*this, "images", {.tip = "row by row; batches are laid out one picture after another"}};
  Param<std::int64_t> columns_{*this, "columns", {.init = 0, .min = 0, .max = 256, .tip = "0: as square as it gets"}};
  Param<std::int64_t> gap_{*this, "gap", {.init = 8, .min = 0, .max = 512, .tip = "between pictures, in pixels"}};
  Param<std::string> background_{*this, "background", {.init = "#ffffff", .widget = Widget::Color,
      .tip = "between and behind the pictures"}};
  Output<Image> result_{*this, "image", {.tip = "one picture with all of them on it"}};

  void run(RunContext& ctx) const override {
    std::vector<torch::Tensor> pictures;
    std::int64_t width = 0, height = 0;
    for (const Image* image : ctx.all(images_)) {
      for (const torch::Tensor& picture : image->pixels().unbind(0)) pictures.push_back(picture);
      width = std::max(width, image->width());
      height = std::max(height, image->height());
    }
    const auto count = static_cast<std::int64_t>(pictures.size());
    const std::int64_t columns =
        std::min(count, ctx[columns_] ? ctx[columns_] : static_cast<std::int64_t>(std::ceil(std::sqrt(count))));
    const std::int64_t rows = (count + columns - 1) / columns, gap = ctx[gap_];
    torch::Tensor sheet = parse_color(ctx[background_])
                              .expand({rows * (height + gap) - gap, columns * (width + gap) - gap, 3})
                              .clone();
    for (std::int64_t i = 0; i < count; ++i) {
      const torch::Tensor& picture = pictures[i];
      const std::int64_t y = i / columns * (height + gap) + (height - picture.size(0)) / 2;
      const std::int64_t x = i % columns * (width + gap) + (width - picture.size(1)) / 2;
      sheet.narrow(0, y, picture.size(0)).narrow(1, x, picture.size(1)).copy_(picture);
    }
    ctx.set(result_, Image(sheet.unsqueeze(0)));
  }
};

}  // namespace

void add_grid(Registry& registry) {
  registry.add<ImageGrid>("image.grid", {.title = "Image Grid", .menu = "Image/Batch",
      .doc = "Lays pictures out in rows on one sheet. Smaller ones are centred in their cell."});
}

}  // namespace weft::image
