// text.encode_xl, text.encode_xl_refiner: words and the picture's size for Stable Diffusion XL, by hand. text.encode does for
// it, too: then both encoders read the same, and the size is that of the picture that is sampled.
#include "nodes/text_encoder/embeddings.h"
#include "nodes/text_encoder/nodes.h"

namespace weft::text_encoder {
namespace {

constexpr std::int64_t kLargest = 16384;

class EncodeXl final : public Node {
  Input<Clip> clip_{*this, "clip", {.tip = "the text encoders of a Stable Diffusion XL model"}};
  Param<std::int64_t> width_{*this, "width",
      {.init = 1024,
          .min = 0,
          .max = kLargest,

          .tip = "of the picture that it is to look as if made from: small ones look blurred"}};
  Param<std::int64_t> height_{
      *this, "height", {.init = 1024, .min = 0, .max = kLargest, .tip = "the same picture's height"}};
  Param<std::int64_t> crop_left_{*this, "crop_left",
      {.init = 0,
          .min = 0,
          .max = kLargest,

          .tip = "how much was cropped at its left; 0 centres things"}};
  Param<std::int64_t> crop_top_{
      *this, "crop_top", {.init = 0, .min = 0, .max = kLargest, .tip = "how much was cropped at its top"}};
  Param<std::int64_t> target_width_{
      *this, "target_width", {.init = 1024, .min = 0, .max = kLargest, .tip = "of the picture that is made"}};
  Param<std::int64_t> target_height_{
      *this, "target_height", {.init = 1024, .min = 0, .max = kLargest, .tip = "of the picture that is made"}};
  Param<std::string> text_g_{*this, "text_g",
      {.widget = Widget::Text, .tip = "what the larger encoder reads (OpenCLIP ViT-bigG): a sentence"}};
  Param<std::string> text_l_{*this, "text_l",
      {.widget = Widget::Text, .tip = "what the smaller one reads (CLIP ViT-L): the same, or words for the style"}};
  Output<Conditioning> conditioning_{
      *this, "conditioning", {.tip = "a vector for each token, and what the U-Net is told of the picture's size"}};

  void run(RunContext& ctx) const override {
    ctx.progress(0, 1);
    for (const std::string& text : {ctx[text_g_], ctx[text_l_]}) warn_of(ctx, text);
    Conditioning conditioning =
        ctx[clip_].encode_each({ctx[text_l_], ctx[text_g_]}, ctx.memory(), embedding_files(ctx));
    for (sd::ConditioningEntry& entry : conditioning.entries)
      entry.size = sd::PictureSize{
          ctx[height_], ctx[width_], ctx[crop_top_], ctx[crop_left_], ctx[target_height_], ctx[target_width_]};
    ctx.set(conditioning_, std::move(conditioning));
  }

  std::string fingerprint(const RunContext& ctx) const override { return embeddings_stamp(ctx); }
};

class EncodeXlRefiner final : public Node {
  Input<Clip> clip_{*this, "clip", {.tip = "the text encoder of a Stable Diffusion XL refiner"}};
  Param<double> score_{*this, "aesthetic_score",
      {.init = 6, .min = 0, .max = 1000, .tip = "how beautiful: 6 is usual, 2.5 on the negative side"}};
  Param<std::int64_t> width_{*this, "width",
      {.init = 1024,
          .min = 0,
          .max = kLargest,

          .tip = "of the picture that it is to look as if made from: small ones look blurred"}};
  Param<std::int64_t> height_{
      *this, "height", {.init = 1024, .min = 0, .max = kLargest, .tip = "the same picture's height"}};
  Param<std::string> text_{*this, "text", {.widget = Widget::Text, .tip = "what the picture shows"}};
  Output<Conditioning> conditioning_{
      *this, "conditioning", {.tip = "a vector for each token, and what the U-Net is told beside"}};

  void run(RunContext& ctx) const override {
    ctx.progress(0, 1);
    const std::string text = ctx[text_];
    warn_of(ctx, text);
    Conditioning conditioning = ctx[clip_].encode(text, ctx.memory(), embedding_files(ctx));
    for (sd::ConditioningEntry& entry : conditioning.entries) {
      entry.size = sd::PictureSize{ctx[height_], ctx[width_], 0, 0, ctx[height_], ctx[width_]};
      entry.aesthetic_score = ctx[score_];
    }
    ctx.set(conditioning_, std::move(conditioning));
  }

  std::string fingerprint(const RunContext& ctx) const override { return embeddings_stamp(ctx); }
};

}  // namespace

void add_encode_xl(Registry& registry) {
  registry.add<EncodeXl>("text.encode_xl",
      {.title = "Encode Text (SDXL)",
          .menu = "Conditioning",
          .doc =
              "Words to vectors by both text encoders of Stable Diffusion XL, each with a text of its own, and the sizes "
              "that the model is told beside the words.",
          .lane = Lane::Device,
          .foreign = {{.program = "comfyui",
              .name = "CLIPTextEncodeSDXL",
              .inputs = {"clip", "width", "height", {"crop_w", "crop_left"}, {"crop_h", "crop_top"}, "target_width",
                  "target_height", "text_g", "text_l"},
              .outputs = {"conditioning"}}}});
  registry.add<EncodeXlRefiner>("text.encode_xl_refiner",
      {.title = "Encode Text (SDXL Refiner)",
          .menu = "Conditioning",
          .doc =
              "Words to vectors by the text encoder of the Stable Diffusion XL refiner, and how beautiful the picture is "
              "to be.",
          .lane = Lane::Device,
          .foreign = {{.program = "comfyui",
              .name = "CLIPTextEncodeSDXLRefiner",
              .inputs = {{"ascore", "aesthetic_score"}, "width", "height", "text", "clip"},
              .outputs = {"conditioning"}}}});
}

}  // namespace weft::text_encoder
