#include "training/export.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "nodes/sd/files/safetensors.h"
#include "training/latent_cache.h"
#include "training/optimization.h"
#include "training/paper_cut_model.h"
#include "training/unet_training.h"
#include "training/variant_training.h"

namespace weft::paper_cut {
namespace {

using nlohmann::json;

constexpr const char* kDiffusersVersion = "0.35.0";
constexpr uintmax_t kGreatestModel = 20'000'000, kGreatestSum = 48'000'000;

void write_json(const std::filesystem::path& path, const json& value) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path);
  if (!(file << value.dump(2) << "\n")) throw std::runtime_error(path.string() + ": cannot be written");
}

void write_half(const std::filesystem::path& path, const sd::TensorMap& tensors) {
  std::filesystem::create_directories(path.parent_path());
  sd::TensorMap half;
  for (const auto& [name, tensor] : tensors) half[name] = tensor.to(at::kHalf).contiguous();
  sd::write_safetensors(path, half, {{"format", "pt"}});
}

json unet_json(const sd::UNetConfig& config) {
  std::vector<std::string> down, up;
  for (std::size_t i = 0; i < config.block_channels.size(); ++i) {
    down.push_back(config.depths.at_level(i) ? "CrossAttnDownBlock2D" : "DownBlock2D");
    up.insert(up.begin(), config.depths.at_level(i) ? "CrossAttnUpBlock2D" : "UpBlock2D");
  }
  return {{"_class_name", "UNet2DConditionModel"}, {"_diffusers_version", kDiffusersVersion}, {"sample_size", 16},
      {"in_channels", config.in_channels}, {"out_channels", config.out_channels},
      {"block_out_channels", config.block_channels}, {"layers_per_block", config.layers_per_block},
      {"down_block_types", down}, {"up_block_types", up}, {"cross_attention_dim", config.context_dim},
      {"attention_head_dim", config.heads},  // what diffusers calls the number of heads
      {"norm_num_groups", config.norm_groups}, {"norm_eps", 1e-5}, {"act_fn", "silu"}, {"center_input_sample", false},
      {"downsample_padding", 1}, {"flip_sin_to_cos", true}, {"freq_shift", 0}, {"mid_block_scale_factor", 1}};
}

/// ComfyUI's words for the colours of latents in previews.
void add_colours(json& description, const sd::PreviewColours& colours) {
  json& rows = description["latent_rgb_factors"];
  for (std::size_t channel = 0; channel < 4; ++channel)
    rows.push_back({colours[3 * channel], colours[3 * channel + 1], colours[3 * channel + 2]});
  description["latent_rgb_factors_bias"] = {colours[12], colours[13], colours[14]};
}

json vae_json(const sd::VAEConfig& config) {
  const std::size_t levels = config.block_channels.size();
  json description{{"_class_name", "AutoencoderKL"}, {"_diffusers_version", kDiffusersVersion}, {"sample_size", 128},
      {"in_channels", config.image_channels}, {"out_channels", config.image_channels},
      {"latent_channels", config.latent_channels}, {"block_out_channels", config.block_channels},
      {"layers_per_block", config.layers_per_block},
      {"down_block_types", std::vector<std::string>(levels, "DownEncoderBlock2D")},
      {"up_block_types", std::vector<std::string>(levels, "UpDecoderBlock2D")}, {"norm_num_groups", config.norm_groups},
      {"scaling_factor", config.scaling_factor}, {"act_fn", "silu"}};
  add_colours(description, config.colours);
  return description;
}

json text_encoder_json(const sd::TextEncoderConfig& config, const Vocabulary& words) {
  return {{"architectures", {"CLIPTextModel"}}, {"model_type", "clip_text_model"}, {"vocab_size", config.vocab},
      {"hidden_size", config.width}, {"projection_dim", config.width}, {"num_hidden_layers", config.layers},
      {"num_attention_heads", config.heads}, {"intermediate_size", config.mlp_width},
      {"max_position_embeddings", config.max_positions}, {"hidden_act", "quick_gelu"}, {"layer_norm_eps", 1e-5},
      {"bos_token_id", words.start_id()}, {"eos_token_id", words.end_id()}, {"pad_token_id", words.end_id()},
      {"torch_dtype", "float16"}};
}

json scheduler_json() {
  return {{"_class_name", "DDIMScheduler"}, {"_diffusers_version", kDiffusersVersion}, {"num_train_timesteps", 1000},
      {"beta_schedule", "scaled_linear"}, {"beta_start", 0.00085}, {"beta_end", 0.012}, {"prediction_type", "epsilon"},
      {"clip_sample", false}};
}

json index_json() {
  return {{"_class_name", "StableDiffusionPipeline"}, {"_diffusers_version", kDiffusersVersion},
      {"text_encoder", {"transformers", "CLIPTextModel"}}, {"tokenizer", {"transformers", "CLIPTokenizer"}},
      {"unet", {"diffusers", "UNet2DConditionModel"}}, {"vae", {"diffusers", "AutoencoderKL"}},
      {"scheduler", {"diffusers", "DDIMScheduler"}}, {"safety_checker", {nullptr, nullptr}},
      {"feature_extractor", {nullptr, nullptr}}, {"requires_safety_checker", false}};
}

/// In bytes; of a folder that is not there 0.
uintmax_t size_of_folder(const std::filesystem::path& folder) {
  uintmax_t size = 0;
  if (!std::filesystem::exists(folder)) return size;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) size += entry.file_size();
  }
  return size;
}

void require_at_most(const std::filesystem::path& what, uintmax_t size, uintmax_t greatest) {
  fmt::print("{}: {:.2f} MB\n", what.string(), double(size) / 1e6);
  if (size > greatest)
    throw std::runtime_error(
        fmt::format("{} is larger than {} MB: make the networks smaller", what.string(), greatest / 1'000'000));
}

/// The averaged weights of a training, or nothing where there was none.
sd::TensorMap trained(const std::filesystem::path& folder, const std::string& name) {
  const auto state = folder / (name + ".safetensors");
  return std::filesystem::exists(state) ? Optimization::averages_in(read_tensors(state)) : sd::TensorMap();
}

/// What unet.load reads. The model's folder says elsewhere how its latents are scaled and coloured; a U-Net
/// alone must say it itself.
void export_unet(const std::filesystem::path& to, const sd::UNetConfig& config, double scaling_factor,
    const sd::TensorMap& weights) {
  json description = unet_json(config);
  description["scaling_factor"] = scaling_factor;
  add_colours(description, vae_config().colours);
  write_json(to / "config.json", description);
  write_half(to / "diffusion_pytorch_model.safetensors", weights);
}

void export_labels(const std::filesystem::path& to, const sd::TensorMap& table) {
  write_json(to / "config.json",
      {{"tokens", kLabelTokens}, {"width", unet_config().context_dim}, {"names", label_names()},
          {"unconditional", label_names().size() - 1}});
  write_half(to / "model.safetensors", table);
}

}  // namespace

void export_model(
    const std::filesystem::path& folder, const std::filesystem::path& to, const std::filesystem::path& unets) {
  const sd::TensorMap weights = Optimization::averages_in(read_tensors(folder / "unet.safetensors"));
  const sd::TensorMap vae = trained_vae(folder);
  write_json(to / "model_index.json", index_json());
  write_json(to / "scheduler" / "scheduler_config.json", scheduler_json());
  write_json(to / "unet" / "config.json", unet_json(unet_config()));
  write_half(to / "unet" / "diffusion_pytorch_model.safetensors", without_prefix(weights, kUNetPrefix));
  write_json(to / "vae" / "config.json", vae_json(vae_config(measured_scaling_factor(folder))));
  write_half(to / "vae" / "diffusion_pytorch_model.safetensors", vae);
  write_json(to / "text_encoder" / "config.json", text_encoder_json(text_encoder_config(vocabulary()), vocabulary()));
  write_half(to / "text_encoder" / "model.safetensors", without_prefix(weights, kTextPrefix));
  vocabulary().write(to / "tokenizer");
  if (const auto table = trained(folder, "labels"); !table.empty()) export_labels(to / "label_encoder", table);
  for (const Concat kind : {Concat::MaskedPicture, Concat::Map}) {
    if (const auto unet = trained(folder, name_of(kind)); !unet.empty())
      export_unet(
          unets / ("paper-cut-" + name_of(kind)), concat_unet_config(kind), measured_scaling_factor(folder), unet);
  }
  require_at_most(to, size_of_folder(to), kGreatestModel);
  require_at_most("both folders", size_of_folder(to) + size_of_folder(unets), kGreatestSum);
}

}  // namespace weft::paper_cut
