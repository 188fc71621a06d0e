// The tiny autoencoder for Stable Diffusion (TAESD, madebyollin): convolutions and ReLUs alone, for pictures of less detail in
// a fraction of the time. Its own latents are the network's and its own pictures lie in [0, 1]; here both are brought to what
// every VAE has, so that it takes another's place. Names of weights are those of diffusers' AutoencoderTiny.
// vae.h chooses between this and the large ones. Constant once built. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>

#include "nodes/sd/networks/weights.h"

namespace weft::sd {

struct VAEConfig;

class TinyEncoder {
 public:
  TinyEncoder(const VAEConfig& config, const Weights& weights);
  ~TinyEncoder();
  /// As VAEEncoder::encode().
  at::Tensor operator()(const at::Tensor& image) const;

 private:
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

class TinyDecoder {
 public:
  TinyDecoder(const VAEConfig& config, const Weights& weights);
  ~TinyDecoder();
  /// As VAEDecoder::decode().
  at::Tensor operator()(const at::Tensor& latent) const;

 private:
  struct Parts;
  std::unique_ptr<const Parts> parts_;
};

}  // namespace weft::sd
