// image.table: pictures in rows and columns, with what each row and each column stands for.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>

#include "nodes/image/caption.h"
#include "nodes/image/color.h"
#include "nodes/image/nodes.h"
#include "nodes/sd/tensors/resize.h"

namespace weft::image {
namespace {

/// What most programs still open without trouble; larger tables have smaller pictures.
constexpr double kMostPixels = 64e6;

/// The pictures of a batch side by side, as square as it gets: what one place of the table shows.
torch::Tensor as_one(const torch::Tensor& batch) {
  const std::int64_t count = batch.size(0);
  if (count <= 1) return count == 1 ? batch[0] : torch::ones({1, 1, 3});
  const auto columns = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  const std::int64_t rows = (count + columns - 1) / columns, height = batch.size(1), width = batch.size(2);
  torch::Tensor whole = torch::ones({rows * height, columns * width, 3});
  for (std::int64_t i = 0; i < count; ++i)
    whole.narrow(0, i / columns * height, height).narrow(1, i % columns * width, width).copy_(batch[i]);
  return whole;
}

torch::Tensor resized(const torch::Tensor& picture, double by) {
  const auto side = [by](std::int64_t length) {
    return std::max<std::int64_t>(1, std::llround(by * static_cast<double>(length)));
  };
  return sd::resize(
      picture.unsqueeze(0).permute({0, 3, 1, 2}), side(picture.size(1)), side(picture.size(0)), sd::Resize::Area)
      .permute({0, 2, 3, 1})[0]
      .contiguous();
}

/// Places that have no picture, from 0 on, and what is written there: "4: out of memory" is place 3.
std::map<std::size_t, std::string> missing_places(const std::string& text) {
  std::map<std::size_t, std::string> places;
  for (const std::string& line : lines_of(text)) {
    std::size_t place = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), place);
    const std::size_t said = static_cast<std::size_t>(end - line.data());
    if (error != std::errc() || place == 0 || (said < line.size() && line[said] != ':'))
      throw NodeError(
          fmt::format("\"missing\" has the line '{}'", line), "write a place and what to say there: 4: out of memory");
    const std::size_t from = line.find_first_not_of(": ", said);
    places[place - 1] = from == std::string::npos ? "" : line.substr(from);
  }
  return places;
}

/// Nothing: a place without a picture.
using Places = std::vector<std::optional<torch::Tensor>>;

/// Where everything stands, in pixels.
struct Layout {
  std::int64_t size = 0, gap = 0;  ///< of letters; between pictures
  std::vector<std::int64_t> widths, heights;
  std::vector<std::vector<std::string>> above, beside;  ///< captions of columns and rows, by lines
  std::int64_t left = 0, top = 0;                       ///< of the first picture
  std::int64_t title_height = 0, column_title_height = 0;

  static std::int64_t sum(const std::vector<std::int64_t>& sides, std::size_t n, std::int64_t gap) {
    return std::accumulate(sides.begin(), sides.begin() + static_cast<std::ptrdiff_t>(n), std::int64_t{0}) +
        static_cast<std::int64_t>(n) * gap;
  }
  std::int64_t x(std::size_t column) const { return left + sum(widths, column, gap); }
  std::int64_t y(std::size_t row) const { return top + sum(heights, row, gap); }
  std::int64_t width() const { return x(widths.size()); }
  std::int64_t height() const { return y(heights.size()); }
};

std::string caption_at(const std::vector<std::string>& captions, std::size_t i) {
  return i < captions.size() ? captions[i] : std::string();
}

class ImageTable final : public Node {
  Inputs<Image> images_{*this, "images", {.tip = "row by row; the pictures of a batch share a place"}};
  Param<std::int64_t> columns_{
      *this, "columns", {.init = 0, .min = 0, .max = 4096, .tip = "pictures in a row; 0: all in one row"}};
  Param<std::string> column_title_{*this, "column_title", {.tip = "what the columns differ in: CFG"}};
  Param<std::string> column_captions_{
      *this, "column_captions", {.widget = Widget::Text, .tip = "above each column, one per line"}};
  Param<std::string> row_title_{*this, "row_title", {.tip = "what the rows differ in: Steps"}};
  Param<std::string> row_captions_{
      *this, "row_captions", {.widget = Widget::Text, .tip = "beside each row, one per line"}};
  Param<std::string> title_{*this, "title", {.tip = "a line above all; empty: none"}};
  Param<std::string> missing_{*this, "missing",
      {.widget = Widget::Text,
          .tip = "places without a picture, counted from 1, and what to say there, one per line: 4: out of memory"}};
  Param<std::int64_t> text_size_{*this, "text_size",
      {.init = 0, .min = 0, .max = 256, .tip = "height of the letters, in pixels; 0: by the size of the pictures"}};
  Param<std::string> text_color_{
      *this, "text_color", {.init = "#202020", .widget = Widget::Color, .tip = "of titles and captions"}};
  Param<std::string> background_{
      *this, "background", {.init = "#ffffff", .widget = Widget::Color, .tip = "behind everything"}};
  Output<Image> result_{*this, "image", {.tip = "one picture with all of them on it"}};

  void run(RunContext& ctx) const override {
    const std::map<std::size_t, std::string> missing = missing_places(ctx[missing_]);
    Places places = placed(ctx.all(images_), missing);
    const std::size_t columns =
        std::min<std::size_t>(ctx[columns_] ? static_cast<std::size_t>(ctx[columns_]) : places.size(), places.size());
    shrink(ctx, places, columns);
    const bool writes = can_write(ctx);
    const Layout layout = lay_out(ctx, places, columns, writes);

    const torch::Tensor ink = parse_color(ctx[text_color_]), ground = parse_color(ctx[background_]);
    torch::Tensor sheet = ground.expand({layout.height(), layout.width(), 3}).clone();
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::size_t row = i / columns, column = i % columns;
      const std::int64_t width = layout.widths[column], height = layout.heights[row];
      torch::Tensor place = sheet.narrow(0, layout.y(row), height).narrow(1, layout.x(column), width);
      if (!places[i]) {
        place.copy_(torch::lerp(ground, ink, 0.12).expand_as(place));
        const auto said = missing.find(i);
        if (writes && said != missing.end()) write_inside(place, said->second, layout.size, ink);
        continue;
      }
      const torch::Tensor& picture = *places[i];
      place.narrow(0, (height - picture.size(0)) / 2, picture.size(0))
          .narrow(1, (width - picture.size(1)) / 2, picture.size(1))
          .copy_(picture);
    }
    if (writes) write_captions(ctx, sheet, layout, ink);
    ctx.set(result_, Image(sheet.unsqueeze(0)));
  }

  static Places placed(const std::vector<const Image*>& images, const std::map<std::size_t, std::string>& missing) {
    Places places;
    for (auto image = images.begin(); image != images.end() || missing.contains(places.size());) {
      const bool empty = missing.contains(places.size());
      places.push_back(empty ? std::nullopt : std::optional(as_one((*image)->pixels())));
      if (!empty) ++image;
    }
    if (places.empty()) throw NodeError("there is no picture to lay out", "connect at least one");
    return places;
  }

  static void shrink(RunContext& ctx, Places& places, std::size_t columns) {
    const Layout full = sides_of(places, columns);
    const double pixels = static_cast<double>(full.width()) * static_cast<double>(full.height());
    if (pixels <= kMostPixels) return;
    const double by = std::sqrt(kMostPixels / pixels);
    for (auto& place : places)
      if (place) place = resized(*place, by);
    ctx.warn(fmt::format(
        "the table would have {:.0f} megapixels; its pictures were made smaller, to {:.0f} %", pixels / 1e6, by * 100));
  }

  /// A column is as wide as its widest picture, a row as high as its highest; where there is none, as usual.
  static Layout sides_of(const Places& places, std::size_t columns) {
    std::int64_t usual_width = 0, usual_height = 0;
    for (const auto& place : places)
      if (place)
        usual_width = std::max(usual_width, place->size(1)), usual_height = std::max(usual_height, place->size(0));
    constexpr std::int64_t kWithoutAny = 256;
    Layout layout;
    layout.widths.resize(columns);
    layout.heights.resize((places.size() + columns - 1) / columns);
    for (std::size_t i = 0; i < places.size(); ++i) {
      if (!places[i]) continue;
      layout.widths[i % columns] = std::max(layout.widths[i % columns], places[i]->size(1));
      layout.heights[i / columns] = std::max(layout.heights[i / columns], places[i]->size(0));
    }
    for (std::int64_t& width : layout.widths) width = width ? width : usual_width ? usual_width : kWithoutAny;
    for (std::int64_t& height : layout.heights) height = height ? height : usual_height ? usual_height : kWithoutAny;
    return layout;
  }

  Layout lay_out(RunContext& ctx, const Places& places, std::size_t columns, bool writes) const {
    Layout layout = sides_of(places, columns);
    const std::int64_t narrowest = *std::ranges::min_element(layout.widths);
    layout.size = ctx[text_size_] ? ctx[text_size_] : std::clamp<std::int64_t>(narrowest / 18, 13, 96);
    layout.gap = std::max<std::int64_t>(4, layout.size / 2);
    layout.left = layout.top = layout.gap;
    if (!writes) return layout;

    const std::int64_t line = line_height(layout.size);
    const std::vector<std::string> above = lines_of(ctx[column_captions_]), beside = lines_of(ctx[row_captions_]);
    std::size_t lines_above = 0;
    for (std::size_t column = 0; column < layout.widths.size(); ++column) {
      layout.above.push_back(wrapped(caption_at(above, column), layout.widths[column], layout.size, kMostLines));
      lines_above = std::max(lines_above, layout.above.back().size());
    }
    const std::int64_t room_beside = std::max(narrowest, 10 * layout.size);
    std::int64_t width_beside = text_width(ctx[row_title_], layout.size);
    for (std::size_t row = 0; row < layout.heights.size(); ++row) {
      const auto most = static_cast<std::size_t>(std::max<std::int64_t>(1, layout.heights[row] / line));
      layout.beside.push_back(wrapped(caption_at(beside, row), room_beside, layout.size, most));
      for (const std::string& each : layout.beside.back())
        width_beside = std::max(width_beside, text_width(each, layout.size));
    }
    layout.title_height = ctx[title_].empty() ? 0 : line;
    layout.column_title_height = ctx[column_title_].empty() ? 0 : line;
    if (!ctx[row_title_].empty()) lines_above = std::max<std::size_t>(lines_above, 1);
    layout.top += layout.title_height + layout.column_title_height + static_cast<std::int64_t>(lines_above) * line;
    if (width_beside > 0) layout.left += width_beside + layout.gap;
    return layout;
  }

  void write_captions(RunContext& ctx, torch::Tensor& sheet, const Layout& layout, const torch::Tensor& ink) const {
    const std::int64_t line = line_height(layout.size), size = layout.size;
    const auto one_line = [size](const std::string& text, std::int64_t room) {
      const std::vector<std::string> lines = wrapped(text, room, size, 1);
      return lines.empty() ? std::string() : lines.front();
    };
    draw_text(sheet, one_line(ctx[title_], layout.width() - 2 * layout.gap), layout.gap, layout.gap / 2, size, ink);
    const std::int64_t over_columns = layout.width() - layout.gap - layout.left;
    draw_text(sheet, one_line(ctx[column_title_], over_columns), layout.left + over_columns / 2,
        layout.gap / 2 + layout.title_height, size, ink, AlignX::Centre);
    for (std::size_t column = 0; column < layout.above.size(); ++column) {  // the last line stands on the picture
      std::int64_t y = layout.top - static_cast<std::int64_t>(layout.above[column].size()) * line - layout.gap / 4;
      for (const std::string& text : layout.above[column]) {
        draw_text(sheet, text, layout.x(column) + layout.widths[column] / 2, y, size, ink, AlignX::Centre);
        y += line;
      }
    }
    const std::int64_t right = layout.left - layout.gap;
    draw_text(sheet, ctx[row_title_], right, layout.top - line - layout.gap / 4, size, ink, AlignX::Right);
    for (std::size_t row = 0; row < layout.beside.size(); ++row) {
      std::int64_t y =
          layout.y(row) + (layout.heights[row] - static_cast<std::int64_t>(layout.beside[row].size()) * line) / 2;
      for (const std::string& text : layout.beside[row]) {
        draw_text(sheet, text, right, y, size, ink, AlignX::Right);
        y += line;
      }
    }
  }

  static void write_inside(torch::Tensor& place, const std::string& text, std::int64_t size, const torch::Tensor& ink) {
    const std::int64_t line = line_height(size), pad = size / 2;
    const auto most = static_cast<std::size_t>(std::max<std::int64_t>(1, (place.size(0) - pad) / line));
    torch::Tensor own = place.contiguous().clone();
    std::int64_t y = pad;
    for (const std::string& each : wrapped(text, place.size(1) - 2 * pad, size, most)) {
      draw_text(own, each, pad, y, size, ink);
      y += line;
    }
    place.copy_(own);
  }

  /// Pictures without captions are worth more than none.
  static bool can_write(RunContext& ctx) {
    try {
      text_width("0", 12);
      return true;
    } catch (const NodeError& error) {
      ctx.warn(fmt::format("the table has no captions: {}", error.what()));
      return false;
    }
  }

  static constexpr std::size_t kMostLines = 4;
};

}  // namespace

void add_table(Registry& registry) {
  registry.add<ImageTable>("image.table",
      {.title = "Picture Table",
          .menu = "Image/Explain",
          .doc = "Lays pictures out in rows and columns, with a caption for each: what a sweep gives. In a table of "
                 "more than 64 megapixels the pictures are made smaller."});
}

}  // namespace weft::image
