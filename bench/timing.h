// What the benchmarks of kernels measure with: seconds of the processor, of which the middle one of several counts.
#pragma once

#include <ATen/core/Tensor.h>

#include <algorithm>
#include <ctime>
#include <functional>
#include <vector>

namespace weft::bench {

/// Of the processor, on all threads.
inline double milliseconds(const std::function<at::Tensor()>& act) {
  const std::clock_t start = std::clock();
  act();
  return 1e3 * double(std::clock() - start) / CLOCKS_PER_SEC;
}

inline double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + std::ptrdiff_t(values.size() / 2), values.end());
  return values[values.size() / 2];
}

}  // namespace weft::bench
