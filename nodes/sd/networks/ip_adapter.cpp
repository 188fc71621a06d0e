#include "nodes/sd/networks/ip_adapter.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <stdexcept>

#include "base/error.h"
#include "nodes/sd/networks/layers.h"

namespace weft::sd {
namespace {

using Projection = IPAdapterConfig::Projection;

/// The tokens look at the picture and at themselves (a perceiver's resampler, Jaegle et al. 2021).
struct ResamplerLayer {
  ResamplerLayer(const Weights& weights, const IPAdapterConfig& c)
      : norm_image(weights / 0 / "norm1", c.hidden),
        norm_tokens(weights / 0 / "norm2", c.hidden),
        to_q(weights / 0 / "to_q", c.hidden, 64 * c.heads, {.bias = false}),
        to_kv(weights / 0 / "to_kv", c.hidden, 2 * 64 * c.heads, {.bias = false}),
        to_out(weights / 0 / "to_out", 64 * c.heads, c.hidden, {.bias = false}),
        norm_feed(weights / 1 / 0, c.hidden),
        feed_in(weights / 1 / 1, c.hidden, 4 * c.hidden, {.bias = false}),
        feed_out(weights / 1 / 3, 4 * c.hidden, c.hidden, {.bias = false}),
        heads(c.heads) {}

  at::Tensor operator()(const at::Tensor& image, at::Tensor tokens) const {
    const at::Tensor own = norm_tokens(tokens);
    const std::vector<at::Tensor> kv = to_kv(at::cat({norm_image(image), own}, 1)).chunk(2, -1);
    tokens = tokens + to_out(multi_head_attention(to_q(own), kv[0].contiguous(), kv[1].contiguous(), heads));
    return tokens + feed_out(at::gelu(feed_in(norm_feed(tokens))));
  }

  LayerNorm norm_image, norm_tokens;
  Linear to_q, to_kv, to_out;
  LayerNorm norm_feed;
  Linear feed_in, feed_out;
  std::int64_t heads;
};

struct Resampler {
  Resampler(const Weights& weights, const IPAdapterConfig& c)
      : start(weights.get("latents", {1, c.tokens, c.hidden}, Init::FanIn)),
        in(weights / "proj_in", c.image_width, c.hidden),
        out(weights / "proj_out", c.hidden, c.token_width),
        norm(weights / "norm_out", c.token_width) {
    for (std::int64_t i = 0; i < c.depth; ++i) layers.emplace_back(weights / "layers" / i, c);
  }

  at::Tensor operator()(const at::Tensor& states) const {
    const at::Tensor image = in(states);
    at::Tensor tokens = start.expand({states.size(0), -1, -1});
    for (const ResamplerLayer& layer : layers) tokens = layer(image, tokens);
    return norm(out(tokens));
  }

  at::Tensor start;
  Linear in, out;
  LayerNorm norm;
  std::vector<ResamplerLayer> layers;
};

/// Linear, MLP of the whole, or MLP of each state; then a norm.
struct Perceptron {
  Perceptron(const Weights& weights, const IPAdapterConfig& c)
      : token_width(c.token_width),
        norm(weights / (c.projection == Projection::FullMlp ? "proj.3" : "norm"), c.token_width) {
    const std::int64_t out = c.projection == Projection::FullMlp ? c.token_width : c.tokens * c.token_width;
    if (c.projection == Projection::Linear) {
      layers.emplace_back(weights / "proj", c.image_width, out);
    } else {
      layers.emplace_back(weights / "proj" / 0, c.image_width, c.hidden);
      layers.emplace_back(weights / "proj" / 2, c.hidden, out);
    }
  }

  at::Tensor operator()(const at::Tensor& image) const {
    at::Tensor h = layers.front()(image);
    if (layers.size() > 1) h = layers.back()(at::gelu(h));
    return norm(h.reshape({image.size(0), -1, token_width}));
  }

  std::int64_t token_width;
  std::vector<Linear> layers;
  LayerNorm norm;
};

struct KeysAndValues {
  Linear keys, values;
};

}  // namespace

struct IPAdapter::Parts {
  Parts(const IPAdapterConfig& adapter_config, const Weights& weights) : config(adapter_config) {
    const Weights image = weights / "image_proj";
    if (config.projection == Projection::Resampler)
      resampler.emplace(image, config);
    else
      perceptron.emplace(image, config);
    std::int64_t number = 1;
    for (const std::int64_t width : config.widths) {
      const Weights place = weights / "ip_adapter" / number;
      layers.push_back({Linear(place / "to_k_ip", config.token_width, width, {.bias = false}),
          Linear(place / "to_v_ip", config.token_width, width, {.bias = false})});
      number += 2;  // the numbers between are of self-attentions, which have none
    }
  }

  IPAdapterConfig config;
  std::optional<Resampler> resampler;
  std::optional<Perceptron> perceptron;
  std::vector<KeysAndValues> layers;
};

IPAdapter::IPAdapter(const IPAdapterConfig& config, const Weights& weights)
    : parts_(std::make_unique<Parts>(config, weights)) {}
IPAdapter::~IPAdapter() = default;
IPAdapter::IPAdapter(IPAdapter&&) noexcept = default;

const IPAdapterConfig& IPAdapter::config() const { return parts_->config; }

at::Tensor IPAdapter::tokens(const at::Tensor& image) const {
  const IPAdapterConfig& c = parts_->config;
  const bool states = c.projection == Projection::Resampler || c.projection == Projection::FullMlp;
  if (image.dim() != (states ? 3 : 2) || image.size(-1) != c.image_width)
    throw NodeError(fmt::format("this IP-Adapter reads {} {} wide, and the image encoder gives {}",
                        states ? "hidden states" : "an embedding", c.image_width, image.size(-1)),
        "use the image encoder that the IP-Adapter was trained with");
  return parts_->resampler ? (*parts_->resampler)(image) : (*parts_->perceptron)(image);
}

at::Tensor IPAdapter::attended(
    std::size_t index, const at::Tensor& q, const at::Tensor& tokens, std::int64_t heads) const {
  const KeysAndValues& layer = parts_->layers.at(index);
  return multi_head_attention(q, layer.keys(tokens), layer.values(tokens), heads);
}

std::vector<std::string> attentions_to_context(const UNetConfig& config) {
  std::vector<std::string> names;
  const auto add = [&](const std::string& block, std::int64_t depth) {
    for (std::int64_t i = 0; i < depth; ++i) names.push_back(fmt::format("{}.transformer_blocks.{}.attn2", block, i));
  };
  const auto add_levels = [&](const char* direction, const AttentionDepths::Levels& levels, bool from_below) {
    for (std::size_t i = 0; i < levels.size(); ++i) {
      const auto& layers = levels[from_below ? levels.size() - 1 - i : i];
      for (std::size_t layer = 0; layer < layers.size(); ++layer)
        add(fmt::format("{}.{}.attentions.{}", direction, i, layer), layers[layer]);
    }
  };
  if (config.context_dim == 0) return names;
  add_levels("down_blocks", config.depths.down, false);
  add_levels("up_blocks", config.depths.up, true);
  if (config.middle == MiddleBlock::Attending) add("mid_block.attentions.0", config.depths.middle);
  return names;
}

std::vector<std::string> ip_weight_types() {
  return {"linear", "ease in", "ease out", "ease in-out", "reverse in-out", "weak input", "weak output", "weak middle",
      "strong middle"};
}

double ip_weight_share(const std::string& type, const std::string& attention, std::size_t order, std::size_t count) {
  constexpr double kLeast = 0.05, kWeak = 0.2;
  const auto whole = static_cast<double>(count), done = static_cast<double>(order) / whole;
  const auto eased = [](double share) { return kLeast + (1 - kLeast) * share; };
  const auto weak = [&](bool here) { return here ? kWeak : 1; };
  const bool down = attention.starts_with("down_blocks."), up = attention.starts_with("up_blocks.");
  if (type == "linear") return 1;
  if (type == "ease in") return eased(1 - done);
  if (type == "ease out") return eased(done);
  if (type == "ease in-out") return eased(1 - std::abs(2 * done - 1));
  if (type == "reverse in-out") return eased(std::abs(2 * done - 1));
  if (type == "weak input") return weak(down);
  if (type == "weak output") return weak(up);
  if (type == "weak middle") return weak(!down && !up);
  if (type == "strong middle") return weak(down || up);
  throw std::invalid_argument(fmt::format("there is no weight type '{}'", type));
}

namespace {

/// mask [1 or B, h, w] as a factor of what queries get: [1 or B, height * width, 1].
at::Tensor mask_at(const at::Tensor& mask, const AttentionCall& call) {
  const at::Tensor fitted = at::upsample_bicubic2d(
      mask.unsqueeze(1).to(call.q.device(), at::kFloat), {call.height, call.width}, /*align_corners=*/false);
  return fitted.flatten(2).transpose(1, 2).to(call.q.scalar_type());
}

at::Tensor for_batch(const at::Tensor& tensor, std::int64_t batch) {
  if (tensor.size(0) == batch) return tensor;
  return tensor.repeat_interleave((batch + tensor.size(0) - 1) / tensor.size(0), 0).narrow(0, 0, batch);
}

}  // namespace

Patch ip_adapter_patch(const std::string& key, OpenIPAdapter adapter, const UNetConfig& unet, IPAdapterUse use) {
  const std::vector<std::string> numbered = attentions_to_context(unet);
  // The U-Net calls those of its middle before it goes up.
  std::vector<std::string> called = numbered;
  std::ranges::stable_sort(called, {}, [](const std::string& name) {
    return name.starts_with("down_blocks.") ? 0 : name.starts_with("mid_block.") ? 1 : 2;
  });
  struct Layer {
    std::size_t index;
    double weight;
  };
  std::map<std::string, Layer> layers;
  for (std::size_t i = 0; i < numbered.size(); ++i) {
    const auto order = static_cast<std::size_t>(std::ranges::find(called, numbered[i]) - called.begin());
    layers[numbered[i]] = {i, use.weight * ip_weight_share(use.weight_type, numbered[i], order, called.size())};
  }
  const std::string whole_key =
      fmt::format("ip adapter {} {} {} {} {}", key, use.weight, use.weight_type, use.sigma_start, use.sigma_end);
  const auto attend = [=](const AttentionCall& call, const Attend& next) {
    const at::Tensor out = next(call);
    const auto layer = layers.find(call.name);
    const float sigma = call.whole->sigma;
    if (call.self || layer == layers.end() || layer->second.weight == 0) return out;
    if (sigma > use.sigma_start || sigma < use.sigma_end) return out;
    const auto network = adapter(call.q.device(), call.q.scalar_type());
    const auto& sides = call.whole->sides;
    const std::int64_t parts = std::max<std::int64_t>(1, std::ssize(sides)), batch = call.q.size(0) / parts;
    std::vector<at::Tensor> tokens;
    for (std::int64_t i = 0; i < parts; ++i) {
      const bool positive = sides.empty() || sides[static_cast<std::size_t>(i)] == 0;
      const at::Tensor image = (positive ? use.positive : use.negative).to(call.q.device(), call.q.scalar_type());
      tokens.push_back(for_batch(network->tokens(image), batch));
    }
    at::Tensor found = network->attended(layer->second.index, call.q, at::cat(tokens), call.heads);
    if (use.mask.defined()) found = found * for_batch(mask_at(use.mask, call), batch).repeat({parts, 1, 1});
    return out + layer->second.weight * found;
  };
  return {.key = whole_key, .attention = attend};
}

}  // namespace weft::sd
