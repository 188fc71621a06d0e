#include "training/diffusion_loss.h"

#include <ATen/CPUGeneratorImpl.h>
#include <torch/torch.h>

#include <vector>

#include "nodes/sd/sampling/noise_schedule.h"
#include "training/renderer.h"
#include "training/scene.h"

namespace weft::paper_cut {
namespace {

constexpr float kGreatestSnr = 5;

at::Tensor signal_shares() {
  const auto table = sd::NoiseTable::stable_diffusion();
  const at::Tensor sigmas = torch::tensor(std::vector<float>(table.sigmas().begin(), table.sigmas().end()));
  return 1 / (1 + sigmas.square());
}

}  // namespace

at::Tensor draw_timesteps(std::int64_t count, const TimestepOptions& options, std::uint64_t seed) {
  Dice dice(seed ^ 0x7469'6d65);
  std::vector<float> times;
  for (std::int64_t i = 0; i < count; ++i) {
    const float evenly = (float(i) + dice.uniform(0, 1)) / float(count);
    const bool noisy = evenly < options.noisy_share;
    times.push_back(noisy ? options.noisy_from + evenly / options.noisy_share * (1000 - options.noisy_from)
                          : (evenly - options.noisy_share) / (1 - options.noisy_share) * 1000);
  }
  const at::Tensor order = at::randperm(count, at::make_generator<at::CPUGeneratorImpl>(seed), at::kLong);
  return torch::tensor(times).floor().clamp(0, 999).to(at::kLong).index_select(0, order);
}

at::Tensor draw_noise(std::int64_t count, std::uint64_t seed) {
  return at::randn({count, 4, kSize / 8, kSize / 8}, at::make_generator<at::CPUGeneratorImpl>(seed), at::kFloat);
}

DiffusionLoss::DiffusionLoss(float least_weight) : shares_(signal_shares()), least_weight_(least_weight) {}

at::Tensor DiffusionLoss::signal(const at::Tensor& timesteps) const {
  return shares_.index_select(0, timesteps).view({-1, 1, 1, 1});
}

at::Tensor DiffusionLoss::noisy(const at::Tensor& latents, const at::Tensor& noise, const at::Tensor& timesteps) const {
  const at::Tensor share = signal(timesteps);
  return share.sqrt() * latents + (1 - share).sqrt() * noise;
}

at::Tensor DiffusionLoss::loss(const at::Tensor& found, const at::Tensor& noise, const at::Tensor& timesteps) const {
  const at::Tensor share = signal(timesteps), snr = share / (1 - share);
  return ((found - noise).square() * (snr.clamp(least_weight_, kGreatestSnr) / snr)).mean();
}

}  // namespace weft::paper_cut
