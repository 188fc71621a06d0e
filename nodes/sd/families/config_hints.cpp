#include "nodes/sd/families/config_hints.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "nodes/sd/families/config_keys.h"
#include "nodes/sd/families/scheduler_config.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/model_json.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

EncoderActivation activation(const std::string& origin, const std::string& name) {
  if (name == "quick_gelu") return EncoderActivation::QuickGelu;
  if (name == "gelu") return EncoderActivation::Gelu;
  throw ModelError(
      origin, fmt::format("has activation \"{}\" in its encoder", name), "quick_gelu and gelu are supported");
}

// What diffusers' U-Nets can be, and those here are not.
constexpr KeyRule kUNetKeys[] = {
    {"_class_name", {"\"UNet2DConditionModel\"", "\"UNet2DModel\"", "\"ControlNetModel\""}},
    {"act_fn", {"\"silu\"", "\"swish\""}},
    {"addition_embed_type", {"\"text_time\""}},
    {"attention_type", {"\"default\""}},
    {"center_input_sample", {"false"}},
    {"class_embed_type", {"\"projection\""}},
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
constexpr KeyRule kVAEKeys[] = {
    {"_class_name", {"\"AutoencoderKL\"", "\"VQModel\""}},
    {"act_fn", {"\"silu\"", "\"swish\""}},
    {"lookup_from_codebook", {"false"}},
    {"norm_type", {"\"group\""}},
    {"use_post_quant_conv", {"true"}},
    {"use_quant_conv", {"true"}},
};
constexpr KeyRule kTinyVAEKeys[] = {
    {"act_fn", {"\"relu\""}},
    {"upsample_fn", {"\"nearest\""}},
    {"upsampling_scaling_factor", {"2"}},
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

/// Those of a list that are not all equal; empty for anything else.
std::vector<std::int64_t> different_integers(const ConfigFile& file, const char* key) {
  const nlohmann::json& list = file[key];
  if (!list.is_array() || std::ranges::adjacent_find(list, std::ranges::not_equal_to()) == list.end()) return {};
  std::vector<std::int64_t> values;
  for (const nlohmann::json& value : list) {
    if (!value.is_number_integer()) file.fail(key, "whole numbers");
    values.push_back(positive(file.origin(), key, value.get<std::int64_t>()));
  }
  return values;
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
  const auto integer = [&](const char* key) -> std::optional<std::int64_t> {
    const auto value = real(key);
    return value ? std::optional(positive(origin, key, std::llround(std::clamp(*value, -1.0, 1e9)))) : std::nullopt;
  };
  ConfigHints hints{.unet_heads = integer("weft.unet.heads"),
      .unet_head_width = integer("weft.unet.head_width"),
      .unet_norm_groups = integer("weft.unet.norm_groups"),
      .vae_norm_groups = integer("weft.vae.norm_groups"),
      .vae_scaling_factor = real("weft.vae.scaling_factor")};
  for (const auto& [part, key] :
      {std::pair(Part::TextEncoder, "weft.text."), std::pair(Part::TextEncoder2, "weft.text2.")}) {
    const auto named = [key](const char* what) { return std::string(key) + what; };
    TextHints& words = hints.texts[part];
    words.heads = integer(named("heads").c_str());
    words.eos_id = integer(named("eos_id").c_str());
    if (const auto name = text(named("activation").c_str())) words.activation = activation(origin, *name);
  }
  hints.vision.heads = integer("weft.vision.heads");
  if (const auto name = text("weft.vision.activation")) hints.vision.activation = activation(origin, *name);
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

/// Mean and deviation of each of four channels; none where they do not stand there.
std::optional<ChannelStatistics> latent_statistics(const ConfigFile& vae) {
  const std::vector<double> mean = vae.reals("latents_mean"), deviation = vae.reals("latents_std");
  if (mean.size() != 4 || deviation.size() != 4) return std::nullopt;
  ChannelStatistics statistics;
  std::ranges::copy(mean, statistics.mean.begin());
  std::ranges::copy(deviation, statistics.deviation.begin());
  if (std::ranges::any_of(deviation, [](double value) { return !(value > 0); })) vae.fail("latents_std", "above 0");
  return statistics;
}

}  // namespace

ConfigHints hints_from_vae_folder(const fs::path& vae_folder) {
  const ConfigFile vae(vae_folder / "config.json");
  const bool tiny = vae.text("_class_name") == "AutoencoderTiny";
  tiny ? require_values(vae, kTinyVAEKeys) : require_values(vae, kVAEKeys);
  return {.vae_file = vae.origin(),
      .vae_norm_groups = vae.integer("norm_num_groups"),
      .vae_mid_attention = vae.boolean("mid_block_add_attention"),
      // A tiny one's is of its own latents, which are the network's.
      .vae_scaling_factor = tiny ? std::nullopt : factor(vae, "scaling_factor"),
      .preview_colours = preview_colours(vae),
      .ignored = ignored_in(vae.origin(), other_values(vae, kIgnoredVAEKeys),
          "as in diffusers, latents of this kind of model are scaled by scaling_factor alone")};
}

ConfigHints hints_from_unet_folder(const fs::path& unet_folder) {
  const ConfigFile unet(unet_folder / "config.json");
  require_values(unet, kUNetKeys);
  ConfigHints hints{.unet_file = unet.origin(),
      .unet_norm_groups = unet.integer("norm_num_groups"),
      .unet_norm_eps = eps(unet, "norm_eps"),
      .unet_freq_shift = unet.real("freq_shift"),
      .unet_flip_sin_to_cos = unet.boolean("flip_sin_to_cos"),
      .unet_mid_block = said_not_null(unet, "mid_block_type"),
      .control_global_pool = unet.boolean("global_pool_conditions").value_or(false),
      .vae_scaling_factor = factor(unet, "scaling_factor"),
      .preview_colours = preview_colours(unet)};
  // diffusers' attention_head_dim is a width in UNet2DModel, and for historical reasons a number of heads
  // elsewhere.
  const bool is_width = unet.text("_class_name") == "UNet2DModel";
  const char* key = unet.has("num_attention_heads") ? "num_attention_heads" : "attention_head_dim";
  hints.unet_level_heads = different_integers(unet, key);
  if (hints.unet_level_heads.empty())
    (is_width && !unet.has("num_attention_heads") ? hints.unet_head_width : hints.unet_heads) = unet.integer(key);
  if (const auto name = unet.text("prediction_type")) hints.prediction = prediction_of(unet.origin(), *name);
  return hints;
}

namespace {

TextHints text_hints(const fs::path& folder) {
  const ConfigFile file(folder / "config.json");
  TextHints hints{.heads = file.integer("num_attention_heads"),
      .eos_id = file.integer("eos_token_id"),
      .norm_eps = eps(file, "layer_norm_eps")};
  // transformers wrote 2 into every CLIP configuration for years, and means the largest id of a text by it.
  hints.pools_at_largest_id = hints.eos_id == 2;
  if (hints.pools_at_largest_id) hints.eos_id.reset();
  if (const auto name = file.text("hidden_act")) hints.activation = activation(file.origin(), *name);
  return hints;
}

}  // namespace

ConfigHints hints_from_vision_folder(const fs::path& vision_folder) {
  const ConfigFile file(vision_folder / "config.json");
  ConfigHints hints;
  hints.vision = {.heads = file.integer("num_attention_heads"), .norm_eps = eps(file, "layer_norm_eps")};
  if (const auto name = file.text("hidden_act")) hints.vision.activation = activation(file.origin(), *name);
  return hints;
}

ConfigHints hints_from_folder(const fs::path& folder) {
  const fs::path scheduler_file = folder / "scheduler" / "scheduler_config.json";
  const SchedulerConfig scheduler = read_scheduler_config(scheduler_file);
  const ConfigHints vae = hints_from_vae_folder(folder / info(Part::VAE).folder);
  ConfigHints hints = hints_from_unet_folder(folder / info(Part::UNet).folder);
  hints.vae_file = vae.vae_file;
  hints.vae_norm_groups = vae.vae_norm_groups;
  hints.vae_mid_attention = vae.vae_mid_attention;
  hints.vae_scaling_factor = vae.vae_scaling_factor;
  hints.preview_colours = vae.preview_colours;
  for (const PartInfo& part : parts())
    if (!part.tokenizer.empty()) hints.texts[part.part] = text_hints(folder / part.folder);
  hints.vision = hints_from_vision_folder(folder / info(Part::VisionEncoder).folder).vision;
  if (scheduler.prediction) hints.prediction = scheduler.prediction;
  hints.betas = scheduler.betas;
  hints.zero_terminal_snr = scheduler.zero_terminal_snr;
  hints.continuous = scheduler.continuous;
  if (scheduler.continuous)
    hints.latent_statistics = latent_statistics(ConfigFile(folder / info(Part::VAE).folder / "config.json"));
  if (!hints.latent_statistics) append(hints.ignored, vae.ignored);
  append(hints.ignored,
      ignored_in(scheduler_file, scheduler.ignored, "the nodes of the workflow choose sampler and schedule"));
  return hints;
}

LabelConfig label_config_from_folder(const fs::path& label_encoder_folder) {
  const ConfigFile file(label_encoder_folder / "config.json");
  LabelConfig config{.tokens = file.integer("tokens").value_or(1),
      .width = file.integer("width").value_or(0),
      .names = file.texts("names")};
  if (const auto label = file.real("unconditional")) config.unconditional = static_cast<std::int64_t>(*label);
  return config;
}

}  // namespace weft::sd
