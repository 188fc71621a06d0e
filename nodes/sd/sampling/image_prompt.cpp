#include "nodes/sd/sampling/image_prompt.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "base/error.h"
#include "nodes/sd/networks/unet.h"
#include "nodes/sd/sampling/normal_draws.h"

namespace weft::sd {
namespace {

constexpr int kLevels = 1000;

/// Products of alpha up to a level, of the cosine schedule (Nichol & Dhariwal 2021, arXiv:2102.09672).
double alphas_to(int level) {
  constexpr double kOffset = 0.008, kMostBeta = 0.999;
  const auto bar = [](double t) {
    const double cosine = std::cos((t + kOffset) / (1 + kOffset) * std::numbers::pi / 2);
    return cosine * cosine;
  };
  double product = 1;
  for (int i = 0; i <= level; ++i)
    product *= 1 - std::min(1 - bar(double(i + 1) / kLevels) / bar(double(i) / kLevels), kMostBeta);
  return product;
}

/// embedding [1, D] with the noise of that share of the levels, and the level's own embedding behind it.
at::Tensor with_noise(const at::Tensor& embedding, const ImageNorm& norm, double share, std::uint64_t seed) {
  const auto level = static_cast<int>(std::lrint((kLevels - 1) * share));
  const double alphas = alphas_to(level);
  const bool has_norm = norm.mean.defined();
  const at::Tensor scaled = has_norm ? (embedding - norm.mean) / norm.deviation : embedding;
  const at::Tensor noisy =
      scaled * float(std::sqrt(alphas)) + NormalDraws(seed)(embedding.sizes()) * float(std::sqrt(1 - alphas));
  const at::Tensor unscaled = has_norm ? noisy * norm.deviation + norm.mean : noisy;
  return at::cat({unscaled, timestep_embedding(at::full({1}, level, at::kFloat), embedding.size(1))}, 1);
}

}  // namespace

at::Tensor image_prompt_vector(
    const ImagePrompts& prompts, const ImageNorm& norm, double merged_noise, std::uint64_t seed) {
  const std::uint64_t noise_seed = seed - 10;  // as ComfyUI has it, so that it is not the latent's noise
  at::Tensor sum;
  std::int64_t count = 0;
  for (const ImagePrompt& prompt : prompts) {
    for (const at::Tensor& embedding : prompt.embeddings.to(at::kCPU, at::kFloat).split(1)) {
      const at::Tensor vector = with_noise(embedding, norm, prompt.noise, noise_seed) * prompt.strength;
      if (sum.defined() && sum.sizes() != vector.sizes())
        throw NodeError(
            fmt::format("pictures are given as embeddings of {} and of {} values", sum.size(1) / 2, vector.size(1) / 2),
            "encode all of them with one vision encoder");
      sum = sum.defined() ? sum + vector : vector;
      ++count;
    }
  }
  if (count < 2) return sum;
  return with_noise(sum.narrow(1, 0, sum.size(1) / 2), norm, merged_noise, noise_seed + 1);
}

}  // namespace weft::sd
