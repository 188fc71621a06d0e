// Scaling of an image's low and high frequencies apart: what FreeU does to skip connections and FreSca to guidance.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace weft::sd {

/// x [..., H, W] whose frequencies are multiplied: by `low` in the square of 2 * cutoff indices around the constant (or
/// as many as there are), by `high` outside. Computed in float32, given in x's type.
at::Tensor scaled_frequencies(const at::Tensor& x, std::int64_t cutoff, double low, double high);

}  // namespace weft::sd
