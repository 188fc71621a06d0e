#include "nodes/sd/networks/gligen.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "nodes/sd/networks/layers.h"

namespace weft::sd {
namespace {

constexpr std::int64_t kFrequencies = 8, kHidden = 512;
constexpr std::int64_t kBoxWidth = kFrequencies * 2 * 4;  // sine and cosine of two corners

/// Corners [N, 4] in shares of the picture: sines and cosines at 8 frequencies, [N, 64].
at::Tensor fourier(const at::Tensor& corners) {
  std::vector<at::Tensor> parts;
  for (std::int64_t i = 0; i < kFrequencies; ++i) {
    const at::Tensor angle = corners * std::pow(100.0, static_cast<double>(i) / kFrequencies);
    parts.push_back(angle.sin());
    parts.push_back(angle.cos());
  }
  return at::cat(parts, -1);
}

/// Heads are eight in Stable Diffusion 1, and 64 channels wide after it.
std::int64_t heads_of(std::int64_t width, const GligenConfig& config) {
  return config.token_width == 768 ? 8 : std::max<std::int64_t>(1, width / 64);
}

/// A place of phrase or box that is empty has a learnt vector.
struct PositionNet {
  PositionNet(const GligenConfig& config, const Weights& weights)
      : no_phrase(weights.get("null_positive_feature", {config.text_width}, Init::Zeros)),
        no_box(weights.get("null_position_feature", {kBoxWidth}, Init::Zeros)),
        first(weights / "linears" / 0, config.text_width + kBoxWidth, kHidden),
        second(weights / "linears" / 2, kHidden, kHidden),
        third(weights / "linears" / 4, kHidden, config.token_width) {}

  at::Tensor no_phrase, no_box;
  Linear first, second, third;
};

class GatedAttention {
 public:
  GatedAttention(const Weights& weights, std::int64_t width, const GligenConfig& config)
      : project_(weights / "linear", config.token_width, width),
        norm1_(weights / "norm1", width),
        attention_(weights / "attn", width, width, {.heads = heads_of(width, config)}),
        norm2_(weights / "norm2", width),
        feed_in_(weights / "ff" / "net" / 0 / "proj", width, 4 * width),
        feed_out_(weights / "ff" / "net" / 2, 4 * width, width),
        gate_attention_(weights.get("alpha_attn", {}, Init::Zeros).tanh()),
        gate_feed_(weights.get("alpha_dense", {}, Init::Zeros).tanh()) {}

  at::Tensor operator()(at::Tensor x, const at::Tensor& tokens) const {
    const at::Tensor normed = norm1_(at::cat({x, project_(tokens).expand({x.size(0), -1, -1})}, 1));
    const at::Tensor attended = attention_.plus(normed, normed, at::zeros_like(normed));
    x = x + gate_attention_ * attended.narrow(1, 0, x.size(1));
    return x + gate_feed_ * feed_out_(feed_in_(norm2_(x)));
  }

 private:
  Linear project_;
  LayerNorm norm1_;
  Attention attention_;
  LayerNorm norm2_;
  Geglu feed_in_;
  Linear feed_out_;
  at::Tensor gate_attention_, gate_feed_;
};

}  // namespace

struct Gligen::Parts {
  Parts(const GligenConfig& gligen_config, const Weights& weights)
      : config(gligen_config), position(config, weights / "position_net") {
    for (const auto& [block, width] : config.widths)
      blocks.emplace(block, GatedAttention(weights / block / "fuser", width, config));
  }

  GligenConfig config;
  PositionNet position;
  std::map<std::string, GatedAttention> blocks;
};

Gligen::Gligen(const GligenConfig& config, const Weights& weights) : parts_(std::make_unique<Parts>(config, weights)) {}
Gligen::~Gligen() = default;
Gligen::Gligen(Gligen&&) noexcept = default;

at::Tensor Gligen::tokens(const std::vector<GligenBox>& boxes, std::int64_t height, std::int64_t width) const {
  const PositionNet& net = parts_->position;
  if (std::ssize(boxes) > kMostBoxes)
    throw NodeError(fmt::format("GLIGEN takes at most {} boxes, and was given {}", kMostBoxes, boxes.size()),
        "leave some of the boxes out");
  const auto options = net.no_phrase.options();
  std::vector<at::Tensor> rows;
  for (const GligenBox& box : boxes) {
    if (!box.phrase.defined() || box.phrase.numel() != parts_->config.text_width)
      throw NodeError(
          fmt::format("this GLIGEN model reads phrases {} wide, and the text encoder gives {}",
              parts_->config.text_width, box.phrase.defined() ? std::to_string(box.phrase.numel()) : "none"),
          "use the text encoder of the Stable Diffusion that the GLIGEN model was trained on");
    const auto share = [](std::int64_t part, std::int64_t whole) {
      return static_cast<float>(static_cast<double>(part) / static_cast<double>(whole));
    };
    const at::Tensor corners = at::tensor(
        {share(box.x, width), share(box.y, height), share(box.x + box.width, width), share(box.y + box.height, height)})
                                   .to(options);
    rows.push_back(at::cat({box.phrase.to(options).flatten(), fourier(corners)}));
  }
  const at::Tensor none = at::cat({net.no_phrase, net.no_box});
  while (std::ssize(rows) < kMostBoxes) rows.push_back(none);
  const at::Tensor all = at::stack(rows).unsqueeze(0);
  return net.third(at::silu(net.second(at::silu(net.first(all)))));
}

at::Tensor Gligen::fused(const std::string& block, const at::Tensor& x, const at::Tensor& tokens) const {
  const auto found = parts_->blocks.find(block);
  return found == parts_->blocks.end() ? x : found->second(x, tokens);
}

}  // namespace weft::sd
