#include "nodes/sd/families/model_config.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "nodes/sd/families/config_keys.h"
#include "nodes/sd/families/published_models.h"
#include "nodes/sd/families/scheduler_config.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/model_json.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBertEnd = 102;    // [SEP] of BERT's vocabulary
constexpr int64_t kClipEnd = 49407;  // <|endoftext|> of CLIP's

TextActivation activation(const std::string& origin, const std::string& name) {
  if (name == "quick_gelu") return TextActivation::kQuickGelu;
  if (name == "gelu") return TextActivation::kGelu;
  throw ModelError(
      origin, fmt::format("has activation \"{}\" in its text encoder", name), "quick_gelu and gelu are supported");
}

// What diffusers' U-Nets can be, and those here are not.
constexpr KeyRule kUNetKeys[] = {
    {"_class_name", {"\"UNet2DConditionModel\"", "\"UNet2DModel\""}},
    {"act_fn", {"\"silu\"", "\"swish\""}},
    {"addition_embed_type", {}},
    {"attention_type", {"\"default\""}},
    {"center_input_sample", {"false"}},
    {"class_embed_type", {}},
    {"class_embeddings_concat", {"false"}},
    {"conv_in_kernel", {"3"}},
    {"conv_out_kernel", {"3"}},
    {"cross_attention_norm", {}},
    {"downsample_padding", {"1"}},
    {"dual_cross_attention", {"false"}},
    {"encoder_hid_dim_type", {}},
    {"mid_block_only_cross_attention", {"false"}},
    {"mid_block_scale_factor", {"1"}},
    {"mid_block_type", {"\"UNetMidBlock2DCrossAttn\"", "\"UNetMidBlock2D\""}},
    {"num_class_embeds", {}},
    {"only_cross_attention", {"false"}},
    {"resnet_out_scale_factor", {"1"}},
    {"resnet_skip_time_act", {"false"}},
    {"resnet_time_scale_shift", {"\"default\""}},
    {"time_embedding_act_fn", {}},
    {"time_embedding_type", {"\"positional\""}},
    {"timestep_post_act", {}},
};
constexpr KeyRule kIgnoredUNetKeys[] = {{"time_cond_proj_dim", {}}};  // guidance as an input of its own (LCM)

constexpr KeyRule kVAEKeys[] = {
    {"_class_name", {"\"AutoencoderKL\"", "\"VQModel\""}},
    {"act_fn", {"\"silu\"", "\"swish\""}},
    {"lookup_from_codebook", {"false"}},
    {"norm_type", {"\"group\""}},
    {"use_post_quant_conv", {"true"}},
    {"use_quant_conv", {"true"}},
};
// diffusers' pipelines of Stable Diffusion 1 do not look at these either; those of other families do.
constexpr KeyRule kIgnoredVAEKeys[] = {{"latents_mean", {}}, {"latents_std", {}}, {"shift_factor", {"0"}}};

std::vector<std::string> ignored_in(const fs::path& file, const std::vector<std::string>& keys, std::string_view why) {
  if (keys.empty()) return {};
  return {fmt::format(
      "{}: {} {} no effect: {}", file.string(), fmt::join(keys, ", "), keys.size() == 1 ? "has" : "have", why)};
}

/// An eps of a norm.
std::optional<double> eps(const ConfigFile& file, const char* key) {
  const auto value = file.real(key);
  if (value && !(*value > 0 && *value < 1)) file.fail(key, "above 0 and below 1");
  return value;
}

/// Of a key whose null means that there is none; empty where the key is missing.
std::optional<bool> said_not_null(const ConfigFile& file, const char* key) {
  return file.values().contains(key) ? std::optional(file.has(key)) : std::nullopt;
}

/// A factor between latents: above 0.
std::optional<double> factor(const ConfigFile& file, const char* key) {
  const auto value = file.real(key);
  if (value && !(*value > 0)) file.fail(key, "above 0");
  return value;
}

void append(std::vector<std::string>& to, const std::vector<std::string>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// The shapes of a network's tensors, asked by name.
class Shapes {
 public:
  Shapes(const TensorMap& tensors, const std::string& origin, const char* network)
      : tensors_(tensors), origin_(origin), network_(network) {}

  bool has(const std::string& name) const { return tensors_.contains(name); }

  at::IntArrayRef sizes(const std::string& name) const {
    const auto found = tensors_.find(name);
    if (found != tensors_.end()) return found->second.sizes();
    throw ModelError(origin_, fmt::format("has no {}: tensor \"{}\" is missing", network_, name),
        "the file is incomplete, or of another model");
  }

  bool has_any(const std::string& beginning) const {
    const auto found = tensors_.lower_bound(beginning);
    return found != tensors_.end() && found->first.starts_with(beginning);
  }

  int64_t size(const std::string& name, size_t axis) const {
    const auto sizes = this->sizes(name);
    if (axis >= sizes.size() || sizes[axis] <= 0) {
      throw ModelError(
          origin_, fmt::format("tensor \"{}\" has shape {}", name, shape_text(sizes)), "the file is of another model");
    }
    return sizes[axis];
  }

  /// How many of pattern 0, 1, 2, ... are there; the pattern has one {}.
  int64_t count(const std::string& pattern) const {
    int64_t n = 0;
    while (has(fmt::format(fmt::runtime(pattern), n))) ++n;
    return n;
  }

  /// Output channels of pattern 0, 1, 2, ...
  std::vector<int64_t> channels(const std::string& pattern) const {
    std::vector<int64_t> result;
    const int64_t levels = count(pattern);
    for (int64_t i = 0; i < levels; ++i) result.push_back(size(fmt::format(fmt::runtime(pattern), i), 0));
    if (levels == 0) size(fmt::format(fmt::runtime(pattern), 0), 0);  // throws, naming it
    return result;
  }

 private:
  const TensorMap& tensors_;
  const std::string& origin_;
  const char* network_;
};

// 32 as in SD; a scaled-down model with fewer channels has the largest power of two that divides them all.
int64_t usual_norm_groups(const std::vector<int64_t>& channels) {
  int64_t groups = 32;
  for (const int64_t n : channels) {
    while (n % groups != 0) groups /= 2;
  }
  return groups;
}

void require_divides(const std::string& origin, const char* what, int64_t divisor, const std::vector<int64_t>& widths) {
  for (const int64_t width : widths) {
    if (width % divisor != 0) {
      throw ModelError(origin, fmt::format("{} {} do not divide {} channels", divisor, what, width),
          "its configuration is wrong or missing");
    }
  }
}

/// Of the first level that attends; of the first where none does, so that an error can name it.
std::string first_attention(const UNetConfig& config) {
  const auto found = std::ranges::find(config.cross_attention, true);
  const auto level = found == config.cross_attention.end() ? 0 : found - config.cross_attention.begin();
  return fmt::format("down_blocks.{}.attentions.0.", level);
}

std::vector<int64_t> attending_channels(const UNetConfig& config) {
  std::vector<int64_t> channels;
  if (config.mid_block) channels.push_back(config.block_channels.back());
  for (size_t i = 0; i < config.block_channels.size(); ++i) {
    if (config.cross_attention[i]) channels.push_back(config.block_channels[i]);
  }
  return channels;
}

[[noreturn]] void refuse_other_weights(const std::string& file, const std::string& contradiction) {
  throw ModelError(
      file, contradiction, "use the configuration and the weights of one model: download the whole folder");
}

void refuse_other_codebooks(const Shapes& shapes, const std::string& origin) {
  const auto refuse = [&](const char* what) {
    throw ModelError(origin, fmt::format("its first stage is a VQ autoencoder with {}", what),
        "those with one plain codebook (\"quantize.embedding.weight\") are supported");
  };
  if (shapes.has("quantize.embed.weight")) refuse("Gumbel quantisation");
  if (shapes.has("quantize.used")) refuse("a codebook of which it uses a part");
}

}  // namespace

ConfigHints hints_from_metadata(const fs::path& file, const std::map<std::string, std::string>& metadata) {
  const std::string origin = file.string();
  const auto text = [&](const char* key) -> std::optional<std::string> {
    const auto found = metadata.find(key);
    return found == metadata.end() ? std::nullopt : std::optional(found->second);
  };
  const auto real = [&](const char* key) -> std::optional<double> {
    const auto value = text(key);
    if (!value) return std::nullopt;
    try {
      return std::stod(*value);
    } catch (const std::exception&) {
      throw ModelError(origin, fmt::format("metadata {} is \"{}\"", key, *value), "it must be a number");
    }
  };
  const auto integer = [&](const char* key) -> std::optional<int64_t> {
    const auto value = real(key);
    return value ? std::optional(positive(origin, key, std::llround(std::clamp(*value, -1.0, 1e9)))) : std::nullopt;
  };
  ConfigHints hints{.unet_heads = integer("weft.unet.heads"),
      .unet_head_width = integer("weft.unet.head_width"),
      .unet_norm_groups = integer("weft.unet.norm_groups"),
      .vae_norm_groups = integer("weft.vae.norm_groups"),
      .vae_scaling_factor = real("weft.vae.scaling_factor"),
      .text_heads = integer("weft.text.heads"),
      .text_eos_id = integer("weft.text.eos_id")};
  if (const auto name = text("weft.text.activation")) hints.text_activation = activation(origin, *name);
  if (const auto name = text("weft.prediction")) hints.prediction = prediction_of(origin, *name);
  return hints;
}

namespace {

/// ComfyUI's words: a row for each channel, and the constant.
std::optional<PreviewColours> preview_colours(const ConfigFile& config) {
  const std::vector<double> rows = config.reals("latent_rgb_factors"), bias = config.reals("latent_rgb_factors_bias");
  if (rows.empty()) return std::nullopt;
  if (rows.size() != 12) config.fail("latent_rgb_factors", "four rows of three numbers");
  if (!bias.empty() && bias.size() != 3) config.fail("latent_rgb_factors_bias", "three numbers");
  PreviewColours colours{};
  std::ranges::copy(rows, colours.begin());
  std::ranges::copy(bias, colours.begin() + 12);
  return colours;
}

}  // namespace

ConfigHints hints_from_vae_folder(const fs::path& vae_folder) {
  const ConfigFile vae(vae_folder / "config.json");
  require_values(vae, kVAEKeys);
  return {.vae_file = vae.origin(),
      .vae_norm_groups = vae.integer("norm_num_groups"),
      .vae_mid_attention = vae.boolean("mid_block_add_attention"),
      .vae_scaling_factor = factor(vae, "scaling_factor"),
      .preview_colours = preview_colours(vae),
      .ignored = ignored_in(vae.origin(), other_values(vae, kIgnoredVAEKeys),
          "as in diffusers, latents of this kind of model are scaled by scaling_factor alone")};
}

ConfigHints hints_from_unet_folder(const fs::path& unet_folder) {
  const ConfigFile unet(unet_folder / "config.json");
  require_values(unet, kUNetKeys);
  ConfigHints hints{.unet_file = unet.origin(),
      .unet_heads = unet.integer("num_attention_heads"),
      .unet_norm_groups = unet.integer("norm_num_groups"),
      .unet_norm_eps = eps(unet, "norm_eps"),
      .unet_freq_shift = unet.real("freq_shift"),
      .unet_flip_sin_to_cos = unet.boolean("flip_sin_to_cos"),
      .unet_mid_block = said_not_null(unet, "mid_block_type"),
      .vae_scaling_factor = factor(unet, "scaling_factor"),
      .preview_colours = preview_colours(unet),
      .ignored =
          ignored_in(unet.origin(), other_values(unet, kIgnoredUNetKeys), "guidance is what the sampling node does")};
  // diffusers' attention_head_dim is a width in UNet2DModel, and for historical reasons a number of heads
  // elsewhere.
  const bool is_width = unet.text("_class_name") == "UNet2DModel";
  if (!hints.unet_heads) (is_width ? hints.unet_head_width : hints.unet_heads) = unet.integer("attention_head_dim");
  if (const auto name = unet.text("prediction_type")) hints.prediction = prediction_of(unet.origin(), *name);
  return hints;
}

ConfigHints hints_from_folder(const fs::path& folder) {
  const ConfigFile text(folder / "text_encoder" / "config.json");
  const fs::path scheduler_file = folder / "scheduler" / "scheduler_config.json";
  const SchedulerConfig scheduler = read_scheduler_config(scheduler_file);
  const ConfigHints vae = hints_from_vae_folder(folder / "vae");
  ConfigHints hints = hints_from_unet_folder(folder / "unet");
  hints.vae_file = vae.vae_file;
  hints.vae_norm_groups = vae.vae_norm_groups;
  hints.vae_mid_attention = vae.vae_mid_attention;
  hints.vae_scaling_factor = vae.vae_scaling_factor;
  hints.preview_colours = vae.preview_colours;
  hints.text_heads = text.integer("num_attention_heads");
  hints.text_norm_eps = eps(text, "layer_norm_eps");
  // transformers wrote 2 into every CLIP configuration for years, and means the largest id of a text by it.
  hints.text_eos_id = text.integer("eos_token_id");
  hints.text_pools_at_largest_id = hints.text_eos_id == 2;
  if (hints.text_pools_at_largest_id) hints.text_eos_id.reset();
  if (const auto name = text.text("hidden_act")) hints.text_activation = activation(text.origin(), *name);
  if (scheduler.prediction) hints.prediction = scheduler.prediction;
  hints.betas = scheduler.betas;
  hints.zero_terminal_snr = scheduler.zero_terminal_snr;
  append(hints.ignored, vae.ignored);
  append(hints.ignored,
      ignored_in(scheduler_file, scheduler.ignored, "the nodes of the workflow choose sampler and schedule"));
  return hints;
}

LabelConfig label_config_from_folder(const fs::path& label_encoder_folder) {
  const ConfigFile file(label_encoder_folder / "config.json");
  LabelConfig config{.tokens = file.integer("tokens").value_or(1),
      .width = file.integer("width").value_or(0),
      .names = file.texts("names")};
  if (const auto label = file.real("unconditional")) config.unconditional = static_cast<int64_t>(*label);
  return config;
}

UNetConfig infer_unet(const TensorMap& tensors, const ConfigHints& hints, const std::string& origin) {
  const Shapes shapes(tensors, origin, "U-Net");
  UNetConfig config;
  config.in_channels = shapes.size("conv_in.weight", 1);
  config.out_channels = shapes.size("conv_out.weight", 0);
  config.block_channels = shapes.channels("down_blocks.{}.resnets.0.conv1.weight");
  config.layers_per_block = shapes.count("down_blocks.0.resnets.{}.conv1.weight");
  const auto over_pixels = [&](const std::string& attention) {
    return shapes.has(attention + "qkv.weight") || shapes.has(attention + "to_q.weight");
  };
  config.cross_attention.clear();
  for (size_t i = 0; i < config.block_channels.size(); ++i) {
    const std::string attention = fmt::format("down_blocks.{}.attentions.0.", i);
    config.cross_attention.push_back(shapes.has(attention + "proj_in.weight") || over_pixels(attention));
  }
  config.mid_block = hints.unet_mid_block.value_or(shapes.has_any("mid_block."));
  if (!config.mid_block && shapes.has_any("mid_block."))
    refuse_other_weights(hints.unet_file, "mid_block_type is null, and the weights have a mid block");
  const std::string attention = config.mid_block ? "mid_block.attentions.0." : first_attention(config);
  if (over_pixels(attention)) {
    config.context_dim = 0;
  } else {
    config.transformer_layers = shapes.count(attention + "transformer_blocks.{}.norm1.weight");
    config.context_dim = shapes.size(attention + "transformer_blocks.0.attn2.to_k.weight", 1);
    config.use_linear_projection = shapes.sizes(attention + "proj_in.weight").size() == 2;
  }
  config.norm_eps = hints.unet_norm_eps.value_or(config.norm_eps);
  config.flip_sin_to_cos = hints.unet_flip_sin_to_cos.value_or(config.flip_sin_to_cos);
  config.freq_shift = hints.unet_freq_shift.value_or(config.freq_shift);
  if (!(config.freq_shift < static_cast<double>(config.block_channels[0] / 2)))
    throw ModelError(origin, fmt::format("its config.json says that freq_shift is {}", config.freq_shift),
        "it must be less than half the channels of the first level");
  const PublishedModel published = published_model(config.block_channels[0], config.context_dim);
  const bool told = hints.unet_heads || hints.unet_head_width;
  config.heads = told ? hints.unet_heads.value_or(0) : published.heads;
  config.head_width = told ? hints.unet_head_width.value_or(0) : published.head_width;
  config.norm_groups = hints.unet_norm_groups.value_or(usual_norm_groups(config.block_channels));
  if (config.context_dim == 1024) {
    throw ModelError(origin, "is a Stable Diffusion 2.x model (its text encoder is OpenCLIP ViT-H), not supported yet",
        "use a Stable Diffusion 1.x checkpoint");
  }
  require_divides(origin, "norm groups of the U-Net", config.norm_groups, config.block_channels);
  require_divides(
      origin, "attention heads of the U-Net", std::max(config.heads, config.head_width), attending_channels(config));
  return config;
}

VAEConfig infer_vae(const TensorMap& tensors, const ConfigHints& hints, const std::string& origin) {
  const Shapes shapes(tensors, origin, "VAE");
  refuse_other_codebooks(shapes, origin);
  VAEConfig config;
  config.image_channels = shapes.size("encoder.conv_in.weight", 1);
  config.latent_channels = shapes.size("decoder.conv_in.weight", 1);
  config.block_channels = shapes.channels("encoder.down_blocks.{}.resnets.0.conv1.weight");
  config.layers_per_block = shapes.count("encoder.down_blocks.0.resnets.{}.conv1.weight");
  config.mid_attention = shapes.has("encoder.mid_block.attentions.0.to_q.weight");
  if (hints.vae_mid_attention.value_or(config.mid_attention) != config.mid_attention)
    refuse_other_weights(hints.vae_file,
        fmt::format("mid_block_add_attention is {}, and the weights have {}attention in the mid block",
            !config.mid_attention, config.mid_attention ? "" : "no "));
  for (size_t i = 0; i < config.block_channels.size(); ++i) {
    config.level_attention.push_back(shapes.has(fmt::format("encoder.down_blocks.{}.attentions.0.to_q.weight", i)));
  }
  // As many channels as the decoder takes: a VQ encoder. Twice as many: mean and variance.
  const bool vq = shapes.size("quant_conv.weight", 0) == config.latent_channels;
  if (vq) config.codebook = shapes.size("quantize.embedding.weight", 0);
  config.scaling_factor = hints.vae_scaling_factor.value_or(vq ? 1 : kStableDiffusionScale);
  config.colours = hints.preview_colours.value_or(kStableDiffusionColours);
  config.norm_groups = hints.vae_norm_groups.value_or(usual_norm_groups(config.block_channels));
  require_divides(origin, "norm groups of the VAE", config.norm_groups, config.block_channels);
  return config;
}

TextEncoderConfig infer_text_encoder(const TensorMap& tensors, const ConfigHints& hints, const std::string& origin) {
  const Shapes shapes(tensors, origin, "text encoder");
  const std::string first = "text_model.encoder.layers.0.";
  TextEncoderConfig config;
  config.vocab = shapes.size("text_model.embeddings.token_embedding.weight", 0);
  config.width = shapes.size("text_model.embeddings.token_embedding.weight", 1);
  config.max_positions = shapes.size("text_model.embeddings.position_embedding.weight", 0);
  config.layers = shapes.count("text_model.encoder.layers.{}.mlp.fc1.weight");
  config.mlp_width = shapes.size(first + "mlp.fc1.weight", 0);
  config.attention_width = shapes.size(first + "self_attn.q_proj.weight", 0);
  const bool bias = shapes.has(first + "self_attn.q_proj.bias") || shapes.has(first + "self_attn.v_proj.bias");
  config.family = bias ? TextFamily::kClip : TextFamily::kBert;
  config.heads = hints.text_heads.value_or(std::max<int64_t>(1, config.attention_width / 64));
  config.activation = hints.text_activation.value_or(bias ? TextActivation::kQuickGelu : TextActivation::kGelu);
  // Rows beyond CLIP's own are learned words.
  config.eos_id = hints.text_eos_id.value_or(std::min(bias ? kClipEnd : kBertEnd, config.vocab - 1));
  config.pools_at_largest_id = hints.text_pools_at_largest_id;
  config.norm_eps = hints.text_norm_eps.value_or(config.norm_eps);
  require_divides(origin, "attention heads of the text encoder", config.heads, {config.attention_width});
  return config;
}

}  // namespace weft::sd
