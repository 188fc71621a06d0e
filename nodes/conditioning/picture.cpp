// conditioning.label, conditioning.segmentation_map: context y that is no text.
#include <fmt/format.h>

#include <array>
#include <bit>

#include "nodes/conditioning/nodes.h"
#include "nodes/sd/pictures/segmentation_map.h"
#include "nodes/sd/values/encoder_values.h"

namespace weft::conditioning {
namespace {

class EncodeLabel final : public Node {
  Input<LabelEncoder> encoder_{*this, "labels", {.tip = "from a model that was trained on classes"}};
  Param<std::string> label_{
      *this, "label", {.tip = "a class by its name or number; empty: any class, for the negative side"}};
  Output<Conditioning> conditioning_{
      *this, "conditioning", {.tip = "the class as a vector, which the U-Net attends to"}};
  Output<std::string> name_{*this, "name", {.tip = "the class's whole name, as a caption"}};

  void run(RunContext& ctx) const override {
    const sd::LabelTable& encoder = ctx[encoder_].get();
    const std::int64_t label = number_of(encoder, ctx[label_]);
    ctx.set(conditioning_, Conditioning{{{.context = encoder.context(std::array{label})}}});
    ctx.set(name_, encoder.name(label));
  }

  static std::int64_t number_of(const sd::LabelTable& encoder, const std::string& label) {
    if (label.empty() && encoder.unconditional()) return *encoder.unconditional();
    if (label.empty())
      throw NodeError("the label is empty, and this model has no class for 'any'",
          fmt::format("give a class, such as '{}'", encoder.name(0)));
    return encoder.find(label);
  }
};

class SegmentationConditioning final : public Node {
  Input<Conditioning> positive_{*this, "positive", {.tip = "what the picture should show"}};
  Input<Conditioning> negative_{*this, "negative", {.tip = "what it should not show"}};
  Input<SegmentationMap> map_{*this, "map", {.tip = "what is where, in pixels of the picture"}};
  Input<SpatialRescaler> rescaler_{*this, "rescaler",
      {.tip = "the model's own, if it has one; without it each class is a channel", .optional = true}};
  Input<Vae> vae_{*this, "vae",
      {.tip = "without a rescaler: the map gets the size of this VAE's latents; none: a latent spans 8 pixels",
          .optional = true}};
  Output<Conditioning> positive_out_{*this, "positive", {.tip = "with the map beside the noisy latent"}};
  Output<Conditioning> negative_out_{*this, "negative", {.tip = "with the map beside the noisy latent"}};

  void run(RunContext& ctx) const override {
    const torch::Tensor classes = sd::one_hot(ctx[map_]);
    const torch::Tensor map =
        ctx.has(rescaler_) ? ctx[rescaler_].get()(classes) : sd::MapRescaler(halvings(ctx))(classes);
    ctx.set(positive_out_, Conditioning{sd::set_concat_map(ctx[positive_].entries, map)});
    ctx.set(negative_out_, Conditioning{sd::set_concat_map(ctx[negative_].entries, map)});
  }

  /// From pixels to latents.
  std::int64_t halvings(const RunContext& ctx) const {
    const sd::LatentSpace space = ctx.has(vae_) ? ctx[vae_].space() : sd::LatentSpace();
    return std::countr_zero(static_cast<std::uint64_t>(space.downscale));
  }
};

}  // namespace

void add_picture(Registry& registry) {
  registry.add<EncodeLabel>("conditioning.label",
      {.title = "Label",
          .menu = "Conditioning",
          .doc =
              "Context by cross-attention without words: a class, such as \"arctic fox\", as the vector that the model "
              "learnt for it."});
  registry.add<SegmentationConditioning>("conditioning.segmentation_map",
      {.title = "Segmentation Map Conditioning",
          .menu = "Conditioning/Picture",
          .doc = "Context by concatenation: shows a model for semantic image synthesis what should be where, at every "
                 "step."});
}

}  // namespace weft::conditioning
