// What diffusion in latent space saves: one application of a model's U-Net on latents, and of a U-Net of the same layers
// with random weights on the pixels of the same picture.
//
//   bench_pixels_vs_latents models/checkpoints/paper-cut [SIDE]     SIDE: of the picture in pixels, default 128
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <memory>

#include "nodes/sd/families/checkpoint.h"

namespace {

using namespace weft::sd;
using Clock = std::chrono::steady_clock;

/// The same layers for other inputs, with random weights, float32.
UNet random_unet(UNetConfig config, std::int64_t channels) {
  config.in_channels = config.out_channels = channels;
  const auto parameters = std::make_shared<ParameterSource>(/*seed=*/1);
  const UNet asks_for_all(config, Weights(parameters));
  TensorMap tensors;
  for (const auto& [name, tensor] : parameters->parameters()) tensors[name] = tensor.detach();
  return UNet(config, Weights(std::make_shared<TensorMapSource>(std::move(tensors), "random weights")));
}

/// Milliseconds of one application, the least of some: other programs only make it longer.
double milliseconds(const UNet& unet, std::int64_t side, std::int64_t tokens) {
  const at::Tensor x = at::randn({1, unet.config().in_channels, side, side});
  const at::Tensor context = at::randn({1, tokens, unet.config().context_dim}), time = at::full({1}, 500.0);
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 12; ++i) {
    const Clock::time_point start = Clock::now();
    unet.forward({.x = x, .timesteps = time, .context = context});
    least = std::min(least, std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  return least;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    fmt::print(stderr, "usage: bench_pixels_vs_latents MODEL [SIDE]\n");
    return 2;
  }
  const at::NoGradGuard no_grad;
  const Checkpoint model = Checkpoint::open(argv[1]);
  const std::int64_t side = argc > 2 ? std::atoll(argv[2]) : 128, downscale = model.vae_config().downscale();
  const std::int64_t tokens = model.text_encoder_config().max_positions, channels = model.vae_config().latent_channels;
  const double latents = milliseconds(random_unet(model.unet_config(), channels), side / downscale, tokens);
  const double pixels = milliseconds(random_unet(model.unet_config(), model.vae_config().image_channels), side, tokens);
  fmt::print("{0} x {0} x {1} latents: {2:.1f} ms\n", side / downscale, channels, latents);
  fmt::print("{0} x {0} x 3 pixels: {1:.1f} ms, {2:.0f} times as long\n", side, pixels, pixels / latents);
}
