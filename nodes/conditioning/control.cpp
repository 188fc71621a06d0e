// conditioning.control, conditioning.control_both: a picture that steers the U-Net through a ControlNet.
#include "nodes/conditioning/nodes.h"

namespace weft::conditioning {
namespace {

constexpr double kMost = 10;

/// The ports that both nodes have.
struct ControlPorts {
  explicit ControlPorts(Node& node)
      : control_net(node, "control_net", {.tip = "from Load ControlNet; made for the model's family"}),
        image(node, "image",
            {.tip = "what the ControlNet was trained on: edges, depth, a pose; brought to the picture's size"}),
        strength(node, "strength",
            {.init = 1, .min = 0, .max = kMost, .step = 0.05, .tip = "1: as it was trained; 0: not at all"}) {}

  std::shared_ptr<const sd::Control> control(
      const RunContext& ctx, double start, double end, bool also_negative) const {
    return std::make_shared<const sd::Control>(sd::Control{.source = ctx[control_net].source(),
        .hint = ctx[image].pixels().permute({0, 3, 1, 2}).contiguous(),
        .strength = ctx[strength],
        .start_percent = start,
        .end_percent = end,
        .also_negative = also_negative});
  }

  Input<ControlNet> control_net;
  Input<Image> image;
  Param<double> strength;
};

class ApplyControl final : public Node {
  Input<Conditioning> given_{*this, "conditioning", {.tip = "what the picture should show"}};
  ControlPorts ports_{*this};
  Output<Conditioning> result_{*this, "conditioning", {.tip = "steered by the picture; the negative side is, too"}};

  void run(RunContext& ctx) const override {
    ctx.set(result_, Conditioning{sd::add_control(ctx[given_].entries, ports_.control(ctx, 0, 1, true))});
  }
};

class ApplyControlBoth final : public Node {
  Input<Conditioning> positive_{*this, "positive", {.tip = "what the picture should show"}};
  Input<Conditioning> negative_{*this, "negative", {.tip = "what it should not show"}};
  ControlPorts ports_{*this};
  Param<double> start_{*this, "start",
      {.init = 0, .min = 0, .max = 1, .step = 0.01, .tip = "when it begins to count: 0 is the noisiest moment"}};
  Param<double> end_{
      *this, "end", {.init = 1, .min = 0, .max = 1, .step = 0.01, .tip = "when it ceases to count: 1 is the end"}};
  Output<Conditioning> positive_out_{*this, "positive", {.tip = "steered by the picture"}};
  Output<Conditioning> negative_out_{*this, "negative", {.tip = "steered by the picture"}};

  void run(RunContext& ctx) const override {
    const auto control = ports_.control(ctx, ctx[start_], ctx[end_], false);
    ctx.set(positive_out_, Conditioning{sd::add_control(ctx[positive_].entries, control)});
    ctx.set(negative_out_, Conditioning{sd::add_control(ctx[negative_].entries, control)});
  }
};

}  // namespace

void add_control(Registry& registry) {
  registry.add<ApplyControl>("conditioning.control",
      {.title = "Apply ControlNet",
          .menu = "Conditioning/Picture",
          .doc =
              "Steers the U-Net by a picture, through a ControlNet (arXiv:2302.05543), at all steps. The negative side is "
              "steered alike.",
          .foreign = {{.program = "comfyui",
              .name = "ControlNetApply",
              .inputs = {"conditioning", "control_net", "image", "strength"},
              .outputs = {"conditioning"}}}});
  registry.add<ApplyControlBoth>("conditioning.control_both",
      {.title = "Apply ControlNet (Both Sides)",
          .menu = "Conditioning/Picture",
          .doc =
              "Steers the U-Net by a picture, through a ControlNet (arXiv:2302.05543), on both sides of guidance, for a part "
              "of the sampling.",
          .foreign = {{.program = "comfyui",
              .name = "ControlNetApplyAdvanced",
              .inputs = {"positive", "negative", "control_net", "image", "strength", {"start_percent", "start"},
                  {"end_percent", "end"}, {"vae", ""}},
              .outputs = {"positive", "negative"}}}});
}

}  // namespace weft::conditioning
