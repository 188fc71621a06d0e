// conditioning.unclip: pictures as a prompt.
#include "nodes/conditioning/nodes.h"
#include "nodes/sd/values/clip_vision.h"

namespace weft::conditioning {
namespace {

class ImagePromptNode final : public Node {
  Input<Conditioning> given_{*this, "conditioning", {.tip = "what the picture should show in words"}};
  Input<ClipVisionOutput> output_{*this, "clip_vision_output", {.tip = "from Encode Image (CLIP Vision)"}};
  Param<double> strength_{*this, "strength",
      {.init = 1, .min = -10, .max = 10, .step = 0.01, .tip = "how much the picture counts; 0: not at all"}};
  Param<double> noise_{*this, "noise_augmentation",
      {.init = 0, .min = 0, .max = 1, .step = 0.01, .tip = "noise on what was seen: 1 leaves the model free"}};
  Output<Conditioning> result_{*this, "conditioning", {.tip = "with the picture beside the words"}};

  void run(RunContext& ctx) const override {
    Conditioning result{ctx[given_].entries};
    const double strength = ctx[strength_];
    if (strength == 0) return ctx.set(result_, std::move(result));
    const sd::ImagePrompt prompt{ctx[output_].encoding.embedding, strength, ctx[noise_]};
    for (auto& entry : result.entries) entry.image_prompts.push_back(prompt);
    ctx.set(result_, std::move(result));
  }
};

}  // namespace

void add_image_prompt(Registry& registry) {
  registry.add<ImagePromptNode>("conditioning.unclip",
      {.title = "unCLIP Conditioning",
          .menu = "Conditioning",
          .doc =
              "Shows the model a picture as a prompt: unCLIP models beside the words, Stable Diffusion XL in place of the "
              "words' pooled encoding (revision). Several add up.",
          .foreign = {{.program = "comfyui",
              .name = "unCLIPConditioning",
              .inputs = {"conditioning", "clip_vision_output", "strength", "noise_augmentation"},
              .outputs = {"conditioning"}}}});
}

}  // namespace weft::conditioning
