// The functions of one number that samplers and schedules need, with the same bits on every processor: each is
// computed in double precision and rounded once.
//
// PyTorch's have other bits on other processors. For float32 tensors, also of one number, they are MKL's, which runs
// its SSE2 kernels on processors that are not Intel's: there 2.6 % of logarithms and 19 % of square roots are a bit
// off. One such bit grows more than a thousandfold where a sampler divides differences of x0 by differences of lambda,
// or asks a Brownian path at another millionth of a sigma. So samplers and schedules call no function of tensors but
// + - * /, which are exact, nor sums over a tensor, whose order depends on the width of vectors.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

namespace weft::sd::scalar {

inline float exp(float x) { return static_cast<float>(std::exp(double{x})); }
inline float expm1(float x) { return static_cast<float>(std::expm1(double{x})); }
inline float log(float x) { return static_cast<float>(std::log(double{x})); }
inline float pow(float x, double exponent) { return static_cast<float>(std::pow(double{x}, exponent)); }
inline float tan(float x) { return static_cast<float>(std::tan(double{x})); }

/// `count` >= 1 values from a to b, or a alone: torch.linspace's, whose products and sums are rounded together where a
/// processor can do that, and here everywhere.
template <class Number>
std::vector<Number> linspace(Number a, Number b, std::int64_t count) {
  std::vector<Number> values;
  const Number step = count == 1 ? 0 : (b - a) / static_cast<Number>(count - 1);
  for (std::int64_t i = 0; i < count; ++i) {
    values.push_back(i < count / 2 || count == 1 ? std::fma(step, static_cast<Number>(i), a)
                                                 : std::fma(-step, static_cast<Number>(count - 1 - i), b));
  }
  return values;
}

}  // namespace weft::sd::scalar
