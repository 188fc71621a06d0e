// What a U-Net was trained to predict.
#pragma once

namespace weft::sd {

enum class Prediction {
  Noise,     ///< the noise, epsilon (Ho et al. 2020, arXiv:2006.11239)
  Velocity,  ///< v = alpha * noise - sigma * x0 (Salimans & Ho 2022, arXiv:2202.00512)
  Sample,    ///< x0
  Edm,  ///< what Karras et al. 2022 (arXiv:2206.00364, table 1) scale to x0: minus the velocity, for data of any deviation
  Consistency,  ///< the noise, of a latent consistency model (Luo et al. 2023, arXiv:2310.04378)
  Picture,  ///< x0, of a model that is given x as it is (IMG_TO_IMG in ComfyUI)
};

}  // namespace weft::sd
