#include "nodes/sd/families/upscaler_shapes.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

std::int64_t root(std::int64_t square) { return std::llround(std::sqrt(static_cast<double>(square))); }

class Shapes {
 public:
  Shapes(const TensorMap& tensors, const std::string& origin) : tensors_(tensors), origin_(origin) {}

  bool has(const std::string& name) const { return tensors_.contains(name); }

  std::int64_t size(const std::string& name, std::int64_t axis) const {
    const at::Tensor& tensor = get(name);
    if (axis >= tensor.dim() || tensor.size(axis) <= 0) fail(fmt::format("its tensor \"{}\" has another shape", name));
    return tensor.size(axis);
  }

  const at::Tensor& get(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found == tensors_.end()) fail(fmt::format("tensor \"{}\" is missing", name));
    return found->second;
  }

  /// How many of NAME.0.*, NAME.1.* ... there are.
  std::int64_t count(const std::string& name) const {
    std::int64_t n = 0;
    for (;; ++n) {
      const std::string beginning = fmt::format("{}.{}.", name, n);
      const auto found = tensors_.lower_bound(beginning);
      if (found == tensors_.end() || !found->first.starts_with(beginning)) return n;
    }
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw ModelError(origin_, what, "the file is incomplete, or of another kind of network");
  }

  void require(bool condition, const char* what) const {
    if (!condition) fail(what);
  }

 private:
  const TensorMap& tensors_;
  const std::string& origin_;
};

/// Of the convolutions whose channels become pixels: "upsample.0", "upsample.2" ...
void read_pixel_shuffles(const Shapes& shapes, UpscalerConfig& config) {
  config.enlarging = Enlarging::PixelShuffle;
  config.enlarging_features = shapes.size("conv_before_upsample.0.weight", 0);
  for (int i = 0; shapes.has(fmt::format("upsample.{}.weight", i)); i += 2)
    config.factors.push_back(root(shapes.size(fmt::format("upsample.{}.weight", i), 0) / config.enlarging_features));
}

void read_one_step(const Shapes& shapes, UpscalerConfig& config) {
  config.enlarging = Enlarging::OneStep;
  config.factors = {root(shapes.size("upsample.0.weight", 0) / config.image_channels)};
}

void require_heads(const Shapes& shapes, const UpscalerConfig& config, std::int64_t halves = 1) {
  for (const std::int64_t heads : config.heads)
    shapes.require(heads > 0 && heads % halves == 0 && config.features % heads == 0,
        "its heads of attention do not divide its channels");
  for (const std::int64_t factor : config.factors) shapes.require(factor > 0, "it makes pictures smaller");
}

UpscalerConfig swin_ir(const Shapes& shapes) {
  UpscalerConfig config{.kind = UpscalerConfig::Kind::SwinIR, .features = shapes.size("conv_first.weight", 0)};
  const std::int64_t in = shapes.size("conv_first.weight", 1);
  config.unshuffle = in == 12 ? 2 : in == 48 ? 4 : 1;
  shapes.require(in == config.image_channels * config.unshuffle * config.unshuffle, "it is not for pictures in colour");
  if (shapes.has("conv_before_upsample.0.weight") && shapes.has("conv_up1.weight")) {
    config.enlarging = Enlarging::Nearest;
    config.enlarging_features = shapes.size("conv_before_upsample.0.weight", 0);
    for (int i = 1; shapes.has(fmt::format("conv_up{}.weight", i)); ++i) config.factors.push_back(2);
  } else if (shapes.has("conv_before_upsample.0.weight")) {
    read_pixel_shuffles(shapes, config);
  } else if (shapes.has("upsample.0.weight")) {
    read_one_step(shapes, config);
  } else {
    config.enlarging = Enlarging::None;
  }
  const std::int64_t groups = shapes.count("layers");
  for (std::int64_t i = 0; i < groups; ++i) {
    const std::string blocks = fmt::format("layers.{}.residual_group.blocks", i);
    config.depths.push_back(shapes.count(blocks));
    config.heads.push_back(shapes.size(blocks + ".0.attn.relative_position_bias_table", 1));
  }
  const std::string first = "layers.0.residual_group.blocks.0.";
  config.window = (root(shapes.size(first + "attn.relative_position_bias_table", 0)) + 1) / 2;
  config.hidden = shapes.size(first + "mlp.fc1.weight", 0);
  config.qkv_bias = shapes.has(first + "attn.qkv.bias");
  config.three_convolutions = !shapes.has("conv_after_body.weight");
  config.range = config.window == 7 ? 255 : 1;  // only the models for artefacts of JPEG have such windows
  require_heads(shapes, config);
  return config;
}

UpscalerConfig hat(const Shapes& shapes) {
  UpscalerConfig config{.kind = UpscalerConfig::Kind::HAT,
      .image_channels = shapes.size("conv_first.weight", 1),
      .features = shapes.size("conv_first.weight", 0)};
  shapes.require(!shapes.has("absolute_pos_embed"), "it is for pictures of one size only");
  read_pixel_shuffles(shapes, config);
  const std::int64_t groups = shapes.count("layers");
  for (std::int64_t i = 0; i < groups; ++i) {
    const std::string group = fmt::format("layers.{}.residual_group.", i);
    config.depths.push_back(shapes.count(group + "blocks"));
    config.heads.push_back(shapes.size(group + "overlap_attn.relative_position_bias_table", 1));
  }
  const std::string group = "layers.0.residual_group.", first = group + "blocks.0.";
  config.window = (root(shapes.size(first + "attn.relative_position_bias_table", 0)) + 1) / 2;
  config.wide_window = root(shapes.size(group + "overlap_attn.relative_position_bias_table", 0)) + 1 - config.window;
  config.hidden = shapes.size(first + "mlp.fc1.weight", 0);
  config.squeezed = shapes.size(first + "conv_block.cab.0.weight", 0);
  config.squeezed_more = shapes.size(first + "conv_block.cab.3.attention.1.weight", 0);
  config.qkv_bias = shapes.has(first + "attn.qkv.bias");
  config.norm_first = shapes.has("patch_embed.norm.weight");
  config.ends_in_convolution = shapes.has("conv_after_body.weight");
  shapes.require(config.wide_window >= config.window && (config.wide_window - config.window) % 2 == 0,
      "its overlapping windows are of a size that cannot be");
  require_heads(shapes, config);
  return config;
}

UpscalerConfig dat(const Shapes& shapes) {
  UpscalerConfig config{.kind = UpscalerConfig::Kind::DAT,
      .image_channels = shapes.size("conv_first.weight", 1),
      .features = shapes.size("conv_first.weight", 0)};
  shapes.has("conv_last.weight") ? read_pixel_shuffles(shapes, config) : read_one_step(shapes, config);
  const std::int64_t groups = shapes.count("layers");
  for (std::int64_t i = 0; i < groups; ++i) {
    const std::string blocks = fmt::format("layers.{}.blocks", i);
    config.depths.push_back(shapes.count(blocks));
    config.heads.push_back(config.depths.back() > 1 ? shapes.size(blocks + ".1.attn.temperature", 0)
                                                    : 2 * shapes.size(blocks + ".0.attn.attns.0.pos.pos3.2.weight", 0));
  }
  const std::string first = "layers.0.blocks.0.";
  // The last row is the farthest way within a window.
  const at::Tensor ways = shapes.get(first + "attn.attns.0.rpe_biases");
  shapes.require(ways.dim() == 2 && ways.size(1) == 2 && ways.size(0) > 0, "its windows are of a size that cannot be");
  const at::Tensor farthest = ways[ways.size(0) - 1].to(at::kDouble);
  config.window = std::llround(farthest[0].item<double>()) + 1;
  config.window_width = std::llround(farthest[1].item<double>()) + 1;
  shapes.require(config.window > 0 && config.window_width > 0 &&
          (2 * config.window - 1) * (2 * config.window_width - 1) == ways.size(0),
      "its windows are of a size that cannot be");
  config.hidden = shapes.size(first + "ffn.fc1.weight", 0);
  config.qkv_bias = shapes.has(first + "attn.qkv.bias");
  config.three_convolutions = !shapes.has("conv_after_body.weight");
  require_heads(shapes, config, 2);
  shapes.require(config.features >= 16, "it has too few channels");
  return config;
}

UpscalerConfig span(const Shapes& shapes) {
  UpscalerConfig config{.kind = UpscalerConfig::Kind::SPAN,
      .image_channels = shapes.size("conv_1.sk.weight", 1),
      .features = shapes.size("conv_1.sk.weight", 0)};
  config.compact_scale = root(shapes.size("upsampler.0.weight", 0) / config.image_channels);
  config.norm = !shapes.has("no_norm");
  return config;
}

UpscalerConfig plksr(const Shapes& shapes) {
  UpscalerConfig config{.kind = UpscalerConfig::Kind::PLKSR,
      .image_channels = shapes.size("feats.0.weight", 1),
      .features = shapes.size("feats.0.weight", 0),
      .blocks = 0};
  while (shapes.has(fmt::format("feats.{}.refine.weight", config.blocks + 1))) ++config.blocks;
  config.real = shapes.has("feats.1.channel_mixer.0.weight");
  const std::string mixer = config.real ? "feats.1.channel_mixer." : "feats.1.channe_mixer.";
  config.mixer_kernels = {shapes.size(mixer + "0.weight", 2), shapes.size(mixer + "2.weight", 2)};
  config.compact_scale =
      root(shapes.size(fmt::format("feats.{}.weight", config.last_layer()), 0) / config.image_channels);
  config.kernel = shapes.size("feats.1.lk.conv.weight", 2);
  config.split = shapes.size("feats.1.lk.conv.weight", 0);
  config.attends = shapes.has("feats.1.attn.f.0.weight");
  config.norm_first = shapes.has("feats.1.layer_norm.bias");
  config.samples = shapes.has("to_img.init_pos");
  shapes.require(config.split <= config.features && config.features % 4 == 0, "its channels cannot be divided");
  return config;
}

struct Kind {
  std::string_view signs[2];  ///< names of tensors, all of which it has
  UpscalerConfig (*read)(const Shapes& shapes);
};

constexpr Kind kKinds[] = {
    {{"layers.0.residual_group.overlap_attn.qkv.weight", "conv_first.weight"}, hat},
    {{"layers.0.residual_group.blocks.0.conv_block.cab.0.weight", "conv_first.weight"}, hat},
    {{"layers.0.residual_group.blocks.0.attn.relative_position_bias_table", "patch_embed.norm.weight"}, swin_ir},
    {{"layers.0.blocks.0.attn.spatial_interaction.0.weight", "before_RG.1.weight"}, dat},
    {{"conv_1.sk.weight", "block_1.c1_r.sk.weight"}, span},
    {{"feats.1.refine.weight", "feats.1.lk.conv.weight"}, plksr},
};

struct Other {
  std::string_view sign;  ///< a tensor's name
  std::string_view name;
};

// As spandrel tells them.
constexpr Other kOthers[] = {
    {"layers.0.residual_group.blocks.0.attn.logit_scale", "a Swin2SR model"},
    {"residual_layer.0.residual_layer.0.layer.0.fn.0.weight", "an OmniSR model"},
    {"layers.0.swin1.attn.relative_position_bias_table", "a DRCT model"},
    {"layers.0.residual_group.layers.0.attn_win.relative_position_bias_table", "an ATD model"},
    {"layers.0.residual_group.hf_blocks.0.attn.temperature", "a CRAFT model"},
    {"layers.0.blocks.0.gamma", "an RGT model"},
    {"layers.0.blocks.0.attn.window_attn.attn_transform.logit_scale", "a GRL model"},
    {"feats.0.safm.mfr.0.weight", "an SAFMN model"},
    {"feats.1.lk.convs.0.weight", "a PLKSR model with sparse kernels"},
    {"feats.1.lk.mn_conv.weight", "a PLKSR model with sparse kernels"},
    {"unet1.conv1.conv.0.weight", "a Real-CUGAN model"},
    {"body.0.body.0.body.3.conv_du.0.weight", "an RCAN model"},
    {"m_tail.0.weight", "an SCUNet model"},
    {"m_down1.0.res.0.weight", "a model that takes away noise or artefacts (DRUNet, FBCNN)"},
    {"UFONE.0.ITLs.0.attn.temperature", "a DITN model"},
    {"gblocks.1.fc1.weight", "a MoSR model"},
    {"groups.0.blocks.0.attn.bias", "an FDAT model"},
    {"body.0.local_block.norm_1.weight", "a SeemoRe model"},
    {"middle_blks.0.beta", "a NAFNet model"},
    {"stylegan_decoder.style_mlp.1.weight", "a GFPGAN model, which restores faces"},
    {"in_to_dim.weight", "a MoESR model"},
    {"sub_mean.weight", "an IPT model"},
};

}  // namespace

std::optional<UpscalerConfig> upscaler_of_shapes(const TensorMap& tensors, const std::string& origin) {
  const Shapes shapes(tensors, origin);
  for (const Kind& kind : kKinds) {
    if (!shapes.has(std::string(kind.signs[0])) || !shapes.has(std::string(kind.signs[1]))) continue;
    UpscalerConfig config = kind.read(shapes);
    if (config.image_channels != 3 || config.scale() < 1)
      throw ModelError(origin,
          fmt::format("takes {} channels and makes a picture {} times as large", config.image_channels, config.scale()),
          "use one for pictures in colour");
    return config;
  }
  return std::nullopt;
}

void refuse_other_upscalers(const TensorMap& tensors, const std::string& origin) {
  for (const Other& other : kOthers)
    if (tensors.contains(std::string(other.sign)))
      throw ModelError(origin, fmt::format("is {}, which is not supported yet", other.name), kUpscalerRemedy);
}

}  // namespace weft::sd
