// SPAN, the swift parameter-free attention network (Wan et al. 2023, arXiv:2311.12770): convolutions whose outputs are their own
// gates. What trains as three convolutions and a shortcut is one here.
#include <ATen/ATen.h>

#include <array>

#include "base/cancel_point.h"
#include "nodes/sd/networks/upscaler_network.h"

namespace weft::sd {
namespace {

constexpr double kWhite = 255;  // pictures are brought to this range

/// A 3x3 convolution in the place of 1x1, 3x3, 1x1 and the shortcut beside them.
class Joined {
 public:
  Joined(const Weights& weights, std::int64_t in, std::int64_t out) {
    constexpr std::int64_t kGain = 2;
    const auto factor = [&](std::int64_t index, std::int64_t from, std::int64_t to, std::int64_t kernel) {
      return std::pair((weights / "conv" / index).get("weight", {to, from, kernel, kernel}, Init::FanIn),
          (weights / "conv" / index).get("bias", {to}, Init::FanIn));
    };
    const auto [first, first_bias] = factor(0, in, in * kGain, 1);
    const auto [second, second_bias] = factor(1, in * kGain, out * kGain, 3);
    const auto [third, third_bias] = factor(2, out * kGain, out, 1);
    const at::Tensor shortcut = (weights / "sk").get("weight", {out, in, 1, 1}, Init::FanIn);
    const at::Tensor shortcut_bias = (weights / "sk").get("bias", {out}, Init::FanIn);
    if (first.is_meta()) return;
    const at::Tensor inner = at::matmul(second.permute({2, 3, 0, 1}), first.flatten(1));  // [3, 3, 2 out, in]
    const at::Tensor whole = at::matmul(third.flatten(1), inner).permute({2, 3, 0, 1});
    weight_ = whole + at::constant_pad_nd(shortcut, {1, 1, 1, 1});
    bias_ = at::mv(third.flatten(1), at::mv(second.sum(at::IntArrayRef{2, 3}), first_bias) + second_bias) + third_bias +
        shortcut_bias;
    weight_ = weight_.contiguous(at::MemoryFormat::ChannelsLast);
  }

  at::Tensor operator()(const at::Tensor& x) const {
    cancel_point();
    return at::conv2d(x, weight_, bias_, 1, 1);
  }

 private:
  at::Tensor weight_, bias_;
};

class Block {
 public:
  Block(const Weights& weights, std::int64_t width)
      : first_(weights / "c1_r", width, width),
        second_(weights / "c2_r", width, width),
        third_(weights / "c3_r", width, width) {}

  struct Made {
    at::Tensor out, first;
  };
  Made operator()(const at::Tensor& x) const {
    const at::Tensor first = first_(x), third = third_(at::silu(second_(at::silu(first))));
    return {(third + x) * (at::sigmoid(third) - 0.5), at::silu(first)};
  }

 private:
  Joined first_, second_, third_;
};

class SPAN final : public UpscalerNetwork {
 public:
  SPAN(const UpscalerConfig& config, const Weights& weights)
      : norm_(config.norm),
        scale_(config.compact_scale),
        first_(weights / "conv_1", config.image_channels, config.features),
        join_(weights / "conv_cat", 4 * config.features, config.features, Conv2d::Options{.kernel = 1, .padding = 0}),
        second_(weights / "conv_2", config.features, config.features),
        last_(weights / "upsampler" / 0, config.features, config.image_channels * scale_ * scale_) {
    for (const char* block : {"block_1", "block_2", "block_3", "block_4", "block_5", "block_6"})
      blocks_.emplace_back(weights / block, config.features);
  }

  at::ScalarType dtype() const override { return last_.dtype(); }

  at::Tensor operator()(const at::Tensor& image) const override {
    const at::Tensor x = first_(norm_ ? (image - mean_colour(image)) * kWhite : image);
    std::array<Block::Made, 6> made;
    for (std::size_t i = 0; i < made.size(); ++i) made[i] = blocks_[i](i == 0 ? x : made[i - 1].out);
    const at::Tensor all = at::cat({x, second_(made[5].out), made[0].out, made[5].first}, 1);
    return at::pixel_shuffle(last_(join_(all)), scale_);
  }

 private:
  bool norm_;
  std::int64_t scale_;
  Joined first_;
  std::vector<Block> blocks_;
  Conv2d join_;
  Joined second_;
  Conv2d last_;
};

}  // namespace

UpscalerNetworkPointer make_span(const UpscalerConfig& config, const Weights& weights) {
  return std::make_unique<const SPAN>(config, weights);
}

}  // namespace weft::sd
