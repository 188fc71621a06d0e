// AdamW and the moving average in one pass over memory, which is what they cost: as separate tensor
// operations they would be a quarter of a training step. Compiled without errno for sqrt, so that it is
// vectorised.
#pragma once

#include <cstdint>

namespace weft::paper_cut {

/// Of one step, the same for all parameters.
struct UpdateFactors {
  float shrink;  ///< of the gradient, to clip its norm
  float beta1, beta2;
  float step;    ///< learning rate / (1 - beta1^t)
  float scale2;  ///< 1 / (1 - beta2^t)
  float epsilon;
  float decay;  ///< 1 - learning rate * weight decay
  float keep;   ///< of the moving average
};

double sum_of_squares(const float* values, std::int64_t count);

void update(const float* gradient, std::int64_t count, UpdateFactors factors, float* value, float* average,
    float* moment1, float* moment2);

}  // namespace weft::paper_cut
