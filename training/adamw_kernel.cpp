#include "training/adamw_kernel.h"

#include <algorithm>
#include <cmath>

#define WEFT_VECTORISED __attribute__((target_clones("avx512f", "avx2", "default")))

namespace weft::paper_cut {
namespace {

WEFT_VECTORISED float sum_of_some(const float* __restrict values, std::int64_t count) {
  float sum = 0;
  for (std::int64_t i = 0; i < count; ++i) sum += values[i] * values[i];
  return sum;
}

WEFT_VECTORISED void update_all(const float* __restrict gradient, std::int64_t count, UpdateFactors f,
    float* __restrict value, float* __restrict average, float* __restrict moment1, float* __restrict moment2) {
  for (std::int64_t i = 0; i < count; ++i) {
    const float g = gradient[i] * f.shrink;
    const float m = f.beta1 * moment1[i] + (1 - f.beta1) * g, v = f.beta2 * moment2[i] + (1 - f.beta2) * g * g;
    const float w = f.decay * value[i] - f.step * m / (__builtin_sqrtf(v * f.scale2) + f.epsilon);
    moment1[i] = m;
    moment2[i] = v;
    value[i] = w;
    average[i] = f.keep * average[i] + (1 - f.keep) * w;
  }
}

}  // namespace

double sum_of_squares(const float* values, std::int64_t count) {
  constexpr std::int64_t kSome = 4096;  // float is exact enough for so many
  double sum = 0;
  for (std::int64_t i = 0; i < count; i += kSome) sum += sum_of_some(values + i, std::min(kSome, count - i));
  return sum;
}

void update(const float* gradient, std::int64_t count, UpdateFactors factors, float* value, float* average,
    float* moment1, float* moment2) {
  update_all(gradient, count, factors, value, average, moment1, moment2);
}

}  // namespace weft::paper_cut
