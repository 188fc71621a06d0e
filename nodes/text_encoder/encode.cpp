// text.encode, text.clip_skip: words to what the U-Net attends to.
#include "nodes/text_encoder/embeddings.h"
#include "nodes/text_encoder/nodes.h"

namespace weft::text_encoder {
namespace {

class EncodeText final : public Node {
  Input<Clip> clip_{*this, "clip", {.tip = "the model's text encoder"}};
  Param<std::string> text_{*this, "text",
      {.widget = Widget::Text,
          .tip = "(words:1.2) count more, (words:0.8) less, (words) 1.1 times; \\( and \\) are plain brackets; "
                 "embedding:name is a learnt word from the folder 'embeddings'"}};
  Output<Conditioning> conditioning_{
      *this, "conditioning", {.tip = "a vector for each token, which the U-Net attends to"}};

  void run(RunContext& ctx) const override {
    ctx.progress(0, 1);
    const std::string text = ctx[text_];
    warn_of(ctx, text);
    ctx.set(conditioning_, ctx[clip_].encode(text, ctx.memory(), embedding_files(ctx)));
  }

  std::string fingerprint(const RunContext& ctx) const override { return embeddings_stamp(ctx); }
};

class ClipSkip final : public Node {
  Input<Clip> clip_{*this, "clip", {.tip = "the text encoder"}};
  Param<std::int64_t> skip_{*this, "skip",
      {.init = 2,
          .min = 1,
          .max = 24,
          .tip = "1: the last layer, as Stable Diffusion 1 was trained; 2: the one before, as many anime models want"}};
  Output<Clip> result_{*this, "clip", {.tip = "the same, shortened"}};

  void run(RunContext& ctx) const override { ctx.set(result_, ctx[clip_].with_skip(ctx[skip_])); }
};

}  // namespace

void add_encode(Registry& registry) {
  registry.add<EncodeText>("text.encode",
      {.title = "Encode Text",
          .menu = "Conditioning",
          .doc = "Words to vectors, by the model's CLIP text encoder. Longer texts are encoded in chunks of 75 tokens.",
          .revision = 3,
          .lane = Lane::Device,
          .foreign = {{.program = "comfyui",
              .name = "CLIPTextEncode",
              .inputs = {"text", "clip"},
              .outputs = {"conditioning"}}}});
  registry.add<ClipSkip>("text.clip_skip",
      {.title = "CLIP Skip",
          .menu = "Conditioning",
          .doc = "Takes the text encoder's output some layers before its last.",
          .foreign = {{.program = "comfyui",
              .name = "CLIPSetLastLayer",
              .inputs = {"clip", ForeignInput::counted_from_end("stop_at_clip_layer", "skip")},
              .outputs = {"clip"}}}});
}

}  // namespace weft::text_encoder
