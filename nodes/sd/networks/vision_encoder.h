// CLIP's encoder of pictures (Radford et al. 2021, arXiv:2103.00020): a vision transformer whose first token becomes an
// embedding in the space that texts share. unCLIP models and IP-Adapters are conditioned on what it gives. Names of weights
// are those of transformers' CLIPVisionModelWithProjection. Constant once built. [any thread]
#pragma once

#include <memory>

#include "nodes/sd/networks/encoder_layer.h"

namespace weft::sd {

struct VisionEncoderConfig {
  std::int64_t picture = 224;  ///< height and width in pixels
  std::int64_t patch = 14;
  std::int64_t width = 1024;
  std::int64_t layers = 24;
  std::int64_t heads = 16;
  std::int64_t mlp_width = 4096;
  std::int64_t projection = 768;  ///< width of the embedding; 0: it is not projected
  EncoderActivation activation = EncoderActivation::QuickGelu;
  double norm_eps = 1e-5;
};

struct VisionEncoding {
  at::Tensor embedding;  ///< [B, projection or width]
  at::Tensor hidden;  ///< [B, 1 + patches, width], of the last layer, not normed
  at::Tensor penultimate;  ///< the same of the layer before
};

class VisionEncoder {
 public:
  VisionEncoder(const VisionEncoderConfig& config, const Weights& weights);
  ~VisionEncoder();
  VisionEncoder(VisionEncoder&&) noexcept;
  VisionEncoder& operator=(VisionEncoder&&) noexcept;

  const VisionEncoderConfig& config() const;

  /// pixels [B, 3, picture, picture], normalised as clip_pixels() does.
  VisionEncoding forward(const at::Tensor& pixels) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

/// Pictures [B, 3, H, W] in [0, 1] as CLIP saw them in training: made `size` pixels high and wide (the shorter side, and the
/// middle cut out; without `crop` both sides), rounded to 8 bits, and normalised. Bicubic with antialiasing, as ComfyUI does.
at::Tensor clip_pixels(const at::Tensor& pictures, std::int64_t size, bool crop);

}  // namespace weft::sd
