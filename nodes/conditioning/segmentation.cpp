// segmentation.from_image, segmentation.draw, segmentation.to_image: maps of what stands where in a picture.
#include <fmt/format.h>

#include <sstream>

#include "nodes/conditioning/nodes.h"
#include "nodes/sd/pictures/raster.h"
#include "nodes/sd/pictures/segmentation_map.h"
#include "nodes/sd/values/bytes.h"
#include "nodes/sd/values/describe.h"

namespace weft::conditioning {
namespace {

constexpr const char* kExampleLegend = "sky #8ec6f0\nsea #1f5fa8\nshore #d8b878";
constexpr const char* kLegendTip = "one class per line, in the model's order, as name #rrggbb";

class MapFromImage final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture in the legend's colours, drawn with any program; hard edges"}};
  Param<std::string> legend_{*this, "legend", {.init = kExampleLegend, .widget = Widget::Text, .tip = kLegendTip}};
  Param<std::string> unknown_{*this, "unknown",
      {.init = "refuse",
          .choices = {"refuse", "nearest"},
          .tip = "what to do with colours that are not in the legend; nearest is for soft edges and JPEG files"}};
  Output<SegmentationMap> map_{*this, "map", {.tip = "a class for each pixel"}};

  void run(RunContext& ctx) const override {
    sd::Legend legend = sd::parse_legend(ctx[legend_]);
    const auto unknown = ctx[unknown_] == "refuse" ? sd::UnknownColour::Refuse : sd::UnknownColour::TakeNearest;
    torch::Tensor classes = sd::find_classes(ctx[image_].pixels(), legend, unknown);
    ctx.set(map_, SegmentationMap{std::move(classes), std::move(legend)});
  }
};

/// "arctic fox 0.1,0.5 0.2,0.7": the words before the first point, and the points.
std::pair<std::string, std::string> split_shape(const std::string& line) {
  std::string name, points;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    std::string& part = points.empty() && word.find(',') == std::string::npos ? name : points;
    part += (part.empty() ? "" : " ") + word;
  }
  return {name, points};
}

class DrawMap final : public Node {
  Param<std::int64_t> width_{
      *this, "width", {.init = 512, .min = 8, .max = 16384, .step = 8, .tip = "of the map, in pixels"}};
  Param<std::int64_t> height_{
      *this, "height", {.init = 512, .min = 8, .max = 16384, .step = 8, .tip = "of the map, in pixels"}};
  Param<std::string> legend_{*this, "legend", {.init = kExampleLegend, .widget = Widget::Text, .tip = kLegendTip}};
  Param<std::string> background_{*this, "background", {.init = "sky", .tip = "the class where nothing is drawn"}};
  Param<std::string> shapes_{*this, "shapes",
      {.widget = Widget::Text,
          .tip = "one per line, each over those before: a class and the corners of a polygon, as hills 0,0.6 1,0.5 1,1 "
                 "0,1"}};
  Output<SegmentationMap> map_{*this, "map", {.tip = "a class for each pixel"}};

  void run(RunContext& ctx) const override {
    sd::Legend legend = sd::parse_legend(ctx[legend_]);
    const std::int64_t height = ctx[height_], width = ctx[width_];
    torch::Tensor classes = torch::full({height, width}, sd::class_of(legend, ctx[background_]), torch::kInt64);
    std::istringstream lines(ctx[shapes_]);
    for (std::string line; std::getline(lines, line);) {
      const auto [name, text] = split_shape(line);
      if (name.empty() && text.empty()) continue;
      const std::vector<sd::Point> points = sd::parse_points(text, height, width);
      if (points.size() < 3)
        throw NodeError(fmt::format("the shape '{}' has {} points", line, points.size()), "give it three or more");
      classes.masked_fill_(sd::cover_polygon(points, height, width) >= 0.5, sd::class_of(legend, name));
    }
    ctx.set(map_, SegmentationMap{classes.unsqueeze(0), std::move(legend)});
  }
};

class MapToImage final : public Node {
  Input<SegmentationMap> map_{*this, "map", {.tip = "any map"}};
  Output<Image> image_{*this, "image", {.tip = "the map in the legend's colours"}};

  void run(RunContext& ctx) const override { ctx.set(image_, Image(sd::paint_classes(ctx[map_]))); }
};

/// The first map of a batch, for previews.
Picture painted(const SegmentationMap& map) {
  const torch::Tensor bytes = (sd::paint_classes(map)[0] * 255).round().to(torch::kUInt8).contiguous();
  const auto* data = bytes.data_ptr<std::uint8_t>();
  return {.width = static_cast<int>(bytes.size(1)),
      .height = static_cast<int>(bytes.size(0)),
      .rgb = {data, data + bytes.numel()}};
}

/// How many pixels each class has.
nlohmann::json describe(const SegmentationMap& map) {
  nlohmann::json pixels = nlohmann::json::object();
  for (std::size_t i = 0; i < map.legend.size(); ++i) {
    const auto count = map.classes.eq(static_cast<std::int64_t>(i)).sum().item<std::int64_t>();
    if (count > 0) pixels[map.legend[i].name] = count;
  }
  return pixels;
}

}  // namespace

void add_segmentation(Registry& registry) {
  registry.add_type({.id = "segmentation_map",
      .title = "Segmentation Map",
      .colour = "#aed581",
      .doc = "What stands where in a picture: a class for each pixel, with the classes' names and colours.",
      .preview = [](const Value& v) { return painted(v.as<SegmentationMap>()); },
      .items = [](const Value& v) { return sd::items(v.as<SegmentationMap>(), &SegmentationMap::classes); },
      .describe = [](const Value& v) { return describe(v.as<SegmentationMap>()); },
      .encode = [](const Value& v) { return sd::to_bytes(sd::parts_of(v.as<SegmentationMap>())); },
      .decode = [](std::string_view bytes) { return Value::of(sd::segmentation_map_of(sd::parts_in(bytes))); },
      .example =
          [] {
            const torch::Tensor halves = (torch::arange(2 * 40 * 48) % 48 >= 24).to(torch::kInt64).view({2, 40, 48});
            return Value::of(SegmentationMap{halves, sd::parse_legend(kExampleLegend)});
          }});
  registry.add<MapFromImage>("segmentation.from_image",
      {.title = "Segmentation Map from Image",
          .menu = "Conditioning/Picture",
          .doc = "Reads a coloured picture as a map: each colour of the legend is a class."});
  registry.add<DrawMap>("segmentation.draw",
      {.title = "Draw Segmentation Map", .menu = "Conditioning/Picture", .doc = "A map from polygons, given as text."});
  registry.add<MapToImage>("segmentation.to_image",
      {.title = "Segmentation Map to Image",
          .menu = "Conditioning/Picture",
          .doc = "Shows a map in its legend's colours."});
}

}  // namespace weft::conditioning
