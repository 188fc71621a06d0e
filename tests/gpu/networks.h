// Networks with seeded random weights, the same on every device.
#pragma once

#include <ATen/ATen.h>

#include <memory>

#include "nodes/sd/networks/text_encoder.h"
#include "nodes/sd/networks/unet.h"
#include "nodes/sd/networks/vae.h"
#include "nodes/sd/networks/weights.h"

namespace weft::gpu {

inline const sd::TextEncoderConfig kSmallText{
    .vocab = 1000, .width = 64, .layers = 3, .heads = 4, .mlp_width = 256, .eos_id = 999};
inline const sd::UNetConfig kSmallUNet{.block_channels = {64, 128},
    .layers_per_block = 1,
    .depths = sd::AttentionDepths::by_level({1, 1}, 1),
    .context_dim = 64,
    .heads = 4};
inline const sd::VAEConfig kSmallVae{.block_channels = {32, 32, 64, 64}, .layers_per_block = 1};

/// The weights that a network of this configuration asks for.
template <class Network, class Config>
sd::TensorMap random_weights(const Config& config, std::uint64_t seed = 7) {
  auto source = std::make_shared<sd::ParameterSource>(seed);
  const Network network(config, sd::Weights(source));
  sd::TensorMap weights;
  for (const auto& [name, tensor] : source->parameters()) weights.emplace(name, tensor.detach());
  return weights;
}

template <class Network, class Config>
Network on_device(const Config& config, const sd::TensorMap& weights, at::Device device, at::ScalarType dtype) {
  return Network(config, sd::Weights(std::make_shared<sd::TensorMapSource>(weights, "random weights", dtype, device)));
}

}  // namespace weft::gpu
