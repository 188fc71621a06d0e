// conditioning.set_area, .set_area_percent, .set_strength, .set_mask, .set_timestep_range: where and when a text counts.
#include "nodes/conditioning/nodes.h"

namespace weft::conditioning {
namespace {

class SetArea final : public Node {
  Input<Conditioning> conditioning_{*this, "conditioning", {.tip = "an encoded text"}};
  Param<std::int64_t> width_{*this, "width",
      {.init = 64, .min = 64, .max = 16384, .step = 8, .role = PortRole::RegionWidth, .tip = "in pixels"}};
  Param<std::int64_t> height_{*this, "height",
      {.init = 64, .min = 64, .max = 16384, .step = 8, .role = PortRole::RegionHeight, .tip = "in pixels"}};
  Param<std::int64_t> x_{*this, "x",
      {.init = 0, .min = 0, .max = 16384, .step = 8, .role = PortRole::RegionX, .tip = "left edge, in pixels"}};
  Param<std::int64_t> y_{*this, "y",
      {.init = 0, .min = 0, .max = 16384, .step = 8, .role = PortRole::RegionY, .tip = "upper edge, in pixels"}};
  Param<double> strength_{*this, "strength",
      {.init = 1, .min = 0, .max = 10, .step = 0.01, .tip = "weight against others that cover the same place"}};
  Output<Conditioning> result_{*this, "conditioning", {.tip = "the text, for that rectangle"}};

  void run(RunContext& ctx) const override {
    ctx.set(result_,
        Conditioning{
            sd::set_area(ctx[conditioning_].entries, ctx[width_], ctx[height_], ctx[x_], ctx[y_], ctx[strength_])});
  }
};

class SetAreaPercent final : public Node {
  Input<Conditioning> conditioning_{*this, "conditioning", {.tip = "an encoded text"}};
  Param<double> width_{*this, "width",
      {.init = 1,
          .min = 0,
          .max = 1,
          .step = 0.01,
          .role = PortRole::RegionWidth,
          .tip = "as a fraction of the picture's"}};
  Param<double> height_{*this, "height",
      {.init = 1,
          .min = 0,
          .max = 1,
          .step = 0.01,
          .role = PortRole::RegionHeight,
          .tip = "as a fraction of the picture's"}};
  Param<double> x_{
      *this, "x", {.init = 0, .min = 0, .max = 1, .step = 0.01, .role = PortRole::RegionX, .tip = "left edge"}};
  Param<double> y_{
      *this, "y", {.init = 0, .min = 0, .max = 1, .step = 0.01, .role = PortRole::RegionY, .tip = "upper edge"}};
  Param<double> strength_{*this, "strength",
      {.init = 1, .min = 0, .max = 10, .step = 0.01, .tip = "weight against others that cover the same place"}};
  Output<Conditioning> result_{*this, "conditioning", {.tip = "the text, for that rectangle"}};

  void run(RunContext& ctx) const override {
    const sd::FractionArea area{.height = ctx[height_], .width = ctx[width_], .y = ctx[y_], .x = ctx[x_]};
    ctx.set(result_, Conditioning{sd::set_area_percentage(ctx[conditioning_].entries, area, ctx[strength_])});
  }
};

class SetStrength final : public Node {
  Input<Conditioning> conditioning_{*this, "conditioning", {.tip = "an encoded text"}};
  Param<double> strength_{*this, "strength",
      {.init = 1, .min = 0, .max = 10, .step = 0.01, .tip = "weight against others that cover the same place"}};
  Output<Conditioning> result_{*this, "conditioning", {.tip = "the text, with that weight"}};

  void run(RunContext& ctx) const override {
    ctx.set(result_, Conditioning{sd::set_area_strength(ctx[conditioning_].entries, ctx[strength_])});
  }
};

class SetMask final : public Node {
  Input<Conditioning> conditioning_{*this, "conditioning", {.tip = "an encoded text"}};
  Input<Mask> mask_{*this, "mask", {.tip = "any size: it is scaled to that of the latent"}};
  Param<double> strength_{*this, "strength",
      {.init = 1, .min = 0, .max = 10, .step = 0.01, .tip = "weight against others that cover the same place"}};
  Param<std::string> area_{*this, "area",
      {.init = "whole picture",
          .choices = {"whole picture", "mask bounds"},
          .tip = "mask bounds: the model sees only the rectangle around the mask"}};
  Output<Conditioning> result_{*this, "conditioning", {.tip = "the text, for what the mask selects"}};

  void run(RunContext& ctx) const override {
    ctx.set(result_,
        Conditioning{sd::set_mask(
            ctx[conditioning_].entries, ctx[mask_].values(), ctx[strength_], ctx[area_] == "mask bounds")});
  }
};

class SetTimestepRange final : public Node {
  Input<Conditioning> conditioning_{*this, "conditioning", {.tip = "an encoded text"}};
  Param<double> start_{*this, "start", {.init = 0, .min = 0, .max = 1, .step = 0.001, .tip = "0 is pure noise"}};
  Param<double> end_{*this, "end", {.init = 1, .min = 0, .max = 1, .step = 0.001, .tip = "1 is the finished picture"}};
  Output<Conditioning> result_{*this, "conditioning", {.tip = "the text, for that part of the sampling"}};

  void run(RunContext& ctx) const override {
    ctx.set(result_, Conditioning{sd::set_timestep_range(ctx[conditioning_].entries, ctx[start_], ctx[end_])});
  }
};

}  // namespace

void add_place(Registry& registry) {
  registry.add<SetArea>("conditioning.set_area",
      {.title = "Set Area",
          .menu = "Conditioning/Place",
          .doc = "The text counts in a rectangle of the picture, given in pixels.",
          .foreign = {{.program = "comfyui",
              .name = "ConditioningSetArea",
              .inputs = {"conditioning", "width", "height", "x", "y", "strength"},
              .outputs = {"conditioning"}}}});
  registry.add<SetAreaPercent>("conditioning.set_area_percent",
      {.title = "Set Area (Percent)",
          .menu = "Conditioning/Place",
          .doc = "The text counts in a rectangle of the picture, given as parts of its size.",
          .foreign = {{.program = "comfyui",
              .name = "ConditioningSetAreaPercentage",
              .inputs = {"conditioning", "width", "height", "x", "y", "strength"},
              .outputs = {"conditioning"}}}});
  registry.add<SetStrength>("conditioning.set_strength",
      {.title = "Set Strength",
          .menu = "Conditioning/Place",
          .doc = "How much the text counts against others that are combined with it.",
          .foreign = {{.program = "comfyui",
              .name = "ConditioningSetAreaStrength",
              .inputs = {"conditioning", "strength"},
              .outputs = {"conditioning"}}}});
  registry.add<SetMask>("conditioning.set_mask",
      {.title = "Set Mask",
          .menu = "Conditioning/Place",
          .doc = "The text counts where a mask says.",
          .foreign = {{.program = "comfyui",
              .name = "ConditioningSetMask",
              .inputs = {"conditioning", "mask", "strength", {"set_cond_area", "area", {{"default", "whole picture"}}}},
              .outputs = {"conditioning"}}}});
  registry.add<SetTimestepRange>("conditioning.set_timestep_range",
      {.title = "Set Timestep Range",
          .menu = "Conditioning/Place",
          .doc = "The text counts in part of the sampling: early steps decide the layout, late ones draw details.",
          .foreign = {{.program = "comfyui",
              .name = "ConditioningSetTimestepRange",
              .inputs = {"conditioning", "start", "end"},
              .outputs = {"conditioning"}}}});
}

}  // namespace weft::conditioning
