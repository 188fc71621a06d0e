// unet.attention: where in the picture the U-Net attends to some words.
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "assets/model_files.h"
#include "nodes/sd/networks/attention_maps.h"
#include "nodes/sd/pictures/false_colour.h"
#include "nodes/sd/sampling/denoiser.h"
#include "nodes/sd/tensors/resize.h"
#include "nodes/sd/values/node_device.h"
#include "nodes/unet/nodes.h"

namespace weft::unet {
namespace {

class AttentionMap final : public Node {
  Input<Model> model_{*this, "model", {.tip = "the U-Net f"}};
  Input<Clip> clip_{*this, "clip", {.tip = "the model's text encoder"}};
  Input<Latent> latent_{
      *this, "latent", {.tip = "x at the noise level sigmas[step]: from Add Noise, or from the step before"}};
  Input<Sigmas> sigmas_{*this, "sigmas", {.tip = "the noise levels, from Noise Schedule"}};
  Param<std::int64_t> step_{*this, "step", {.init = 0, .min = 0, .max = 9999, .tip = "the first is 0"}};
  Param<std::string> text_{
      *this, "text", {.widget = Widget::Text, .tip = "the whole prompt that the picture is made with"}};
  Param<std::string> words_{*this, "words", {.tip = "words of the prompt to locate, such as: fox"}};
  Output<Image> image_{*this, "image", {.tip = "bright where the words are attended to; black least, white most"}};
  Output<Mask> mask_{*this, "mask", {.tip = "the same as a mask, from 0 (least) to 1 (most)"}};

  void run(RunContext& ctx) const override {
    const float sigma = ctx[sigmas_].at(ctx[step_]);
    if (sigma <= 0) throw NodeError("there is no noise left at this step", "give an earlier step");
    const std::vector<std::int64_t> tokens = ctx[clip_].find_tokens(ctx[text_], ctx[words_], embeddings(ctx));
    if (tokens.empty())
      throw NodeError(fmt::format("the words '{}' do not stand in the text '{}'", ctx[words_], ctx[text_]),
          "give words of the text, spelled as there");
    ctx.progress(0, 1);
    const at::NoGradGuard no_grad;
    const torch::Tensor maps = observe(ctx, tokens, sigma);
    if (!maps.defined()) throw NodeError("this model attends to no words", "use a model with cross-attention");
    const std::int64_t unit = ctx[latent_].space.downscale;
    const torch::Tensor large =
        sd::resize(sd::to_cpu(maps).unsqueeze(1), maps.size(2) * unit, maps.size(1) * unit, sd::Resize::Bilinear)
            .squeeze(1);
    const torch::Tensor low = large.amin({1, 2}, /*keepdim=*/true), high = large.amax({1, 2}, /*keepdim=*/true);
    const torch::Tensor shares = (large - low) / (high - low).clamp_min(1e-12);
    ctx.set(image_, Image(sd::heat_colours(shares)));
    ctx.set(mask_, Mask(shares));
  }

  static Clip::EmbeddingFiles embeddings(const RunContext& ctx) {
    return [&ctx](const std::string& name) { return find_embedding(ctx.environment().model_folders, name); };
  }

  /// [B, h, w], or undefined if the network has no attention to words.
  torch::Tensor observe(RunContext& ctx, const std::vector<std::int64_t>& tokens, float sigma) const {
    const sd::MemoryNeed need = ctx[model_].need(ctx.device(), ctx[latent_].samples, /*cfg=*/1);
    sd::require_memory(ctx.memory(), need, ctx[latent_].size_text());
    sd::AttentionMaps maps(tokens, ctx[latent_].samples.size(2), ctx[latent_].samples.size(3));
    const auto model = ctx[model_].with(sd::watching(maps)).on(ctx.memory());
    sd::make_room(ctx.memory(), need);
    const torch::Tensor x = model->space.to_network(ctx[latent_].samples.to(model->device, at::kFloat));
    const sd::ConditioningEntries words = ctx[clip_].encode(ctx[text_], ctx.memory(), embeddings(ctx)).entries;
    const sd::GuidedDenoiser denoiser(*model, words, words, x, {.cfg = 1, .strict_concat = true});
    denoiser.x0(x, sigma);
    return maps.mean();
  }
};

}  // namespace

void add_attention(Registry& registry) {
  registry.add<AttentionMap>("unet.attention",
      {.title = "Attention Map",
          .menu = "Sampling/Parts",
          .doc = "Asks the U-Net once and shows which places attended to chosen words of the text: the mean over all "
                 "its layers "
                 "and heads.",
          .lane = Lane::Device});
}

}  // namespace weft::unet
