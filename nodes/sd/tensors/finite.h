// NaN and infinity, found where they arise. Numbers that half precision cannot hold, damaged files and extreme weights of a
// prompt give them, and what follows from them is a black picture. So what a network gives is looked at, and the node that
// ran it fails with a remedy.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <string_view>

namespace weft::sd {

/// A float64 that is finite if all values are, where they are: looking at it waits for the device.
at::Tensor finite_sum(const at::Tensor& values);

/// What is not finite in `values` [B, ...]: "NaN", or "infinity in item 2 of 4"; nothing if all are finite.
std::optional<std::string> not_finite(const at::Tensor& values);

/// Throws NodeError "`says` NaN in item 2 of 4" with the remedy unless all values [B, ...] are finite.
void require_finite(const at::Tensor& values, std::string_view says, std::string_view remedy);

/// What helps against a network that gives NaN: a dtype that holds larger numbers, or else `otherwise`.
std::string remedy_for(at::ScalarType dtype, std::string_view otherwise);

}  // namespace weft::sd
