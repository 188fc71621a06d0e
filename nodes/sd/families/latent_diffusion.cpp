// The latent diffusion paper's own models (Rombach et al. 2022, arXiv:2112.10752), which came before Stable Diffusion. They
// are conditioned on words (BERT's, by a transformer of their own), on classes of ImageNet, on segmentation maps or on
// nothing; most of them have a VQ autoencoder.
#include <algorithm>
#include <array>

#include "nodes/sd/families/family.h"
#include "nodes/sd/families/shared_names.h"

namespace weft::sd {

extern const Family kLatentDiffusion;

namespace {

/// A published model, with what its configuration file says and no shape tells.
struct Published {
  std::int64_t width, context_width;  ///< by which it is known
  std::int64_t heads, head_width;
  double beta_start, beta_end;
  std::int64_t downscale;
  double scale;
};

constexpr Published kTextToImageLarge{320, 1280, 8, 0, 0.00085, 0.012, 8, 0.18215};  // txt2img-f8-large: words, KL-f8

constexpr Published kPublished[] = {
    {192, 512, 1, 0, 0.0015, 0.0195, 4, 1},  // cin256-v2: classes of ImageNet, VQ-f4
    {256, 512, 0, 32, 0.0015, 0.0195, 8, 1},  // cin256: the same, VQ-f8
    {192, 640, 0, 32, 0.0015, 0.0195, 4, 1},  // text2img256: words, VQ-f4
    {128, 0, 8, 0, 0.0015, 0.0205, 4, 1},  // semantic_synthesis256 and 512: segmentation maps, VQ-f4
    {224, 0, 0, 32, 0.0015, 0.0195, 4, 1},  // celeba256, ffhq256, lsun_beds256: nothing, VQ-f4
    kTextToImageLarge,
};

const Published* published(const ModelShapes& model) {
  const auto* found = std::ranges::find_if(kPublished, [&](const Published& known) {
    return known.width == model.width() && known.context_width == model.context_width();
  });
  return found == std::end(kPublished) ? nullptr : found;
}

/// A VQ encoder gives as many channels as the decoder takes; KL's gives mean and variance.
bool has_codebook(const ModelShapes& model) {
  const std::int64_t channels = model.size(Part::VAE, "decoder.conv_in.weight", 1);
  return channels > 0 && model.size(Part::VAE, "quant_conv.weight", 0) == channels;
}

bool recognises(const ModelShapes& model) {
  const bool reads_bert = model.has(Part::TextEncoder) && kBertText.recognises(model.part(Part::TextEncoder));
  const bool attends_to_nothing = model.has(Part::UNet) && model.context_width() == 0;
  return reads_bert || attends_to_nothing || has_codebook(model) || published(model) != nullptr;
}

/// Of the published model; one that is none has what txt2img-f8-large has, but for the scale, which its autoencoder decides.
Usual usual(const ModelShapes& model) {
  const Published* known = published(model);
  const Published& as = known != nullptr ? *known : kTextToImageLarge;
  const double scale_by_vae = has_codebook(model) ? 1 : kTextToImageLarge.scale;
  return {.heads = as.heads,
      .head_width = as.head_width,
      .beta_start = as.beta_start,
      .beta_end = as.beta_end,
      .latents = {.downscale = as.downscale, .scale = model.has(Part::VAE) ? scale_by_vae : as.scale}};
}

// The text transformer: attention and feed-forward alternate.
constexpr Rule kBertNames[] = {
    {"token_emb.*", "text_model.embeddings.token_embedding.*"},
    {"pos_emb.emb.*", "text_model.embeddings.position_embedding.*"},
    {"attn_layers.layers.#.0.*", "text_model.encoder.layers.{half}.{norm}.*"},
    {"attn_layers.layers.#.1.to_q.*", "text_model.encoder.layers.{half}.self_attn.q_proj.*"},
    {"attn_layers.layers.#.1.to_k.*", "text_model.encoder.layers.{half}.self_attn.k_proj.*"},
    {"attn_layers.layers.#.1.to_v.*", "text_model.encoder.layers.{half}.self_attn.v_proj.*"},
    {"attn_layers.layers.#.1.to_out.*", "text_model.encoder.layers.{half}.self_attn.out_proj.*"},
    {"attn_layers.layers.#.1.net.0.0.*", "text_model.encoder.layers.{half}.mlp.fc1.*"},
    {"attn_layers.layers.#.1.net.2.*", "text_model.encoder.layers.{half}.mlp.fc2.*"},
    {"norm.*", "text_model.final_layer_norm.*"},
};

constexpr Rule kLabelNames[] = {{"embedding.weight", "embedding.weight"}};
constexpr Rule kRescalerNames[] = {{"channel_mapper.weight", "channel_mapper.weight"}};

constexpr PartNames kSingleFile[] = {kUNetNames, kVAENames,
    {Part::TextEncoder, "cond_stage_model.transformer.", kBertNames},
    {Part::LabelEncoder, "cond_stage_model.", kLabelNames},
    {Part::SpatialRescaler, "cond_stage_model.", kRescalerNames}};

constexpr const TextKind* kTextKinds[] = {&kBertText, &kClipText};
constexpr TextSlot kTexts[] = {{Part::TextEncoder, kTextKinds}};

}  // namespace

constinit const Family kLatentDiffusion{.name = "latent diffusion",
    .recognises = recognises,
    .usual = usual,
    .texts = kTexts,
    .single_file = kSingleFile,
    .diffusers = kDiffusersNames};

}  // namespace weft::sd
