// clip_vision.encode: a picture as CLIP sees it. The types of the encoder and of what it gives.
#include "nodes/sd/values/describe.h"
#include "nodes/vision_encoder/nodes.h"

namespace weft::vision_encoder {
namespace {

class EncodePicture final : public Node {
  Input<ClipVision> clip_vision_{*this, "clip_vision", {.tip = "from Load CLIP Vision, or of an unCLIP checkpoint"}};
  Input<Image> image_{*this, "image", {.tip = "what it shall look at; each picture of a batch by itself"}};
  Param<std::string> crop_{*this, "crop",
      {.init = "center", .choices = {"center", "none"}, .tip = "center: the middle square; none: all, made square"}};
  Output<ClipVisionOutput> output_{*this, "output", {.tip = "for what is conditioned on pictures"}};

  void run(RunContext& ctx) const override {
    const torch::Tensor pictures = ctx[image_].pixels().permute({0, 3, 1, 2}).slice(1, 0, 3).contiguous();
    ctx.set(output_, ClipVisionOutput{ctx[clip_vision_].encode(pictures, ctx[crop_] == "center", ctx.memory())});
  }
};

}  // namespace

void add_types(Registry& registry) {
  registry.add_type({.id = "clip_vision",
      .title = "CLIP vision",
      .colour = "#a1887f",
      .doc = "CLIP's encoder of pictures, for models that take pictures as a prompt."});
  registry.add_type({.id = "clip_vision_output",
      .title = "CLIP vision output",
      .colour = "#ad7452",
      .doc = "What CLIP saw in pictures: an embedding of each, and the features of its last layers.",
      .describe = [](const Value& v) { return sd::describe(v.as<ClipVisionOutput>().encoding.embedding); }});
}

void add_encode(Registry& registry) {
  registry.add<EncodePicture>("clip_vision.encode",
      {.title = "Encode Image (CLIP Vision)",
          .menu = "Conditioning",
          .doc = "Encodes pictures for models that take them as a prompt, such as unCLIP models.",
          .lane = Lane::Device,
          .foreign = {{.program = "comfyui",
              .name = "CLIPVisionEncode",
              .inputs = {"clip_vision", "image", "crop"},
              .outputs = {"output"}}}});
}

}  // namespace weft::vision_encoder
