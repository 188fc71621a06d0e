#include "training/latent_colours.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <tuple>
#include <vector>

#include "nodes/sd/families/checkpoint.h"
#include "training/vae_training.h"

namespace weft::paper_cut {
namespace {

constexpr std::int64_t kPictures = 200, kChunk = 20, kLatentChannels = 4;
constexpr std::uint64_t kSeed = 606;

/// [N, C, h, w] as one row a place.
at::Tensor places(const at::Tensor& planes) { return planes.permute({0, 2, 3, 1}).reshape({-1, planes.size(1)}); }

}  // namespace

std::string fitted_latent_colours(const std::filesystem::path& model) {
  const at::NoGradGuard no_grad;
  const auto encoder = sd::Checkpoint::open(model).vae_encoder(at::kCPU, at::kFloat);
  std::vector<at::Tensor> latents, colours;
  for (const at::Tensor& pictures : draw_pictures(kPictures, kSeed).split(kChunk)) {
    const at::Tensor latent = encoder.encode(pictures);
    const at::Tensor unit = latent / latent.std(at::IntArrayRef{1, 2, 3}, /*unbiased=*/false, /*keepdim=*/true);
    latents.push_back(places(at::cat({unit, at::ones_like(unit.narrow(1, 0, 1))}, 1)));
    colours.push_back(places(at::avg_pool2d(pictures, {8, 8})));
  }
  const at::Tensor x = at::cat(latents), y = at::cat(colours), fit = std::get<0>(at::linalg_lstsq(x, y));
  std::string text;
  for (std::int64_t row = 0; row <= kLatentChannels; ++row)
    text += fmt::format(
        "{:.3f}, {:.3f}, {:.3f},\n", fit[row][0].item<float>(), fit[row][1].item<float>(), fit[row][2].item<float>());
  return text + fmt::format("{:.1f} dB\n", psnr(at::matmul(x, fit).clamp(-1, 1), y));
}

}  // namespace weft::paper_cut
