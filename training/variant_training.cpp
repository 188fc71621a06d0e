#include "training/variant_training.h"

#include <torch/torch.h>

#include <functional>

#include "training/optimization.h"
#include "training/paper_cut_model.h"
#include "training/renderer.h"

namespace weft::paper_cut {
namespace {

constexpr float kUnguided = 0.1f;  // share of empty captions, and of maps or labels left out
constexpr std::int64_t kLatentChannels = 4;

std::int64_t channels_of(Concat kind) { return kind == Concat::Map ? kSegments : 1 + kLatentChannels; }

sd::Weights weights(sd::TensorMap map) {
  return sd::Weights(std::make_shared<sd::TensorMapSource>(std::move(map), "the trained model"));
}

sd::TensorMap trained_text_and_unet(const std::filesystem::path& folder) {
  return Optimization::averages_in(read_tensors(folder / "unet.safetensors"));
}

/// Weights for more channels in: what is new has no influence at first.
sd::TensorMap widened(sd::TensorMap unet, std::int64_t channels) {
  at::Tensor& weight = unet.at("conv_in.weight");
  const at::Tensor more = at::zeros({weight.size(0), channels, weight.size(2), weight.size(3)});
  weight = at::cat({weight.to(at::kFloat), more}, 1);
  return unet;
}

std::vector<std::int64_t> draw_rows(std::int64_t count, std::int64_t of, Dice& dice) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < count; ++i) rows.push_back(std::int64_t(dice.next() % std::uint64_t(of)));
  return rows;
}

std::string draw_caption(const Scene& scene, float short_captions, Dice& dice) {
  if (dice.chance(kUnguided)) return "";
  return dice.chance(short_captions) ? short_caption(scene, dice) : full_caption(scene, dice);
}

/// What a network is told beside noisy latents and timesteps: tensors with a row for each picture.
using Told = std::vector<at::Tensor>;

/// Draws what is told for these rows of the cache.
using Tell = std::function<Told(const std::vector<std::int64_t>& rows, Dice& dice)>;
/// The noise that the network finds.
using Find = std::function<at::Tensor(const at::Tensor& noisy, const at::Tensor& timesteps, const Told& told)>;

/// One training: draws batches of the cached latents and improves the parameters until the sitting is over.
void train(Sitting& sitting, const Latents& latents, Optimization& optimization, std::uint64_t seed,
    const VariantTrainingOptions& variant, const Tell& tell, const Find& find) {
  const DiffusionLoss diffusion(variant.timesteps.least_weight);
  while (!sitting.done()) {
    const std::uint64_t step_seed = seed * 1'000'003 + std::uint64_t(optimization.steps());
    Dice dice(step_seed);
    const std::vector<std::int64_t> rows = draw_rows(variant.batch, latents.values.size(0), dice);
    const Told told = tell(rows, dice);
    const at::Tensor noise = draw_noise(variant.batch, step_seed + 1),
                     timesteps = draw_timesteps(variant.batch, variant.timesteps, step_seed),
                     x = latents.values.index_select(0, torch::tensor(rows)),
                     noisy = diffusion.noisy(x, noise, timesteps);
    const double loss = in_shares(variant.workers, [&](std::int64_t worker) {
      const auto share = [&](const at::Tensor& all) { return all.chunk(variant.workers)[std::size_t(worker)]; };
      Told mine;
      for (const at::Tensor& each : told) mine.push_back(share(each));
      at::Tensor found;
      {
        const Bfloat16 autocast;
        found = find(share(noisy), share(timesteps), mine).to(at::kFloat);
      }
      return diffusion.loss(found, share(noise), share(timesteps));
    });
    optimization.step(sitting.learning_rate(optimization.steps()));
    sitting.note(optimization.steps(), loss);
    if (sitting.save_is_due()) sitting.save(optimization.state());
  }
}

}  // namespace

std::string name_of(Concat kind) { return kind == Concat::Map ? "segmentation" : "inpainting"; }

sd::UNetConfig concat_unet_config(Concat kind) {
  sd::UNetConfig config = unet_config();
  config.in_channels = kLatentChannels + channels_of(kind);
  return config;
}

void train_concat_unet(const SittingOptions& options, Concat kind, const VariantTrainingOptions& variant) {
  Sitting sitting(name_of(kind), options);
  const Latents latents = cached_latents(options.folder);
  const at::Tensor concat = cached_concat(options.folder, kind);
  const sd::TensorMap trained = trained_text_and_unet(options.folder);
  const sd::TextEncoder text_encoder(text_encoder_config(vocabulary()), weights(without_prefix(trained, kTextPrefix)));
  const auto source = std::make_shared<sd::ParameterSource>(options.seed,
      sitting.saved().empty() ? widened(without_prefix(trained, kUNetPrefix), channels_of(kind))
                              : Optimization::values_in(sitting.saved()));
  const sd::UNet unet(concat_unet_config(kind), sd::Weights(source));
  Optimization optimization(source->parameters(), {.average = variant.average}, sitting.saved());
  const auto tell = [&](const std::vector<std::int64_t>& rows, Dice& dice) -> Told {
    at::Tensor beside = concat.index_select(0, torch::tensor(rows));
    std::vector<std::string> captions;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      captions.push_back(draw_caption(scene_of(latents.scenes[rows[i]]), variant.short_captions, dice));
      if (kind == Concat::Map && dice.chance(kUnguided)) beside[std::int64_t(i)].zero_();
    }
    const at::NoGradGuard no_grad;
    return {text_encoder.forward(caption_ids(captions)).hidden, beside};
  };
  const auto find = [&](const at::Tensor& noisy, const at::Tensor& timesteps, const Told& told) {
    return unet.forward({.x = noisy, .timesteps = timesteps, .context = told[0], .concat = told[1]});
  };
  train(sitting, latents, optimization, options.seed, variant, tell, find);
}

const std::vector<std::string>& label_names() {
  static const std::vector<std::string> names = {
      "landscape", "house", "tree", "boat", "fox", "arctic fox", "unconditional"};
  return names;
}

std::int64_t label_of_scene(const Scene& scene) { return std::int64_t(scene.subject); }

void train_labels(const SittingOptions& options, const VariantTrainingOptions& variant) {
  Sitting sitting("labels", options);
  const Latents latents = cached_latents(options.folder);
  const sd::TensorMap trained = trained_text_and_unet(options.folder);
  const auto labels = std::int64_t(label_names().size()), width = unet_config().context_dim;
  at::Tensor start;
  {
    const at::NoGradGuard no_grad;
    const sd::TextEncoder text_encoder(
        text_encoder_config(vocabulary()), weights(without_prefix(trained, kTextPrefix)));
    const at::Tensor words =
        text_encoder.forward(caption_ids({"", "house", "tree", "boat", "fox", "arctic fox", ""})).hidden;
    start = words.narrow(1, 0, kLabelTokens).reshape({labels, kLabelTokens * width}).clone();
  }
  // The U-Net's weights come as parameters too, since packed ones let no gradient through, but are not
  // trained.
  const auto frozen_source = std::make_shared<sd::ParameterSource>(options.seed, without_prefix(trained, kUNetPrefix));
  const sd::UNet unet(unet_config(), sd::Weights(frozen_source));
  for (const auto& [name, tensor] : frozen_source->parameters()) at::Tensor(tensor).set_requires_grad(false);
  const auto source = std::make_shared<sd::ParameterSource>(options.seed,
      sitting.saved().empty() ? sd::TensorMap{{"embedding.weight", start}} : Optimization::values_in(sitting.saved()));
  const at::Tensor table =
      sd::Weights(source).get("embedding.weight", {labels, kLabelTokens * width}, sd::Init::Normal);
  Optimization optimization(source->parameters(), {.weight_decay = 0, .average = variant.average}, sitting.saved());
  const auto tell = [&](const std::vector<std::int64_t>& rows, Dice& dice) -> Told {
    std::vector<std::int64_t> said;
    for (const std::int64_t row : rows)
      said.push_back(dice.chance(kUnguided) ? labels - 1 : label_of_scene(scene_of(latents.scenes[row])));
    return {torch::tensor(said)};
  };
  const auto find = [&](const at::Tensor& noisy, const at::Tensor& timesteps, const Told& told) {
    const at::Tensor context = table.index_select(0, told[0]).view({-1, kLabelTokens, width});
    return unet.forward({.x = noisy, .timesteps = timesteps, .context = context});
  };
  train(sitting, latents, optimization, options.seed, variant, tell, find);
}

}  // namespace weft::paper_cut
