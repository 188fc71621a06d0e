#include "nodes/sd/values/latent_preview.h"

#include <ATen/ATen.h>

namespace weft::sd {

Picture latent_preview(const at::Tensor& samples, const PreviewColours& colours) {
  const at::Tensor latent = samples[0].to(at::kCPU, at::kFloat).permute({1, 2, 0});  // [h, w, C]
  const at::Tensor unit = latent / latent.std(/*unbiased=*/false).clamp_min(1e-6);
  const std::int64_t channels = latent.size(2);
  const auto four_channels = [&] {
    const at::Tensor rows = at::tensor(at::ArrayRef<double>(colours), at::kFloat).view({5, 3});
    return at::matmul(unit, rows.narrow(0, 0, 4)) + rows[4];
  };
  const at::Tensor rgb = channels == 4 ? four_channels()
      : channels >= 3                  ? unit.narrow(2, 0, 3) / 3
                                       : (unit.narrow(2, 0, 1) / 3).expand({-1, -1, 3});
  const at::Tensor bytes = ((rgb + 1) * 127.5).clamp(0, 255).to(at::kByte).contiguous();
  const auto* data = bytes.data_ptr<std::uint8_t>();
  return {.width = static_cast<int>(latent.size(1)),
      .height = static_cast<int>(latent.size(0)),
      .rgb = {data, data + bytes.numel()}};
}

}  // namespace weft::sd
