// What stands beside a model's weights and tells what no shape does (number of heads, activation, noise, ...): metadata of a
// single file, or the config.json files of a diffusers folder. What they do not say, the model's family does.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "nodes/sd/families/continuous_noise.h"
#include "nodes/sd/families/part.h"
#include "nodes/sd/networks/latent_space.h"
#include "nodes/sd/networks/prediction.h"
#include "nodes/sd/networks/text_encoder.h"

namespace weft::sd {

struct TextHints {
  std::optional<std::int64_t> heads = {}, eos_id = {};
  bool pools_at_largest_id = false;
  std::optional<double> norm_eps = {};
  std::optional<EncoderActivation> activation = {};
};

struct VisionHints {
  std::optional<std::int64_t> heads = {};
  std::optional<double> norm_eps = {};
  std::optional<EncoderActivation> activation = {};
};

struct ConfigHints {
  std::string unet_file, vae_file;  ///< which say so, for errors
  std::optional<std::int64_t> unet_heads, unet_head_width, unet_norm_groups;
  std::vector<std::int64_t> unet_level_heads;  ///< where they differ from level to level; else empty
  std::optional<double> unet_norm_eps, unet_freq_shift;
  std::optional<bool> unet_flip_sin_to_cos;
  std::optional<bool> unet_mid_block;  ///< as the file says: weights that are otherwise are damaged, or another model's
  bool control_global_pool = false;
  std::optional<std::int64_t> vae_norm_groups;
  std::optional<bool> vae_mid_attention;  ///< as unet_mid_block
  std::optional<double> vae_scaling_factor;  ///< also where there is a U-Net alone: latents are scaled for it
  std::optional<PreviewColours> preview_colours;  ///< of those latents
  std::map<Part, TextHints> texts;  ///< of the text encoders
  VisionHints vision;
  std::optional<Prediction> prediction;
  std::vector<double> betas;  ///< empty: not said
  bool zero_terminal_snr = false;
  std::optional<ContinuousNoise> continuous = {};  ///< in place of betas
  std::optional<ChannelStatistics> latent_statistics = {};  ///< which count for models of continuous noise
  std::vector<std::string> ignored;  ///< sentences on what a file asks for and nothing here does
};

/// From a single file's __metadata__: weft.unet.heads, weft.unet.head_width, weft.unet.norm_groups,
/// weft.vae.norm_groups, weft.vae.scaling_factor, weft.text.heads, weft.text.eos_id, weft.text.activation
/// (quick_gelu, gelu), the same of weft.text2 for a second text encoder, weft.vision.heads and .activation, weft.prediction (epsilon, v_prediction).
ConfigHints hints_from_metadata(const std::filesystem::path& file, const std::map<std::string, std::string>& metadata);

/// From the config.json files of a diffusers folder; those that are missing say nothing.
ConfigHints hints_from_folder(const std::filesystem::path& folder);

/// From the config.json of the "vae" folder alone.
ConfigHints hints_from_vae_folder(const std::filesystem::path& vae_folder);

/// From the config.json of a folder with CLIP's vision encoder alone.
ConfigHints hints_from_vision_folder(const std::filesystem::path& vision_folder);

/// From the config.json of a folder with a U-Net alone. Besides diffusers' keys it may have "scaling_factor",
/// "latent_rgb_factors" and "latent_rgb_factors_bias" (of the VAE that made its latents) and "prediction_type" (epsilon,
/// v_prediction), which whole models have elsewhere.
ConfigHints hints_from_unet_folder(const std::filesystem::path& unet_folder);

/// The config.json beside a label encoder's table: {"tokens", "width", "names": [...], "unconditional"}.
struct LabelConfig {
  std::int64_t tokens = 1;
  std::int64_t width = 0;  ///< 0: not said
  std::vector<std::string> names;
  std::optional<std::int64_t> unconditional;
};
LabelConfig label_config_from_folder(const std::filesystem::path& label_encoder_folder);

}  // namespace weft::sd
