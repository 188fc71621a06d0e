// The same weights and inputs on the CPU in float32 and on the GPU: what comes out must agree.
#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <cmath>

#include "nodes/sd/sampling/noise.h"
#include "nodes/sd/values/node_device.h"
#include "tests/gpu/checks.h"
#include "tests/gpu/networks.h"

namespace weft::gpu {
namespace {

double relative_error(const at::Tensor& result, const at::Tensor& reference) {
  const at::Tensor difference = sd::to_cpu(result).to(at::kDouble) - reference.to(at::kDouble);
  return (difference.norm() / reference.to(at::kDouble).norm()).item<double>();
}

at::Tensor random(at::IntArrayRef shape) { return sd::initial_noise(shape, 42); }

// float32 differs by the order of sums; half precision by its 11 bits (bfloat16: 8), through dozens of
// layers.
struct Precision {
  at::ScalarType dtype;
  double limit;
};
constexpr Precision kSingle{at::kFloat, 1e-4};
constexpr Precision kHalf{at::kHalf, 2e-2};
constexpr Precision kBfloat{at::kBFloat16, 6e-2};

/// `apply(network, device, dtype)` gives the result of a network that is there.
template <class Network, class Config, class Apply>
void compare(const Machine& machine, const Config& config, std::initializer_list<Precision> precisions, Apply apply) {
  const c10::InferenceMode inference;
  const sd::TensorMap weights = random_weights<Network>(config);
  const at::Tensor reference =
      apply(on_device<Network>(config, weights, at::kCPU, at::kFloat), at::Device(at::kCPU), at::kFloat);
  const at::Device device = sd::torch_device(machine.device);
  for (const auto [dtype, limit] : precisions) {
    if (device.is_cpu() && dtype == at::kHalf) continue;  // nobody computes so on a CPU, for good reason
    const at::Tensor result = apply(on_device<Network>(config, weights, device, dtype), device, dtype);
    expect_at_most(relative_error(result, reference), limit, std::string("relative error in ") + at::toString(dtype));
  }
}

void compare_unets(const Machine& machine, const sd::UNetConfig& config, std::int64_t size,
    std::initializer_list<Precision> precisions) {
  const at::Tensor x = random({2, 4, size, size}), context = random({2, 77, config.context_dim});
  const at::Tensor timesteps = at::tensor({980.0F, 21.0F});
  compare<sd::UNet>(machine, config, precisions, [&](const sd::UNet& unet, at::Device device, at::ScalarType dtype) {
    return unet.forward({.x = sd::to_device(x, device, dtype),
        .timesteps = sd::to_device(timesteps, device, at::kFloat),
        .context = sd::to_device(context, device, dtype)});
  });
}

}  // namespace

void text_encoder_agrees(Machine& machine) {
  const at::Tensor ids =
      at::arange(2 * 77).remainder(998).view({2, 77}).index_fill(1, at::tensor({std::int64_t{76}}), 999);
  compare<sd::TextEncoder>(
      machine, kSmallText, {kSingle, kHalf}, [&](const sd::TextEncoder& encoder, at::Device device, at::ScalarType) {
        const sd::TextEncoding text = encoder.forward(sd::to_device(ids, device, at::kLong), 2);
        return at::cat({text.hidden, text.pooled.unsqueeze(1)}, 1);
      });
}

void unet_agrees(Machine& machine) { compare_unets(machine, kSmallUNet, 17, {kSingle, kHalf, kBfloat}); }

void vae_agrees(Machine& machine) {
  const at::Tensor image = random({1, 3, 64, 64}).tanh(), latent = random({1, 4, 8, 8});
  compare<sd::VAEEncoder>(machine, kSmallVae, {kSingle, kBfloat},
      [&](const sd::VAEEncoder& encoder, at::Device device, at::ScalarType dtype) {
        return encoder.encode_moments(sd::to_device(image, device, dtype));
      });
  compare<sd::VAEDecoder>(machine, kSmallVae, {kSingle, kBfloat},
      [&](const sd::VAEDecoder& decoder, at::Device device, at::ScalarType dtype) {
        return decoder.decode(sd::to_device(latent, device, dtype));
      });
}

void full_size_unet_agrees(Machine& machine) {
  machine.need_full_size();
  compare_unets(machine, sd::UNetConfig{}, 32, {kSingle, kHalf});
}

void a_seed_gives_the_same_picture(Machine& machine) {
  const c10::InferenceMode inference;
  const sd::TensorMap unet_weights = random_weights<sd::UNet>(kSmallUNet);
  const sd::TensorMap vae_weights = random_weights<sd::VAEDecoder>(kSmallVae);
  const auto picture = [&](at::Device device) {
    const auto unet = on_device<sd::UNet>(kSmallUNet, unet_weights, device, at::kFloat);
    const auto decoder = on_device<sd::VAEDecoder>(kSmallVae, vae_weights, device, at::kFloat);
    at::Tensor x = sd::to_device(sd::initial_noise({1, 4, 16, 16}, 1234) * 14.6, device, at::kFloat);
    const at::Tensor context = sd::to_device(random({1, 77, kSmallUNet.context_dim}), device, at::kFloat);
    const int steps = 8;
    for (int i = 0; i < steps; ++i) {  // Euler's method along evenly spaced noise levels
      const double sigma = 14.6 * (steps - i) / steps;
      const at::Tensor timestep = at::full({1}, 999.0 * (steps - i) / steps, x.options());
      const at::Tensor noise =
          unet.forward({.x = x / std::sqrt(sigma * sigma + 1), .timesteps = timestep, .context = context});
      x = x - noise * (14.6 / steps);
    }
    return sd::to_cpu(decoder.decode(x / 0.18215)).clamp(-1, 1);
  };
  const at::Tensor reference = picture(at::kCPU), result = picture(sd::torch_device(machine.device));
  const double error = (result - reference).square().mean().item<double>();
  const double psnr = 10 * std::log10(4 / std::max(error, 1e-12));
  machine.numbers["picture_psnr_db"] = psnr;
  expect_at_most(-psnr, -50, "negative PSNR in dB of the GPU's picture against the CPU's");
}

}  // namespace weft::gpu
