// ContinuousNoise: what a model was trained with that was trained on all noise levels between two (NoiseTable::continuous_edm).
#pragma once

namespace weft::sd {

struct ContinuousNoise {
  double sigma_min, sigma_max;
  double data_deviation = 1;  ///< of the latents (ModelSampling)
};

}  // namespace weft::sd
