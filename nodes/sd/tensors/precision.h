// What networks compute in. `wanted` is what the user said: auto, float32, bfloat16 or float16.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace weft::sd {

/// auto: float16 on a GPU; bfloat16 on a CPU that multiplies it in hardware (AMX, or AVX-512 with bf16); else float32.
/// Throws std::invalid_argument for another word.
at::ScalarType unet_dtype(const std::string& wanted, const at::Device& device);

/// The same, but never float16: activations of Stable Diffusion's autoencoder exceed its range.
at::ScalarType vae_dtype(const std::string& wanted, const at::Device& device);

/// float32: the encoder is small, runs once a text, and everything after it depends on it.
constexpr at::ScalarType kTextEncoderDtype = at::kFloat;

}  // namespace weft::sd
