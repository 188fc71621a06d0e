// Reading a Checkpoint from disk: which files, which layout, which family; its networks are built in
// checkpoint.cpp.
#include "nodes/sd/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "nodes/sd/label_names.h"
#include "nodes/sd/model_error.h"
#include "nodes/sd/model_family.h"
#include "nodes/sd/model_json.h"
#include "nodes/sd/part_title.h"
#include "nodes/sd/published_models.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_of(const SafetensorsFile& file) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : file.entries()) names.push_back(name);
  return names;
}

// "diffusion_pytorch_model.safetensors", its .fp16 variant, or its shards "-00001-of-00002".
std::vector<fs::path> weight_files(const fs::path& folder, const std::string& stem) {
  std::vector<fs::path> plain, variants;
  bool pickles = false;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with(stem)) continue;
    if (name.ends_with(".bin")) pickles = true;
    if (!name.ends_with(".safetensors")) continue;
    const bool variant = name.find('.', stem.size()) + std::string(".safetensors").size() != name.size();
    (variant ? variants : plain).push_back(entry.path());
  }
  auto& files = plain.empty() ? variants : plain;
  if (files.empty()) {
    throw ModelError(
        folder.string(),
        pickles ? "has PyTorch pickles (.bin) only" : fmt::format("has no {}*.safetensors", stem),
        pickles ? "convert them to .safetensors" : "download the whole folder");
  }
  std::sort(files.begin(), files.end());
  return files;
}

TensorMap tensors_of(const std::vector<SafetensorsFile>& files, Part part) {
  TensorMap tensors;
  for (const auto& file : files) {
    for (const auto& [name, entry] : file.entries()) {
      tensors[canonical_from_diffusers(part, name)] = file.tensor(name);
    }
  }
  return tensors;
}

std::vector<SafetensorsFile> open_all(const std::vector<fs::path>& paths) {
  std::vector<SafetensorsFile> files;
  for (const auto& path : paths) files.push_back(SafetensorsFile::open(path));
  return files;
}

// Buffers that files carry along and no network needs.
bool is_bookkeeping(const std::string& name) {
  static constexpr std::array kPrefixes{"model_ema.",
                                        "betas",
                                        "alphas_",
                                        "sqrt_",
                                        "log_one_minus",
                                        "posterior_",
                                        "logvar",
                                        "lvlb_weights",
                                        "scale_factor",
                                        "cond_ids",
                                        "embedding_manager.",
                                        "first_stage_model.loss.",
                                        "cond_stage_model.transformer.to_logits."};
  return name.ends_with("position_ids") ||
         std::any_of(kPrefixes.begin(), kPrefixes.end(),
                     [&](const char* prefix) { return name.starts_with(prefix); });
}

/// Answers every question with a tensor that has no memory, after checking that the file has the right one.
class Inspection final : public WeightSource {
 public:
  Inspection(const TensorMap& tensors, std::string origin) : source_(tensors, std::move(origin)) {}

  at::Tensor get(const std::string& name, at::IntArrayRef shape, Init) override {
    source_.check(name, shape);
    used_.insert(name);
    return at::empty(shape, at::TensorOptions(at::kMeta));
  }
  bool has(const std::string& name) const override { return source_.has(name); }

  const std::set<std::string>& used() const { return used_; }

 private:
  TensorMapSource source_;
  std::set<std::string> used_;
};

/// Builds a network on nothing, which proves that all its tensors are there. Returns the names it does not
/// use.
template <class... Networks, class Config>
std::vector<std::string> inspect(const TensorMap& tensors, const Config& config, const std::string& origin) {
  const auto inspection = std::make_shared<Inspection>(tensors, origin);
  (static_cast<void>(Networks(config, Weights(inspection))), ...);
  std::vector<std::string> unused;
  for (const auto& [name, tensor] : tensors) {
    if (!inspection->used().contains(name) && !is_bookkeeping(name)) unused.push_back(name);
  }
  return unused;
}

std::string pipeline_class(const fs::path& index_file) {
  const auto index = read_model_json(index_file);
  const auto found = index.is_object() ? index.find("_class_name") : index.end();
  if (!index.is_object() || found == index.end() || !found->is_string()) {
    throw ModelError(index_file.string(), "is not a pipeline description (no _class_name)",
                     "download it again");
  }
  return found->get<std::string>();
}

bool starts_any(const std::vector<std::string>& names, std::string_view prefix) {
  return std::any_of(names.begin(), names.end(), [&](const auto& name) { return name.starts_with(prefix); });
}

/// The part of a file that holds it alone or among others, with or without `ldm_prefix`, or with diffusers'
/// names.
TensorMap tensors_of_one(const SafetensorsFile& file, Part part, const std::string& ldm_prefix,
                         bool diffusers) {
  std::vector<std::string> names = names_of(file);
  const bool prefixed = starts_any(names, ldm_prefix);
  if (!prefixed) {
    for (auto& name : names) name = ldm_prefix + name;
  }
  const LdmShape shape = ldm_shape(names);
  TensorMap tensors;
  for (const auto& [name, entry] : file.entries()) {
    if (diffusers) {
      tensors[canonical_from_diffusers(part, name)] = file.tensor(name);
    } else if (const auto canonical = canonical_from_ldm(prefixed ? name : ldm_prefix + name, shape);
               canonical && canonical->part == part) {
      tensors[canonical->name] = file.tensor(name);
    }
  }
  return tensors;
}

/// The table of a model's own betas, where it has some; exactly the published one where they are that to
/// rounding.
NoiseTable noise_table(const at::Tensor& own_betas, const PublishedModel& published,
                       const std::string& origin) {
  const at::Tensor roots =
      at::linspace(std::sqrt(published.beta_start), std::sqrt(published.beta_end), 1000, at::kDouble);
  at::Tensor betas = roots * roots;
  if (own_betas.defined()) {
    const at::Tensor own = own_betas.to(at::kDouble);
    if (own.dim() != 1 || own.numel() < 2 || !own.gt(0).logical_and(own.lt(1)).all().item<bool>())
      throw ModelError(origin, "its noise schedule (tensor \"betas\") is damaged", "download it again");
    if (own.numel() != betas.numel() || !at::allclose(own, betas, /*rtol=*/1e-3)) betas = own;
  }
  const at::Tensor alphas = at::cumprod(1 - betas, 0).contiguous();
  return NoiseTable({alphas.const_data_ptr<double>(), static_cast<size_t>(alphas.numel())});
}

}  // namespace

/// Fills a Checkpoint from either layout.
class CheckpointReader {
 public:
  explicit CheckpointReader(const fs::path& path) : origin_(path.string()) { model_.path_ = path; }

  Checkpoint read() && {
    if (fs::is_directory(model_.path_)) {
      read_folder();
    } else {
      read_single_file();
    }
    add_unet();
    add_vae();
    const bool needs_words = model_.unet_config_.context_dim > 0 && !model_.has(Part::kLabelEncoder);
    if (model_.has(Part::kTextEncoder) || needs_words) add_text_encoder();
    if (model_.has(Part::kLabelEncoder)) add_label_encoder();
    if (model_.has(Part::kSpatialRescaler)) add_spatial_rescaler();
    model_.latent_scale_ = model_.vae_config_.scaling_factor;
    return std::move(model_);
  }

  Checkpoint read_unet() && {
    if (fs::is_directory(model_.path_)) {
      read_part(model_.path_, "diffusion_pytorch_model", Part::kUNet);
      hints_ = hints_from_unet_folder(model_.path_);
    } else {
      const SafetensorsFile& file = open_file();
      const auto names = names_of(file);
      refuse_other_unets(model_.path_, names);
      read_alone(file, Part::kUNet, "model.diffusion_model.", starts_any(names, "down_blocks."));
    }
    add_unet();
    model_.latent_scale_ = hints_.vae_scaling_factor.value_or(model_.latent_scale_);
    return std::move(model_);
  }

  Checkpoint read_vae() && {
    if (fs::is_directory(model_.path_)) {
      read_part(model_.path_, "diffusion_pytorch_model", Part::kVAE);
      hints_ = hints_from_vae_folder(model_.path_);
    } else {
      const SafetensorsFile& file = open_file();
      read_alone(file, Part::kVAE, "first_stage_model.", starts_any(names_of(file), "encoder.down_blocks."));
    }
    add_vae();
    return std::move(model_);
  }

 private:
  void read_folder() {
    const fs::path& folder = model_.path_;
    if (!fs::exists(folder / "model_index.json")) {
      throw ModelError(folder.string(), "is a folder without model_index.json, so not a diffusers model",
                       "give the folder that holds model_index.json");
    }
    refuse_other_pipelines(folder, pipeline_class(folder / "model_index.json"));
    read_part(folder / "unet", "diffusion_pytorch_model", Part::kUNet);
    read_part(folder / "vae", "diffusion_pytorch_model", Part::kVAE);
    const bool has_labels = fs::exists(folder / "label_encoder");
    if (has_labels) {
      read_part(folder / "label_encoder", "model", Part::kLabelEncoder);
      labels_ = label_config_from_folder(folder / "label_encoder");
    }
    if (!has_labels || fs::exists(folder / "text_encoder")) {
      read_part(folder / "text_encoder", "model", Part::kTextEncoder);
    }
    if (fs::exists(folder / "tokenizer")) model_.tokenizer_ = folder / "tokenizer";
    hints_ = hints_from_folder(folder);
  }

  void read_part(const fs::path& folder, const std::string& stem, Part part) {
    std::vector<SafetensorsFile> files = open_all(weight_files(folder, stem));
    model_.parts_[part] = tensors_of(files, part);
    std::move(files.begin(), files.end(), std::back_inserter(model_.files_));
  }

  const SafetensorsFile& open_file() {
    return model_.files_.emplace_back(SafetensorsFile::open(model_.path_));
  }

  void read_alone(const SafetensorsFile& file, Part part, const std::string& ldm_prefix, bool diffusers) {
    model_.parts_[part] = tensors_of_one(file, part, ldm_prefix, diffusers);
    read_facts(file);
  }

  void read_single_file() {
    const SafetensorsFile& file = open_file();
    const auto names = names_of(file);
    refuse_other_families(model_.path_, names);
    const LdmShape shape = ldm_shape(names);
    for (const auto& name : names) {
      const auto canonical = canonical_from_ldm(name, shape);
      if (canonical) {
        model_.parts_[canonical->part][canonical->name] = file.tensor(name);
      } else if (!is_bookkeeping(name)) {
        model_.unused_.push_back(name);
      }
    }
    const fs::path words = model_.path_.parent_path() / "vocab.txt";
    if (fs::exists(words)) model_.tokenizer_ = words;
    read_facts(file);
  }

  // What a file tells besides the networks.
  void read_facts(const SafetensorsFile& file) {
    hints_ = hints_from_metadata(model_.path_, file.metadata());
    if (file.has("betas")) betas_ = file.tensor("betas");
    if (file.has("scale_factor") && !hints_.vae_scaling_factor)
      hints_.vae_scaling_factor = file.tensor("scale_factor").to(at::kDouble).sum().item<double>();
  }

  void add_unet() {
    TensorMap& tensors = model_.parts_[Part::kUNet];
    UNetConfig& config = model_.unet_config_;
    config = infer_unet(tensors, hints_, origin_);
    split_pixel_attention(tensors, [&](int64_t channels) { return config.heads_in(channels); });
    note_unused(inspect<UNet>(tensors, config, origin_));
    model_.prediction_ = hints_.prediction.value_or(Prediction::kNoise);
    model_.noise_table_ =
        noise_table(betas_, published_model(config.block_channels.front(), config.context_dim), origin_);
  }

  void add_vae() {
    const TensorMap& tensors = model_.parts_[Part::kVAE];
    model_.vae_config_ = infer_vae(tensors, hints_, origin_);
    note_unused(inspect<VAEEncoder, VAEDecoder>(tensors, model_.vae_config_, origin_));
  }

  void add_text_encoder() {
    const TensorMap& tensors = model_.parts_[Part::kTextEncoder];
    model_.text_encoder_config_ = infer_text_encoder(tensors, hints_, origin_);
    note_unused(inspect<TextEncoder>(tensors, model_.text_encoder_config_, origin_));
    require_context(Part::kTextEncoder, model_.text_encoder_config_.width);
    // A vocab.txt beside a file is BERT's; many models may share that folder.
    if (!fs::is_directory(model_.path_) && model_.text_encoder_config_.family == TextFamily::kClip)
      model_.tokenizer_.reset();
  }

  void add_label_encoder() {
    at::Tensor table = one_tensor(Part::kLabelEncoder, "embedding.weight", 2);
    const int64_t tokens = labels_.tokens;
    if (table.size(1) % tokens != 0 || (labels_.width > 0 && labels_.width * tokens != table.size(1))) {
      throw ModelError(origin_,
                       fmt::format("its class embedder is {} wide, and its config.json says {} tokens of {}",
                                   table.size(1), tokens, labels_.width),
                       "its configuration is wrong");
    }
    table = table.unflatten(1, {tokens, table.size(1) / tokens});
    require_context(Part::kLabelEncoder, table.size(2));
    if (labels_.names.empty()) labels_.names = usual_label_names(table.size(0));
    if (!labels_.unconditional && !labels_.names.empty() && labels_.names.back() == "unconditional")
      labels_.unconditional = static_cast<int64_t>(labels_.names.size()) - 1;
    model_.label_encoder_ = std::make_shared<const LabelEncoder>(table, labels_.names, labels_.unconditional);
  }

  void add_spatial_rescaler() {
    const at::Tensor mapper = one_tensor(Part::kSpatialRescaler, "channel_mapper.weight", 4);
    const int64_t wanted = model_.unet_config_.in_channels - model_.unet_config_.out_channels;
    if (mapper.size(0) != wanted) {
      throw ModelError(
          origin_,
          fmt::format("its spatial rescaler gives {} channels and its U-Net takes {} beside the latent",
                      mapper.size(0), wanted),
          "the parts are of different models");
    }
    const auto halvings = std::countr_zero(static_cast<uint64_t>(model_.vae_config_.downscale()));
    model_.spatial_rescaler_ = std::make_shared<const SpatialRescaler>(halvings, mapper);
  }

  at::Tensor one_tensor(Part part, const std::string& name, int64_t rank) {
    const auto found = model_.tensors(part).find(name);
    if (found == model_.tensors(part).end() || found->second.dim() != rank) {
      throw ModelError(origin_,
                       fmt::format("its {} has no tensor \"{}\" with {} axes", title(part), name, rank),
                       "the file is incomplete, or of another model");
    }
    return found->second;
  }

  void require_context(Part part, int64_t width) {
    if (width == model_.unet_config_.context_dim) return;
    throw ModelError(origin_,
                     fmt::format("its {} is {} wide and its U-Net expects {}", title(part), width,
                                 model_.unet_config_.context_dim),
                     "the parts are of different models");
  }

  void note_unused(const std::vector<std::string>& names) {
    model_.unused_.insert(model_.unused_.end(), names.begin(), names.end());
  }

  std::string origin_;
  ConfigHints hints_;
  LabelConfig labels_;
  at::Tensor betas_;
  Checkpoint model_;
};

Checkpoint Checkpoint::open(const fs::path& path) { return CheckpointReader(path).read(); }
Checkpoint Checkpoint::open_unet(const fs::path& path) { return CheckpointReader(path).read_unet(); }
Checkpoint Checkpoint::open_vae(const fs::path& path) { return CheckpointReader(path).read_vae(); }

}  // namespace weft::sd
