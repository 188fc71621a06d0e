#include "training/unet_training.h"

#include <torch/torch.h>

#include <numeric>

#include "nodes/sd/networks/layers.h"
#include "training/contact_sheet.h"
#include "training/diffusion_loss.h"
#include "training/latent_cache.h"
#include "training/optimization.h"
#include "training/vae_training.h"

namespace weft::paper_cut {
namespace {

constexpr float kUnguided = 0.1f;        // share of empty captions, for guidance
constexpr std::int64_t kUnsaid = -100;        // no class: cross_entropy_loss() passes over it
constexpr std::uint64_t kMeasureSeed = 2024;  // of held-out scenes and captions

struct Caption {
  std::string text;
  bool full;  ///< states all of the scene
};

Caption training_caption(const Scene& scene, float short_captions, Dice& dice) {
  if (dice.chance(kUnguided)) return {"", false};
  if (dice.chance(short_captions / (1 - kUnguided))) return {short_caption(scene, dice), false};
  return {full_caption(scene, dice), true};
}

struct Batch {
  at::Tensor latents, ids, noise, timesteps;
  at::Tensor said;  ///< [N, kAttributes] int64: what the caption states, kUnsaid where it may not

  Batch share(std::int64_t index, std::int64_t of) const {
    const auto part = [&](const at::Tensor& all) { return all.chunk(of)[std::size_t(index)]; };
    return {part(latents), part(ids), part(noise), part(timesteps), part(said)};
  }
};

Batch draw_batch(const Latents& latents, const UNetTrainingOptions& options, std::uint64_t seed) {
  const std::int64_t size = options.batch;
  Dice dice(seed);
  std::vector<std::int64_t> rows;
  std::vector<std::string> captions;
  at::Tensor said = at::full({size, kAttributes}, kUnsaid, at::kLong);
  for (std::int64_t i = 0; i < size; ++i) {
    rows.push_back(std::int64_t(dice.next() % std::uint64_t(latents.values.size(0))));
    const at::Tensor scene = latents.scenes[rows.back()];
    const Caption caption = training_caption(scene_of(scene), options.short_captions, dice);
    captions.push_back(caption.text);
    if (caption.full) said[i].copy_(scene);
  }
  return {latents.values.index_select(0, torch::tensor(rows)), caption_ids(captions), draw_noise(size, seed + 1),
      draw_timesteps(size, options.timesteps, seed), said};
}

struct Networks {
  sd::TextEncoder text_encoder;
  sd::UNet unet;
  sd::Linear reader;  ///< of what a caption states from its encoding; for the training only
};

/// How well the scene can be read, attribute by attribute, from the encoding behind a caption's last word.
/// That is where most of a context's 77 tokens lie, so what is said there reaches the U-Net whatever it
/// attends to.
at::Tensor reading_loss(const Networks& networks, const at::Tensor& context, const Batch& batch) {
  const at::Tensor behind = (batch.ids == vocabulary().end_id()).to(at::kFloat).unsqueeze(-1);
  const at::Tensor logits = networks.reader((context * behind).sum(1) / behind.sum(1));
  at::Tensor sum = at::zeros({});
  std::int64_t from = 0;
  for (int a = 0; a < kAttributes; from += kAttributeSizes[std::size_t(a)], ++a) {
    const at::Tensor said = batch.said.select(1, a);
    if ((said == kUnsaid).all().item<bool>()) continue;
    sum = sum + at::cross_entropy_loss(logits.narrow(1, from, kAttributeSizes[std::size_t(a)]), said);
  }
  return sum / kAttributes;
}

at::Tensor training_loss(const Networks& networks, const Batch& batch, const DiffusionLoss& diffusion,
    const UNetTrainingOptions& options, bool text_only) {
  if (text_only) return reading_loss(networks, networks.text_encoder.forward(batch.ids).hidden, batch);
  at::Tensor found, context;
  {
    const Bfloat16 autocast;
    context = networks.text_encoder.forward(batch.ids).hidden;
    const at::Tensor noisy = diffusion.noisy(batch.latents, batch.noise, batch.timesteps);
    found = networks.unet.forward({.x = noisy, .timesteps = batch.timesteps, .context = context}).to(at::kFloat);
  }
  return diffusion.loss(found, batch.noise, batch.timesteps) +
      options.reading_weight * reading_loss(networks, context.to(at::kFloat), batch);
}

void preview(const Sitting& sitting, const sd::TensorMap& averages) {
  const PaperCutModel model(averages, trained_vae(sitting.folder()), measured_scaling_factor(sitting.folder()));
  const auto captions = captions_of(held_out_scenes(16));
  write_sheet(sitting.folder() / "unet-preview.png", model.draw(captions, {.steps = 12}), 8);
}

}  // namespace

void train_unet(const SittingOptions& options, const UNetTrainingOptions& unet_options) {
  Sitting sitting("unet", options);
  const Latents latents = cached_latents(options.folder);
  const auto source = std::make_shared<sd::ParameterSource>(options.seed, Optimization::values_in(sitting.saved()));
  const sd::Weights root(source);
  const Networks networks{sd::TextEncoder(text_encoder_config(vocabulary()), root / kTextPrefix),
      sd::UNet(unet_config(), root / kUNetPrefix),
      sd::Linear(root / "reader", text_encoder_config(vocabulary()).width,
          std::accumulate(kAttributeSizes.begin(), kAttributeSizes.end(), 0))};
  Optimization optimization(source->parameters(), {.average = unet_options.average}, sitting.saved());
  const DiffusionLoss diffusion(unet_options.timesteps.least_weight);
  while (!sitting.done()) {
    const std::int64_t step = optimization.steps();
    const Batch batch = draw_batch(latents, unet_options, options.seed * 1'000'003 + std::uint64_t(step));
    const double loss = in_shares(unet_options.workers, [&](std::int64_t worker) {
      return training_loss(
          networks, batch.share(worker, unet_options.workers), diffusion, unet_options, step < unet_options.text_first);
    });
    optimization.step(sitting.learning_rate(step));
    sitting.note(optimization.steps(), loss);
    if (sitting.save_is_due()) {
      sitting.save(optimization.state());
      preview(sitting, optimization.averages());
    }
  }
}

PaperCutModel trained_model(const std::filesystem::path& folder) {
  return PaperCutModel(Optimization::averages_in(read_tensors(folder / "unet.safetensors")), trained_vae(folder),
      measured_scaling_factor(folder));
}

std::vector<Scene> held_out_scenes(std::int64_t count) {
  std::vector<Scene> scenes;
  for (const Scene& scene : all_scenes()) {
    if (held_out(scene)) scenes.push_back(scene);
  }
  Dice dice(kMeasureSeed);
  for (std::size_t i = scenes.size(); i > 1; --i) std::swap(scenes[i - 1], scenes[std::size_t(dice.below(int(i)))]);
  scenes.resize(std::min(scenes.size(), std::size_t(count)));
  return scenes;
}

std::vector<std::string> captions_of(const std::vector<Scene>& scenes) {
  Dice dice(kMeasureSeed + 1);
  std::vector<std::string> captions;
  for (const Scene& scene : scenes) captions.push_back(full_caption(scene, dice));
  return captions;
}

}  // namespace weft::paper_cut
