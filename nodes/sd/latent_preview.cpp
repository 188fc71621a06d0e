#include "nodes/sd/latent_preview.h"

#include <ATen/ATen.h>

namespace weft::sd {
namespace {

/// Rows: latent channels, columns: red, green, blue, for latents of unit deviation. A linear fit of Stable Diffusion 1's
/// decoder that was published on the Hugging Face forum in 2022 ("Decoding latents to RGB without upscaling").
at::Tensor stable_diffusion_colours() {
  return at::tensor({0.298f, 0.207f, 0.208f, 0.187f, 0.286f, 0.173f, -0.158f, 0.189f, 0.264f, -0.184f, -0.271f, -0.473f})
      .view({4, 3});
}

}  // namespace

Picture latent_preview(const at::Tensor& samples) {
  const at::Tensor latent = samples[0].to(at::kCPU, at::kFloat).permute({1, 2, 0});  // [h, w, C]
  const at::Tensor unit = latent / latent.std(/*unbiased=*/false).clamp_min(1e-6);
  const int64_t channels = latent.size(2);
  const at::Tensor rgb = channels == 4   ? at::matmul(unit, stable_diffusion_colours())
                         : channels >= 3 ? unit.narrow(2, 0, 3) / 3
                                         : (unit.narrow(2, 0, 1) / 3).expand({-1, -1, 3});
  const at::Tensor bytes = ((rgb + 1) * 127.5).clamp(0, 255).to(at::kByte).contiguous();
  const auto* data = bytes.data_ptr<std::uint8_t>();
  return {.width = static_cast<int>(latent.size(1)), .height = static_cast<int>(latent.size(0)),
          .rgb = {data, data + bytes.numel()}};
}

}  // namespace weft::sd
