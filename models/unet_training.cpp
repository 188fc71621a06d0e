#include "models/unet_training.h"

#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <torch/torch.h>

#include <atomic>
#include <thread>

#include "models/contact_sheet.h"
#include "models/optimization.h"
#include "models/vae_training.h"
#include "nodes/sd/noise_schedule.h"
#include "nodes/sd/safetensors.h"

namespace weft::paper_cut {
namespace {

constexpr float kUnguided = 0.1f;         // share of empty captions, for guidance
constexpr float kGreatestSnr = 5;
constexpr uint64_t kMeasureSeed = 2024;  // of held-out scenes and captions

std::string training_caption(const Scene& scene, float short_captions, Dice& dice) {
  if (dice.chance(kUnguided)) return "";
  return dice.chance(short_captions / (1 - kUnguided)) ? short_caption(scene, dice) : full_caption(scene, dice);
}

struct Latents {
  at::Tensor values;  ///< [N, 4, 16, 16], scaled to deviation 1
  at::Tensor scenes;  ///< [N, kAttributes] int64
};

Latents cached_latents(const std::filesystem::path& folder) {
  const sd::TensorMap file = read_tensors(folder / "latents.safetensors");
  return {file.at("latents").to(at::kFloat) * file.at("scaling_factor").item<double>(), file.at("scenes")};
}

Scene scene_of(const at::Tensor& values) {
  std::array<int, kAttributes> array;
  for (int a = 0; a < kAttributes; ++a) array[size_t(a)] = int(values[a].item<int64_t>());
  return Scene::from_values(array);
}

/// The share of signal variance at each of the 1000 timesteps.
at::Tensor signal_shares() {
  const auto table = sd::NoiseTable::stable_diffusion();
  const at::Tensor sigmas = torch::tensor(std::vector<float>(table.sigmas().begin(), table.sigmas().end()));
  return 1 / (1 + sigmas.square());
}

struct Batch {
  at::Tensor latents, ids, noise, timesteps;
};

Batch draw_batch(const Latents& latents, const UNetTrainingOptions& options, uint64_t seed) {
  const int64_t size = options.batch;
  Dice dice(seed);
  std::vector<int64_t> rows;
  std::vector<std::string> captions;
  std::vector<float> times;
  for (int64_t i = 0; i < size; ++i) {
    rows.push_back(int64_t(dice.next() % uint64_t(latents.values.size(0))));
    captions.push_back(training_caption(scene_of(latents.scenes[rows.back()]), options.short_captions, dice));
    const float evenly = (float(i) + dice.uniform(0, 1)) / float(size);
    const bool noisy = evenly < options.noisy_share;
    times.push_back(noisy ? options.noisy_from + evenly / options.noisy_share * (1000 - options.noisy_from)
                          : (evenly - options.noisy_share) / (1 - options.noisy_share) * 1000);
  }
  const at::Tensor timesteps = torch::tensor(times).floor().clamp(0, 999).to(at::kLong);
  const at::Tensor order = at::randperm(size, at::make_generator<at::CPUGeneratorImpl>(seed), at::kLong);
  return {latents.values.index_select(0, torch::tensor(rows)), caption_ids(captions),
          at::randn({size, 4, kSize / 8, kSize / 8}, at::make_generator<at::CPUGeneratorImpl>(seed + 1),
                    at::kFloat),
          timesteps.index_select(0, order)};
}

struct Networks {
  sd::TextEncoder text_encoder;
  sd::UNet unet;
};

at::Tensor training_loss(const Networks& networks, const Batch& batch, const at::Tensor& shares, float least_weight) {
  const at::Tensor signal = shares.index_select(0, batch.timesteps).view({-1, 1, 1, 1});
  const at::Tensor noisy = signal.sqrt() * batch.latents + (1 - signal).sqrt() * batch.noise;
  at::Tensor found;
  {
    const Bfloat16 autocast;
    const at::Tensor context = networks.text_encoder.forward(batch.ids).hidden;
    found = networks.unet.forward(noisy, batch.timesteps, context).to(at::kFloat);
  }
  const at::Tensor snr = signal / (1 - signal);
  return ((found - batch.noise).square() * (snr.clamp(least_weight, kGreatestSnr) / snr)).mean();
}

sd::TensorMap trained_vae(const std::filesystem::path& folder) {
  return Optimization::averages_in(read_tensors(folder / "vae.safetensors"));
}

void preview(const Sitting& sitting, const sd::TensorMap& averages) {
  const PaperCutModel model(averages, trained_vae(sitting.folder()),
                            measured_scaling_factor(sitting.folder()));
  const auto captions = captions_of(held_out_scenes(16));
  write_sheet(sitting.folder() / "unet-preview.png", model.draw(captions, {.steps = 12}), 8);
}

}  // namespace

void cache_latents(const std::filesystem::path& folder, int64_t count, uint64_t seed, int64_t threads) {
  const sd::VAEEncoder encoder(vae_config(),
                               sd::Weights(std::make_shared<sd::TensorMapSource>(
                                   trained_vae(folder), "the trained autoencoder", at::kBFloat16)));
  at::Tensor latents = at::empty({count, 4, kSize / 8, kSize / 8}),
             scenes = at::empty({count, kAttributes}, at::kLong);
  constexpr int64_t kChunk = 16;
  std::atomic<int64_t> next = 0;
  const auto work = [&] {
    at::NoGradGuard no_grad;
    for (int64_t from = next.fetch_add(kChunk); from < count; from = next.fetch_add(kChunk)) {
      std::vector<at::Tensor> pictures;
      const int64_t size = std::min(kChunk, count - from);
      for (int64_t i = from; i < from + size; ++i) {
        Dice dice(seed + uint64_t(i) * 7919);
        const Scene scene = random_scene(dice);
        pictures.push_back(picture_tensor(render(scene, dice.next())));
        for (int a = 0; a < kAttributes; ++a) scenes[i][a] = scene.values()[size_t(a)];
      }
      latents.narrow(0, from, size).copy_(encoder.encode(at::stack(pictures)));
    }
  };
  std::vector<std::thread> workers;
  for (int64_t i = 0; i < threads; ++i) workers.emplace_back(work);
  for (std::thread& worker : workers) worker.join();
  const double deviation = latents.std().item<double>();
  fmt::print("{} latents, deviation {:.4f}, mean {:.4f}\n", count, deviation, latents.mean().item<double>());
  sd::write_safetensors(folder / "latents.safetensors",
                        {{"latents", latents.to(at::kHalf)},
                         {"scenes", scenes},
                         {"scaling_factor", torch::tensor({1 / deviation}, at::kDouble)}});
}

void train_unet(const SittingOptions& options, const UNetTrainingOptions& unet_options) {
  Sitting sitting("unet", options);
  const Latents latents = cached_latents(options.folder);
  const auto source =
      std::make_shared<sd::ParameterSource>(options.seed, Optimization::values_in(sitting.saved()));
  const sd::Weights root(source);
  const Networks networks{sd::TextEncoder(text_encoder_config(vocabulary()), root / kTextPrefix),
                          sd::UNet(unet_config(), root / kUNetPrefix)};
  Optimization optimization(source->parameters(), {.average = unet_options.average}, sitting.saved());
  const at::Tensor shares = signal_shares();
  while (!sitting.done()) {
    const int64_t step = optimization.steps();
    const Batch batch = draw_batch(latents, unet_options, options.seed * 1'000'003 + uint64_t(step));
    const double loss = in_shares(unet_options.workers, [&](int64_t worker) {
      const auto share = [&](const at::Tensor& all) {
        return all.chunk(unet_options.workers)[size_t(worker)];
      };
      return training_loss(
          networks, {share(batch.latents), share(batch.ids), share(batch.noise), share(batch.timesteps)}, shares, unet_options.least_weight);
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
  return PaperCutModel(Optimization::averages_in(read_tensors(folder / "unet.safetensors")),
                       trained_vae(folder), measured_scaling_factor(folder));
}

double measured_scaling_factor(const std::filesystem::path& folder) {
  return sd::SafetensorsFile::open(folder / "latents.safetensors").tensor("scaling_factor").item<double>();
}

std::vector<Scene> held_out_scenes(int64_t count) {
  std::vector<Scene> scenes;
  for (const Scene& scene : all_scenes()) {
    if (held_out(scene)) scenes.push_back(scene);
  }
  Dice dice(kMeasureSeed);
  for (size_t i = scenes.size(); i > 1; --i) std::swap(scenes[i - 1], scenes[size_t(dice.below(int(i)))]);
  scenes.resize(std::min(scenes.size(), size_t(count)));
  return scenes;
}

std::vector<std::string> captions_of(const std::vector<Scene>& scenes) {
  Dice dice(kMeasureSeed + 1);
  std::vector<std::string> captions;
  for (const Scene& scene : scenes) captions.push_back(full_caption(scene, dice));
  return captions;
}

}  // namespace weft::paper_cut
