// image.grid: many pictures as one sheet.
#include <cmath>
#include <numeric>

#include "nodes/image/color.h"
#include "nodes/image/nodes.h"

namespace weft::image {
namespace {

class ImageGrid final : public Node {
  Inputs<Image> images_{*this, "images", {.tip = "row by row; batches are laid out one picture after another"}};
  Param<std::int64_t> columns_{*this, "columns", {.init = 0, .min = 0, .max = 256, .tip = "0: as square as it gets"}};
  Param<std::int64_t> gap_{*this, "gap", {.init = 8, .min = 0, .max = 512, .tip = "between pictures, in pixels"}};
  Param<std::string> align_{*this, "align",
      {.init = "centre",
          .choices = {"centre", "left"},
          .tip = "where to put pictures that are smaller than their column or row"}};
  Param<std::string> background_{
      *this, "background", {.init = "#ffffff", .widget = Widget::Color, .tip = "between and behind the pictures"}};
  Output<Image> result_{*this, "image", {.tip = "one picture with all of them on it"}};

  void run(RunContext& ctx) const override {
    std::vector<torch::Tensor> pictures;
    for (const Image* image : ctx.all(images_))
      for (const torch::Tensor& picture : image->pixels().unbind(0)) pictures.push_back(picture);
    const std::size_t count = pictures.size(), gap = static_cast<std::size_t>(ctx[gap_]);
    const std::size_t columns = std::min(count,
        ctx[columns_] ? static_cast<std::size_t>(ctx[columns_])
                      : static_cast<std::size_t>(std::ceil(std::sqrt(count))));
    // A column is as wide as its widest picture, a row as high as its tallest.
    std::vector<std::int64_t> widths(columns), heights((count + columns - 1) / columns);
    for (std::size_t i = 0; i < count; ++i) {
      widths[i % columns] = std::max(widths[i % columns], pictures[i].size(1));
      heights[i / columns] = std::max(heights[i / columns], pictures[i].size(0));
    }
    const auto sum = [gap](const std::vector<std::int64_t>& sides, std::size_t n) {
      return std::accumulate(sides.begin(), sides.begin() + static_cast<std::ptrdiff_t>(n), std::int64_t{0}) +
          static_cast<std::int64_t>(n * gap);
    };
    torch::Tensor sheet = parse_color(ctx[background_])
                              .expand({sum(heights, heights.size()) - ctx[gap_], sum(widths, columns) - ctx[gap_], 3})
                              .clone();
    const bool centre = ctx[align_] == "centre";
    for (std::size_t i = 0; i < count; ++i) {
      const torch::Tensor& picture = pictures[i];
      const std::size_t column = i % columns, row = i / columns;
      const std::int64_t x = sum(widths, column) + (centre ? (widths[column] - picture.size(1)) / 2 : 0);
      const std::int64_t y = sum(heights, row) + (centre ? (heights[row] - picture.size(0)) / 2 : 0);
      sheet.narrow(0, y, picture.size(0)).narrow(1, x, picture.size(1)).copy_(picture);
    }
    ctx.set(result_, Image(sheet.unsqueeze(0)));
  }
};

}  // namespace

void add_grid(Registry& registry) {
  registry.add<ImageGrid>("image.grid",
      {.title = "Image Grid",
          .menu = "Image/Batch",
          .doc = "Lays pictures out in rows on one sheet. A column is as wide as its widest picture, a row as high as "
                 "its tallest.",
          .revision = 2});
}

}  // namespace weft::image
