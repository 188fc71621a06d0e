#include "nodes/sd/networks/upscaler_network.h"

#include <ATen/ATen.h>

namespace weft::sd {
namespace {

constexpr double kSlope = 0.2;         // of the leaky ReLUs
constexpr double kSlopeBefore = 0.01;  // of the one before enlarging

at::Tensor doubled(const at::Tensor& x) { return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)}); }

}  // namespace

at::Tensor mean_colour(const at::Tensor& image) {
  return at::tensor({0.4488, 0.4371, 0.4040}, image.options()).view({1, 3, 1, 1});
}

GroupEnd::GroupEnd(const Weights& weights, const UpscalerConfig& config) {
  const std::int64_t width = config.features;
  if (!config.three_convolutions) {
    convs_.emplace_back(weights, width, width);
    return;
  }
  convs_.emplace_back(weights / 0, width, width / 4);
  convs_.emplace_back(weights / 2, width / 4, width / 4, Conv2d::Options{.kernel = 1, .padding = 0});
  convs_.emplace_back(weights / 4, width / 4, width);
}

at::Tensor GroupEnd::operator()(const at::Tensor& x) const {
  at::Tensor h = convs_[0](x);
  for (std::size_t i = 1; i < convs_.size(); ++i) h = convs_[i](at::leaky_relu(h, kSlope));
  return h;
}

PictureFromFeatures::PictureFromFeatures(const Weights& root, const UpscalerConfig& config)
    : factors_(config.factors), enlarging_(config.enlarging) {
  const std::int64_t width = config.features, colours = config.image_channels, inner = config.enlarging_features;
  if (enlarging_ == Enlarging::None) {
    last_.emplace(root / "conv_last", width, colours);
    return;
  }
  if (enlarging_ == Enlarging::OneStep) {
    up_.emplace_back(root / "upsample" / 0, width, colours * factors_[0] * factors_[0]);
    return;
  }
  before_.emplace(root / "conv_before_upsample" / 0, width, inner);
  for (std::size_t i = 0; i < factors_.size(); ++i) {
    const auto place = static_cast<std::int64_t>(i);
    if (enlarging_ == Enlarging::PixelShuffle) {
      up_.emplace_back(root / "upsample" / (2 * place), inner, inner * factors_[i] * factors_[i]);
    } else {
      up_.emplace_back(root / ("conv_up" + std::to_string(place + 1)), inner, inner);
    }
  }
  if (enlarging_ == Enlarging::Nearest) fine_.emplace(root / "conv_hr", inner, inner);
  last_.emplace(root / "conv_last", inner, colours);
}

at::Tensor PictureFromFeatures::operator()(const at::Tensor& features) const {
  if (enlarging_ == Enlarging::None) return (*last_)(features);
  if (enlarging_ == Enlarging::OneStep) return at::pixel_shuffle(up_[0](features), factors_[0]);
  at::Tensor h = at::leaky_relu((*before_)(features), kSlopeBefore);
  for (std::size_t i = 0; i < up_.size(); ++i) {
    h = enlarging_ == Enlarging::PixelShuffle ? at::pixel_shuffle(up_[i](h), factors_[i])
                                              : at::leaky_relu(up_[i](doubled(h)), kSlope);
  }
  return (*last_)(fine_ ? at::leaky_relu((*fine_)(h), kSlope) : h);
}

}  // namespace weft::sd
