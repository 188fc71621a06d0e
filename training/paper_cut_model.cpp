#include "training/paper_cut_model.h"

#include <torch/torch.h>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/sampling/sample.h"
#include "training/renderer.h"

namespace weft::paper_cut {
namespace {

sd::Weights weights(const sd::TensorMap& map, const std::string& prefix) {
  return sd::Weights(std::make_shared<sd::TensorMapSource>(without_prefix(map, prefix), "paper-cut " + prefix));
}

}  // namespace

sd::UNetConfig unet_config() {
  // Attention at 8x8 and in the middle only: at 16x16 it would cost half of the step and adds little.
  return {.block_channels = {64, 128, 160},
      .layers_per_block = 1,
      .depths = sd::AttentionDepths::by_level({0, 1, 0}, 1),
      .context_dim = 128,
      .heads = 4,
      .norm_groups = 16};
}

sd::TextEncoderConfig text_encoder_config(const Vocabulary& vocabulary) {
  return {.vocab = vocabulary.size(),
      .width = 128,
      .layers = 2,
      .heads = 4,
      .mlp_width = 512,
      .max_positions = Vocabulary::kLength,
      .eos_id = vocabulary.end_id()};
}

sd::VAEConfig vae_config(double scaling_factor) {
  return {.block_channels = {32, 64, 96, 96},
      .layers_per_block = 1,
      .norm_groups = 8,
      .scaling_factor = scaling_factor,
          // `weft-train colours`: 22 dB on 200 renders an eighth as large.
      .colours = {-0.649, -0.607, -1.236, -0.098, -0.050, 0.441, 0.767, 0.487, 0.842, 1.277, 0.647, 0.335,  //
          0.177, 0.072, 0.100}};
}

const Vocabulary& vocabulary() {
  static const Vocabulary words(caption_words());
  return words;
}

at::Tensor caption_ids(const std::vector<std::string>& captions) {
  at::Tensor ids = at::empty({std::int64_t(captions.size()), Vocabulary::kLength}, at::kLong);
  for (std::size_t i = 0; i < captions.size(); ++i)
    ids[std::int64_t(i)].copy_(torch::tensor(vocabulary().ids(captions[i])));
  return ids;
}

sd::TensorMap without_prefix(const sd::TensorMap& map, const std::string& prefix) {
  sd::TensorMap part;
  for (const auto& [name, tensor] : map) {
    if (name.starts_with(prefix + ".")) part[name.substr(prefix.size() + 1)] = tensor;
  }
  return part;
}

at::Tensor empty_latents(std::int64_t count) {
  const sd::LatentSpace space = vae_config().space();
  return at::zeros({count, space.channels, kSize / space.downscale, kSize / space.downscale});
}

PaperCutModel PaperCutModel::open(const std::filesystem::path& folder) { return open(folder, folder / "unet"); }

PaperCutModel PaperCutModel::open(const std::filesystem::path& folder, const std::filesystem::path& unet_folder) {
  const sd::Checkpoint files = sd::Checkpoint::open(folder), unet = sd::Checkpoint::open_unet(unet_folder);
  return PaperCutModel(files.vae_config().scaling_factor, files.text_encoder(at::kCPU, at::kFloat),
      unet.unet(at::kCPU, at::kFloat), files.vae_decoder(at::kCPU, at::kFloat));
}

PaperCutModel::PaperCutModel(double scaling_factor, sd::TextEncoder text_encoder, sd::UNet unet, sd::VAEDecoder decoder)
    : scaling_factor_(scaling_factor),
      text_encoder_(std::move(text_encoder)),
      unet_(std::move(unet)),
      decoder_(std::move(decoder)) {}

PaperCutModel::PaperCutModel(const sd::TensorMap& text_and_unet, const sd::TensorMap& vae, double scaling_factor)
    : scaling_factor_(scaling_factor),
      text_encoder_(text_encoder_config(vocabulary()), weights(text_and_unet, kTextPrefix)),
      unet_(unet_config(), weights(text_and_unet, kUNetPrefix)),
      decoder_(vae_config(), sd::Weights(std::make_shared<sd::TensorMapSource>(vae, "paper-cut vae"))) {}

at::Tensor PaperCutModel::encode(const std::vector<std::string>& captions) const {
  at::NoGradGuard no_grad;
  return text_encoder_.forward(caption_ids(captions)).hidden;
}

at::Tensor PaperCutModel::draw(const Asked& asked, const DrawOptions& options) const {
  at::NoGradGuard no_grad;
  sd::DiffusionModel model;
  model.network = [this](const sd::NetworkCall& call) { return unet_.forward(call); };
  model.in_channels = unet_.config().in_channels;
  model.space = vae_config(scaling_factor_).space();
  const sd::SamplerMethod sampler = sd::find_sampler(options.sampler);
  const auto sigmas = sd::plan_sigmas(model.table, {.schedule = options.schedule, .steps = options.steps}, sampler);
  const auto result = sd::sample(model, sampler, sigmas,
      {.positive = {asked.positive},
          .negative = {asked.negative},
          .cfg = options.cfg,
          .strict_concat = true,
          .latent = asked.latent,
          .noise_mask = asked.noise_mask,
          .seed = options.seed,
          .batch_noise = sd::BatchNoise::PerItem});
  return decoder_.decode(result.latent).clamp(-1, 1);
}

at::Tensor PaperCutModel::draw(const std::vector<std::string>& captions, const DrawOptions& options) const {
  return draw(Asked{.positive = {.context = encode(captions)},
                  .negative = {.context = encode({""})},
                  .latent = empty_latents(std::int64_t(captions.size()))},
      options);
}

}  // namespace weft::paper_cut
