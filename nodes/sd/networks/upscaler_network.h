// What an upscaler's networks have in common, one file each; upscaler.cpp chooses. Constant once built. [any thread]
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <vector>

#include "nodes/sd/networks/layers.h"
#include "nodes/sd/networks/upscaler_config.h"
#include "nodes/sd/networks/weights.h"

namespace weft::sd {

class UpscalerNetwork {
 public:
  virtual ~UpscalerNetwork() = default;
  /// image [B, C, H, W], sides multiples of the configuration's unit(); gives [B, C, scale * H, scale * W].
  virtual at::Tensor operator()(const at::Tensor& image) const = 0;
  virtual at::ScalarType dtype() const = 0;
};

using UpscalerNetworkPointer = std::unique_ptr<const UpscalerNetwork>;
UpscalerNetworkPointer make_swin_ir(const UpscalerConfig& config, const Weights& weights);
UpscalerNetworkPointer make_dat(const UpscalerConfig& config, const Weights& weights);
UpscalerNetworkPointer make_hat(const UpscalerConfig& config, const Weights& weights);
UpscalerNetworkPointer make_span(const UpscalerConfig& config, const Weights& weights);
UpscalerNetworkPointer make_plksr(const UpscalerConfig& config, const Weights& weights);

/// The mean of DIV2K's colours, which these networks take away and add again: [1, 3, 1, 1] like `image`.
at::Tensor mean_colour(const at::Tensor& image);

/// One 3x3 convolution, or three with a quarter of the channels between: what a group of blocks ends in.
class GroupEnd {
 public:
  GroupEnd(const Weights& weights, const UpscalerConfig& config);
  at::Tensor operator()(const at::Tensor& x) const;

 private:
  std::vector<Conv2d> convs_;
};

/// From features to a picture, by names that SwinIR, DAT and HAT share. The last convolution, without enlarging, too.
class PictureFromFeatures {
 public:
  PictureFromFeatures(const Weights& root, const UpscalerConfig& config);
  at::Tensor operator()(const at::Tensor& features) const;

 private:
  std::optional<Conv2d> before_;
  std::vector<Conv2d> up_;
  std::vector<std::int64_t> factors_;
  std::optional<Conv2d> fine_, last_;
  Enlarging enlarging_;
};

}  // namespace weft::sd
