// A model without weights, so that samplers can be tested exactly: the one that the golden files were made
// with.
#pragma once

#include <ATen/ATen.h>

#include "nodes/sd/sampling/denoiser.h"

namespace weft::sd {

/// 0.9 x + 0.1 sin(3x) + 0.05 mean(context) + 0.02 t / 999
inline at::Tensor toy_network(const NetworkCall& call) {
  const at::Tensor words = call.context.mean({1, 2}).view({-1, 1, 1, 1});
  return 0.9 * call.x + 0.1 * at::sin(3 * call.x) + 0.05 * words + 0.02 * (call.timesteps.view({-1, 1, 1, 1}) / 999);
}

inline DiffusionModel toy_model(Prediction prediction = Prediction::Noise) {
  DiffusionModel model;
  model.network = toy_network;
  model.prediction = prediction;
  return model;
}

/// Words whose mean is `value`.
inline ConditioningEntry words(double value) {
  ConditioningEntry entry;
  entry.context = at::full({1, 77, 8}, value, at::kFloat);
  return entry;
}

}  // namespace weft::sd
