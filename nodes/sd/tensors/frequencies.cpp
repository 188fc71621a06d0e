#include "nodes/sd/tensors/frequencies.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace weft::sd {

at::Tensor scaled_frequencies(const at::Tensor& x, std::int64_t cutoff, double low, double high) {
  constexpr std::array<std::int64_t, 2> kPlane{-2, -1};
  const at::Tensor frequencies =
      at::fft_fftshift(at::fft_fftn(x.to(at::kFloat), at::OptionalIntArrayRef(), kPlane), kPlane);
  const std::int64_t height = x.size(-2), width = x.size(-1);
  at::Tensor factors = at::full({height, width}, high, x.options().dtype(at::kFloat));
  const auto centre = [&](const at::Tensor& along, std::int64_t axis) {
    const std::int64_t size = along.size(axis), middle = size / 2;
    const std::int64_t reach = std::max<std::int64_t>(1, std::min(cutoff, middle));
    const std::int64_t begin = std::max<std::int64_t>(0, middle - reach);
    return along.narrow(axis, begin, std::min(size, middle + reach) - begin);
  };
  centre(centre(factors, 0), 1).fill_(low);
  const at::Tensor scaled = at::fft_ifftshift(frequencies * factors, kPlane);
  return at::real(at::fft_ifftn(scaled, at::OptionalIntArrayRef(), kPlane)).to(x.scalar_type());
}

}  // namespace weft::sd
