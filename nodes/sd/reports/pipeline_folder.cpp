#include "nodes/sd/reports/pipeline_folder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/share_file.h"
#include "nodes/sd/text/clip_vocabulary.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

bool is_xl(const Checkpoint& model) { return !model.family().vector.empty(); }
bool is_refiner(const Checkpoint& model) { return is_xl(model) && model.family().texts.size() == 1; }

json unet_config(const Checkpoint& model) {
  const UNetConfig& unet = model.unet_config();
  json down = json::array(), up = json::array(), heads = json::array(), depths = json::array(),
       up_depths = json::array();
  const std::size_t levels = unet.block_channels.size();
  for (std::size_t i = 0; i < levels; ++i) {
    const bool attends = unet.depths.at_level(i);
    down.push_back(attends ? "CrossAttnDownBlock2D" : "DownBlock2D");
    up.insert(up.begin(), attends ? "CrossAttnUpBlock2D" : "UpBlock2D");
    heads.push_back(unet.heads_in(unet.block_channels[i]));
    depths.push_back(unet.depths.down[i]);
    up_depths.insert(up_depths.begin(), json(unet.depths.up[i]));
  }
  json config = {{"_class_name", "UNet2DConditionModel"}, {"_diffusers_version", "0.30.0"}, {"act_fn", "silu"},
      {"in_channels", unet.in_channels}, {"out_channels", unet.out_channels},
      {"block_out_channels", unet.block_channels}, {"layers_per_block", unet.layers_per_block},
      {"down_block_types", down}, {"up_block_types", up}, {"cross_attention_dim", unet.context_dim},
      {"attention_head_dim", unet.head_width > 0 ? heads : json(unet.heads)}, {"norm_num_groups", unet.norm_groups},
      {"norm_eps", unet.norm_eps}, {"use_linear_projection", unet.use_linear_projection},
      {"flip_sin_to_cos", unet.flip_sin_to_cos}, {"freq_shift", unet.freq_shift}, {"center_input_sample", false},
      {"sample_size",
          is_xl(model)                                  ? 128
              : model.unet_config().context_dim == 1024 ? 96
                                                        : 64}};
  // A level whose layers are alike is a number, as the files of the published models have it.
  bool one_each = true, usual_up = true;
  json by_level = json::array();
  for (std::size_t i = 0; i < levels; ++i) {
    const auto& layers = unet.depths.down[i];
    const bool alike = std::ranges::all_of(layers, [&](auto depth) { return depth == layers.front(); });
    // Of the deepest level's number the middle is made, also where that level does not attend.
    const bool attends = !layers.empty() && layers.front() > 0;
    const std::int64_t unsaid = i + 1 == levels ? std::max<std::int64_t>(unet.depths.middle, 1) : 1;
    const std::int64_t depth = attends ? layers.front() : unsaid;
    by_level.push_back(alike ? json(depth) : json(layers));
    one_each = one_each && alike && depth == 1;
    for (const std::int64_t above : unet.depths.up[i])
      usual_up = usual_up && alike && (above == layers.front() || (above == 0 && layers.front() == 0));
  }
  if (!one_each || !usual_up) config["transformer_layers_per_block"] = by_level;
  if (!usual_up) config["reverse_transformer_layers_per_block"] = up_depths;
  config["mid_block_type"] = unet.middle == MiddleBlock::None ? json()
      : unet.middle == MiddleBlock::Residual                  ? json("UNetMidBlock2D")
                                                              : json("UNetMidBlock2DCrossAttn");
  if (is_xl(model)) {
    const std::size_t numbers = model.family().vector.size() - 1;  // beside the pooled encoding
    const std::int64_t usual = 256, pooled = 1280;
    const bool published = unet.vector_width == pooled + static_cast<std::int64_t>(numbers) * usual;
    std::int64_t width = usual;
    if (!published && model.has(Part::TextEncoder2))
      width = (unet.vector_width - model.text_encoder_config(Part::TextEncoder2).projection) /
          static_cast<std::int64_t>(numbers);
    config["addition_embed_type"] = "text_time";
    config["addition_time_embed_dim"] = width;
    config["projection_class_embeddings_input_dim"] = unet.vector_width;
  }
  return config;
}

json vae_config(const Checkpoint& model) {
  const VAEConfig& vae = model.vae_config();
  if (vae.codebook > 0)
    throw ModelError(model.path().string(), "has a VQ autoencoder, of which no folder is written", "use it as it is");
  const std::size_t levels = vae.block_channels.size();
  return {{"_class_name", "AutoencoderKL"}, {"_diffusers_version", "0.30.0"}, {"act_fn", "silu"},
      {"in_channels", vae.image_channels}, {"out_channels", vae.image_channels},
      {"block_out_channels", vae.block_channels}, {"layers_per_block", vae.layers_per_block},
      {"down_block_types", std::vector<std::string>(levels, "DownEncoderBlock2D")},
      {"up_block_types", std::vector<std::string>(levels, "UpDecoderBlock2D")},
      {"latent_channels", vae.latent_channels}, {"norm_num_groups", vae.norm_groups},
      {"scaling_factor", vae.scaling_factor}, {"mid_block_add_attention", vae.mid_attention},
      {"force_upcast", is_xl(model)}, {"sample_size", is_xl(model) ? 1024 : 512}};
}

json text_config(const Checkpoint& model, Part part) {
  const TextEncoderConfig& text = model.text_encoder_config(part);
  const auto slots = model.family().texts;
  const auto slot = std::ranges::find(slots, part, &TextSlot::part);
  const std::int64_t cut = slot == slots.end() ? 0 : slot->cut_in_folder - text.cut;
  json config = {{"architectures", {part == Part::TextEncoder2 ? "CLIPTextModelWithProjection" : "CLIPTextModel"}},
      {"model_type", "clip_text_model"}, {"vocab_size", text.vocab}, {"hidden_size", text.width},
      {"intermediate_size", text.mlp_width}, {"num_hidden_layers", text.layers - std::max<std::int64_t>(cut, 0)},
      {"num_attention_heads", text.heads}, {"max_position_embeddings", text.max_positions},
      {"hidden_act", text.activation == EncoderActivation::Gelu ? "gelu" : "quick_gelu"},
      {"layer_norm_eps", text.norm_eps}, {"bos_token_id", text.vocab == 49408 ? 49406 : 0},
      {"eos_token_id", text.pools_at_largest_id ? 2 : text.eos_id}, {"pad_token_id", 1},
      {"projection_dim", text.projection > 0 ? text.projection : text.width}};
  return config;
}

json scheduler_config(const Checkpoint& model) {
  constexpr double kInfinite = 1000;
  const bool zero_snr = model.noise_table().sigma_max() > kInfinite;
  const NoiseTable usual = NoiseTable::stable_diffusion(zero_snr);
  const bool own = !std::ranges::equal(model.noise_table().sigmas(), usual.sigmas(),
      [](float a, float b) { return std::abs(a - b) <= 1e-4F * std::abs(b); });
  json config = {{"_class_name", zero_snr ? "DDIMScheduler" : "EulerDiscreteScheduler"},
      {"_diffusers_version", "0.30.0"}, {"num_train_timesteps", model.noise_table().sigmas().size()},
      {"beta_start", 0.00085}, {"beta_end", 0.012}, {"beta_schedule", "scaled_linear"}, {"steps_offset", 1},
      {"timestep_spacing", zero_snr ? "trailing" : "leading"},
      {"prediction_type", model.prediction() == Prediction::Velocity ? "v_prediction" : "epsilon"}};
  if (zero_snr) {
    config["rescale_betas_zero_snr"] = true;
    config["clip_sample"] = false;
    config["set_alpha_to_one"] = false;
  }
  if (own) {
    json betas = json::array();
    double before = 1;
    for (const double sigma : model.noise_table().sigmas()) {
      const double kept = 1 / (1 + sigma * sigma);
      betas.push_back(1 - kept / before);
      before = kept;
    }
    config["trained_betas"] = betas;
  }
  return config;
}

/// The usual vocabulary in the two files of old, which every version of transformers reads.
void write_usual_tokenizer(const fs::path& folder, bool pads_with_exclamation) {
  const ClipVocabulary vocabulary = ClipVocabulary::from_merges_gz(share_file("bpe_simple_vocab_16e6.txt.gz"));
  json ids = json::object();
  for (const auto& [piece, id] : vocabulary.ids()) ids[piece] = id;
  write_json(folder / "vocab.json", ids);
  std::ofstream(folder / "merges.txt", std::ios::binary) << "#version: 0.2\n" << vocabulary.merges_text();
  const std::string start = "<|startoftext|>", end = "<|endoftext|>", pad = pads_with_exclamation ? "!" : end;
  write_json(folder / "special_tokens_map.json",
      {{"bos_token", start}, {"eos_token", end}, {"pad_token", pad}, {"unk_token", end}});
  write_json(folder / "tokenizer_config.json",
      {{"tokenizer_class", "CLIPTokenizer"}, {"do_lower_case", true}, {"model_max_length", 77}, {"bos_token", start},
          {"eos_token", end}, {"pad_token", pad}, {"unk_token", end}, {"add_prefix_space", false},
          {"errors", "replace"}});
}

json class_of(const char* library, const char* name) { return json::array({library, name}); }

}  // namespace

void write_json(const fs::path& file, const json& value) {
  std::ofstream out(file, std::ios::binary);
  out << value.dump(2) << '\n';
  out.close();
  if (!out) throw ModelError(file.string(), "cannot be written", "check the folder and the free space");
}

json diffusers_config(const Checkpoint& model, Part part) {
  switch (part) {
    case Part::UNet:
      return unet_config(model);
    case Part::VAE:
      return vae_config(model);
    case Part::TextEncoder:
    case Part::TextEncoder2:
      return text_config(model, part);
    default:
      throw ModelError(model.path().string(), fmt::format("has a {}, of which no folder is written", title(part)),
          "use it as it is");
  }
}

void write_pipeline_files(const fs::path& folder, const Checkpoint& model) {
  const std::int64_t channels = model.unet_config().in_channels;
  const bool inpaints = channels == 9;
  std::string pipeline = is_xl(model) ? "StableDiffusionXL" : "StableDiffusion";
  pipeline += inpaints    ? "InpaintPipeline"
      : channels == 8     ? "InstructPix2PixPipeline"
      : is_refiner(model) ? "Img2ImgPipeline"
                          : "Pipeline";
  json index = {{"_class_name", pipeline}, {"_diffusers_version", "0.30.0"}};
  index["unet"] = class_of("diffusers", "UNet2DConditionModel");
  index["scheduler"] = class_of("diffusers", scheduler_config(model)["_class_name"].get<std::string>().c_str());
  if (model.has(Part::VAE)) index["vae"] = class_of("diffusers", "AutoencoderKL");
  for (const TextSlot& slot : model.family().texts) {
    const std::string text(info(slot.part).folder), tokenizer(info(slot.part).tokenizer);
    if (!model.has(slot.part)) continue;
    const bool projected = slot.part == Part::TextEncoder2;
    index[text] = class_of("transformers", projected ? "CLIPTextModelWithProjection" : "CLIPTextModel");
    index[tokenizer] = class_of("transformers", "CLIPTokenizer");
    if (const auto& own = model.tokenizer_files(slot.part); own && fs::is_directory(*own)) {
      fs::copy(*own, folder / tokenizer, fs::copy_options::recursive);
    } else {
      fs::create_directories(folder / tokenizer);
      write_usual_tokenizer(folder / tokenizer, slot.embedding_key != "clip_l");
    }
  }
  if (is_xl(model)) {
    index["force_zeros_for_empty_prompt"] = !is_refiner(model);
    if (is_refiner(model)) index["requires_aesthetics_score"] = true;
    if (is_refiner(model)) index["text_encoder"] = index["tokenizer"] = json::array({nullptr, nullptr});
  } else {
    index["safety_checker"] = index["feature_extractor"] = json::array({nullptr, nullptr});
    index["requires_safety_checker"] = false;
  }
  write_json(folder / "model_index.json", index);
  fs::create_directories(folder / "scheduler");
  write_json(folder / "scheduler/scheduler_config.json", scheduler_config(model));
}

}  // namespace weft::sd
