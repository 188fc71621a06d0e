// image.match_colors: pictures in the colours of others.
#include "nodes/image/nodes.h"
#include "nodes/sd/pictures/colour_match.h"

namespace weft::image {
namespace {

class MatchColours final : public Node {
  Input<Image> image_{*this, "image", {.tip = "a picture, or a batch"}};
  Input<Image> reference_{*this, "reference", {.tip = "whose colours to take over; of any size"}};
  Param<std::string> method_{*this, "method",
      {.init = "reinhard",
          .choices = {"reinhard", "monge-kantorovich", "histogram"},
          .tip = "reinhard matches mean and contrast, monge-kantorovich also how colours go together, histogram every "
                 "level of each channel"}};
  Param<std::string> baseline_{*this, "baseline",
      {.init = "each picture",
          .choices = {"each picture", "all pictures", "one picture"},
          .tip = "each picture is matched by itself, or all are changed alike, so that their differences stay"}};
  Param<std::int64_t> index_{*this, "index",
      {.init = 0, .min = 0, .max = 10000, .tip = "with 'one picture': which; beyond the last, the last"}};
  Param<double> strength_{*this, "strength",
      {.init = 1, .min = 0, .max = 10, .step = 0.01, .tip = "0 changes nothing, 1 takes the colours over"}};
  Output<Image> result_{*this, "image", {.tip = "as many pictures as 'image' has"}};

  void run(RunContext& ctx) const override {
    if (ctx[strength_] == 0) return ctx.forward(image_, result_);
    const std::string method = ctx[method_], baseline = ctx[baseline_];
    const sd::ColourMatchOptions options{.method = method == "reinhard" ? sd::ColourMatch::Reinhard
            : method == "monge-kantorovich"                             ? sd::ColourMatch::MongeKantorovich
                                                                        : sd::ColourMatch::Histogram,
        .baseline = baseline == "each picture" ? sd::ColourBaseline::EachPicture
            : baseline == "all pictures"       ? sd::ColourBaseline::AllPictures
                                               : sd::ColourBaseline::OnePicture,
        .index = ctx[index_],
        .strength = ctx[strength_]};
    ctx.set(result_, Image(sd::colours_matched(ctx[image_].pixels(), ctx[reference_].pixels(), options).contiguous()));
  }
};

}  // namespace

void add_match(Registry& registry) {
  registry.add<MatchColours>("image.match_colors",
      {.title = "Match Colours",
          .menu = "Image/Colour",
          .doc = "Gives pictures the colours of a reference.",
          .foreign = {{.program = "comfyui",
              .name = "ColorTransfer",
              .inputs = {{"image_target", "image"}, {"image_ref", "reference"},
                  {"method", "method", {{"reinhard_lab", "reinhard"}, {"mkl_lab", "monge-kantorovich"}}},
                  {"source_stats", "baseline",
                      {{"per_frame", "each picture"}, {"uniform", "all pictures"}, {"target_frame", "one picture"}}},
                  {"source_stats.target_index", "index", {{"target_frame", nlohmann::json()}}}, "strength"},
              .outputs = {"image"}}}});
}

}  // namespace weft::image
