#include "nodes/sd/networks/tiny_vae.h"

#include <ATen/ATen.h>

#include <optional>
#include <vector>

#include "base/cancel_point.h"
#include "nodes/sd/networks/layers.h"
#include "nodes/sd/networks/vae.h"

namespace weft::sd {
namespace {

constexpr std::int64_t kLevels = 4;
constexpr std::int64_t kBlocks = 3;  // a level; the finest has one
constexpr double kLargest = 3;       // latents are brought softly to +- this

/// Three convolutions beside what came in.
class Block {
 public:
  Block(const Weights& weights, std::int64_t width)
      : first_(weights / "conv" / 0, width, width),
        second_(weights / "conv" / 2, width, width),
        third_(weights / "conv" / 4, width, width) {}

  at::Tensor operator()(const at::Tensor& x) const {
    return at::relu(third_.plus(at::relu(second_(at::relu(first_(x)))), x));
  }

 private:
  Conv2d first_, second_, third_;
};

struct Level {
  at::Tensor resampling = {};  ///< 3x3 without bias, beside a halving (encoder) or a doubling (decoder); or undefined
  std::vector<Block> blocks = {};

  at::Tensor operator()(at::Tensor h) const {
    for (const Block& block : blocks) h = block(h);
    return h;
  }
};

at::Tensor resampling(const Weights& weights, std::int64_t width) {
  return weights.get("weight", {width, width, 3, 3}, Init::FanIn);
}

at::Tensor convolved(const at::Tensor& x, const at::Tensor& weight, std::int64_t stride) {
  cancel_point();
  return at::conv2d(x, weight, {}, stride, 1);
}

at::Tensor as_input(const at::Tensor& x, at::ScalarType dtype) {
  return x.to(dtype).contiguous(at::MemoryFormat::ChannelsLast);
}

/// Numbers the layers of a half as diffusers does.
class Layers {
 public:
  explicit Layers(const Weights& half) : place_(half / "layers") {}
  Weights next() { return place_ / count_++; }
  void skip() { ++count_; }  // one without weights

 private:
  Weights place_;
  std::int64_t count_ = 0;
};

}  // namespace

struct TinyEncoder::Parts {
  Parts(const VAEConfig& config, const Weights& root) : space(config.space()) {
    const std::int64_t width = config.block_channels.front();
    Layers layers(root / "encoder");
    in.emplace(layers.next(), config.image_channels, width);
    for (std::int64_t i = 0; i < kLevels; ++i) {
      Level& level = levels.emplace_back();
      if (i > 0) level.resampling = resampling(layers.next(), width);
      for (std::int64_t j = 0; j < (i == 0 ? 1 : kBlocks); ++j) level.blocks.emplace_back(layers.next(), width);
    }
    out.emplace(layers.next(), width, config.latent_channels);
  }

  LatentSpace space;
  std::optional<Conv2d> in, out;
  std::vector<Level> levels;  ///< finest first
};

TinyEncoder::TinyEncoder(const VAEConfig& config, const Weights& weights)
    : parts_(std::make_unique<const Parts>(config, weights)) {}
TinyEncoder::~TinyEncoder() = default;

at::Tensor TinyEncoder::operator()(const at::Tensor& image) const {
  const Parts& p = *parts_;
  at::Tensor h = (*p.in)(as_input((image + 1) / 2, p.in->dtype()));
  for (const Level& level : p.levels) {
    if (level.resampling.defined()) h = convolved(h, level.resampling, 2);
    h = level(h);
  }
  return p.space.from_network((*p.out)(h).to(image.scalar_type()));
}

struct TinyDecoder::Parts {
  Parts(const VAEConfig& config, const Weights& root) : space(config.space()) {
    const std::int64_t width = config.block_channels.front();
    Layers layers(root / "decoder");
    in.emplace(layers.next(), config.latent_channels, width);
    layers.skip();  // ReLU
    for (std::int64_t i = 0; i < kLevels; ++i) {
      Level& level = levels.emplace_back();
      for (std::int64_t j = 0; j < (i + 1 < kLevels ? kBlocks : 1); ++j)
        level.blocks.emplace_back(layers.next(), width);
      if (i + 1 == kLevels) break;
      layers.skip();  // doubling
      level.resampling = resampling(layers.next(), width);
    }
    out.emplace(layers.next(), width, config.image_channels);
  }

  LatentSpace space;
  std::optional<Conv2d> in, out;
  std::vector<Level> levels;  ///< deepest first
};

TinyDecoder::TinyDecoder(const VAEConfig& config, const Weights& weights)
    : parts_(std::make_unique<const Parts>(config, weights)) {}
TinyDecoder::~TinyDecoder() = default;

at::Tensor TinyDecoder::operator()(const at::Tensor& latent) const {
  const Parts& p = *parts_;
  const at::Tensor bounded = at::tanh(p.space.to_network(latent) / kLargest) * kLargest;
  at::Tensor h = at::relu((*p.in)(as_input(bounded, p.in->dtype())));
  for (const Level& level : p.levels) {
    h = level(h);
    if (!level.resampling.defined()) continue;
    h = convolved(at::upsample_nearest2d(h, {2 * h.size(2), 2 * h.size(3)}), level.resampling, 1);
  }
  return (*p.out)(h).to(latent.scalar_type()) * 2 - 1;
}

}  // namespace weft::sd
