// image.strip: pictures from left to right, each with its caption.
#include <fmt/format.h>

#include "nodes/image/caption.h"
#include "nodes/image/color.h"
#include "nodes/image/nodes.h"

namespace weft::image {
namespace {

class ImageStrip final : public Node {
  Inputs<Image> images_{*this, "images", {.tip = "from left to right; batches are laid out one picture after another"}};
  Param<std::string> captions_{*this, "captions",
      {.widget = Widget::Text,
          .tip = "one per line, in the order of the pictures; with fewer lines the rest have none"}};
  Param<std::string> title_{*this, "title", {.tip = "a line above all pictures; empty: none"}};
  Param<std::int64_t> columns_{*this, "columns",
      {.init = 0, .min = 0, .max = 256, .tip = "pictures in a row before it wraps; 0: all in one row"}};
  Param<std::int64_t> gap_{
      *this, "gap", {.init = 8, .min = 0, .max = 512, .tip = "between pictures and around them, in pixels"}};
  Param<std::int64_t> text_size_{
      *this, "text_size", {.init = 14, .min = 6, .max = 256, .tip = "height of the letters, in pixels"}};
  Param<std::string> text_color_{
      *this, "text_color", {.init = "#202020", .widget = Widget::Color, .tip = "of the captions"}};
  Param<std::string> background_{
      *this, "background", {.init = "#ffffff", .widget = Widget::Color, .tip = "behind pictures and captions"}};
  Output<Image> result_{*this, "image", {.tip = "one picture with all of them on it"}};

  void run(RunContext& ctx) const override {
    std::vector<torch::Tensor> pictures;
    for (const Image* image : ctx.all(images_))
      for (const torch::Tensor& picture : image->pixels().unbind(0)) pictures.push_back(picture);
    const std::vector<std::string> captions = lines_of(ctx[captions_]);
    const auto count = static_cast<std::int64_t>(pictures.size());
    if (static_cast<std::int64_t>(captions.size()) > count)
      ctx.warn(
          fmt::format("there are {} captions and {} pictures; the last captions are left out", captions.size(), count));

    // A cell is as wide as the widest picture or caption.
    const std::int64_t size = ctx[text_size_], gap = ctx[gap_];
    std::int64_t width = 0, height = 0;
    for (std::size_t i = 0; i < pictures.size(); ++i) {
      width = std::max({width, pictures[i].size(1), i < captions.size() ? text_width(captions[i], size) : 0});
      height = std::max(height, pictures[i].size(0));
    }
    const std::int64_t text_height = captions.empty() ? 0 : line_height(size);
    const std::int64_t columns = ctx[columns_] ? std::min(ctx[columns_], count) : count;
    const std::int64_t rows = (count + columns - 1) / columns;
    const std::int64_t cell_width = width + gap, cell_height = height + text_height + gap;
    const std::int64_t above = gap + (ctx[title_].empty() ? 0 : line_height(size));
    const std::int64_t sheet_width = std::max(columns * cell_width + gap, text_width(ctx[title_], size) + 2 * gap);
    torch::Tensor strip = parse_color(ctx[background_]).expand({above + rows * cell_height, sheet_width, 3}).clone();
    const torch::Tensor text_color = parse_color(ctx[text_color_]);
    draw_text(strip, ctx[title_], gap, gap / 2, size, text_color);
    for (std::int64_t i = 0; i < count; ++i) {
      const torch::Tensor& picture = pictures[static_cast<std::size_t>(i)];
      const std::int64_t left = gap + i % columns * cell_width, top = above + i / columns * cell_height;
      strip.narrow(0, top + (height - picture.size(0)) / 2, picture.size(0))
          .narrow(1, left + (width - picture.size(1)) / 2, picture.size(1))
          .copy_(picture);
      if (i < static_cast<std::int64_t>(captions.size()))
        draw_text(strip, captions[static_cast<std::size_t>(i)], left + width / 2, top + height + size / 6, size,
            text_color, AlignX::Centre);
    }
    ctx.set(result_, Image(strip.unsqueeze(0)));
  }
};

}  // namespace

void add_strip(Registry& registry) {
  registry.add<ImageStrip>("image.strip",
      {.title = "Picture Strip",
          .menu = "Image/Explain",
          .doc = "Lays pictures out from left to right, in rows if there are many, and writes a caption below each."});
}

}  // namespace weft::image
