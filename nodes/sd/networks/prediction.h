// What a U-Net was trained to predict.
#pragma once

namespace weft::sd {

enum class Prediction {
  Noise,     ///< the noise, epsilon (Ho et al. 2020, arXiv:2006.11239)
  Velocity,  ///< v = alpha * noise - sigma * x0 (Salimans & Ho 2022, arXiv:2202.00512)
};

}  // namespace weft::sd
