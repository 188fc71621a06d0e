#include "nodes/sd/scalar_math.h"

#include <ATen/ATen.h>

namespace weft::sd::scalar {
namespace {

at::Tensor number(float x) { return at::scalar_tensor(x, at::kFloat); }

}  // namespace

float exp(float x) { return number(x).exp().item<float>(); }
float expm1(float x) { return number(x).expm1().item<float>(); }
float log(float x) { return number(x).log().item<float>(); }
float pow(float x, double exponent) { return number(x).pow(exponent).item<float>(); }
float tan(float x) { return number(x).tan().item<float>(); }

}  // namespace weft::sd::scalar
