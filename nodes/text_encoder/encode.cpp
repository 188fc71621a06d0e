// text.encode, text.clip_skip: words to what the U-Net attends to.
#include "nodes/text_encoder/dialects.h"
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
  Param<std::string> dialect_{*this, "dialect",
      {.init = dialect_names().front(),
          .choices = dialect_names(),
          .tip = "how the text is written: a1111 has [less], [from:to:0.5], [a|b], AND and BREAK; compel has word++, "
                 "(words)1.3, (\"a\", \"b\").blend(1, 1) and .and()"}};
  Param<std::int64_t> steps_{*this, "steps",
      {.init = 20,
          .min = 1,
          .max = 1000,
          .tip = "the sampler's, for texts in the dialect a1111 that change at a step, [from:to:10] or [a|b]"}};
  Output<Conditioning> conditioning_{
      *this, "conditioning", {.tip = "a vector for each token, which the U-Net attends to"}};

  void run(RunContext& ctx) const override {
    ctx.progress(0, 1);
    ctx.set(conditioning_, encode_in(dialect_named(ctx[dialect_]), ctx, ctx[clip_], ctx[text_], ctx[steps_]));
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
          .revision = 4,
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
