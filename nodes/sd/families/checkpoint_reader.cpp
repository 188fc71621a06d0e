// Reading a Checkpoint from disk: which files, which layout, which family; its networks are built in
// checkpoint.cpp.
#include "nodes/sd/families/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>
#include <set>

#include "nodes/sd/families/inspection.h"
#include "nodes/sd/families/label_names.h"
#include "nodes/sd/families/model_family.h"
#include "nodes/sd/families/part_title.h"
#include "nodes/sd/families/published_models.h"
#include "nodes/sd/families/scheduler_config.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/model_json.h"
#include "nodes/sd/files/quantised.h"
#include "nodes/sd/files/weight_files.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_of(const SafetensorsFile& file) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : file.entries()) names.push_back(name);
  return names;
}

/// The tensor, or where torch has no such type one without memory, so that only who needs it is refused.
at::Tensor tensor_or_placeholder(const SafetensorsFile& file, const std::string& name) {
  const auto& entry = file.entries().at(name);
  if (entry.dtype != at::ScalarType::Undefined) return file.tensor(name);
  return at::empty(entry.shape, at::TensorOptions(at::kMeta));
}

std::vector<SafetensorsFile> open_all(const std::vector<fs::path>& paths) {
  std::vector<SafetensorsFile> files;
  for (const auto& path : paths) files.push_back(SafetensorsFile::open(path));
  return files;
}

// Buffers that files carry along and no network needs.
bool is_bookkeeping(const std::string& name) {
  static constexpr std::array kPrefixes{"model_ema.", "betas", "alphas_", "sqrt_", "log_one_minus", "posterior_",
      "logvar", "lvlb_weights", "scale_factor", "cond_ids", "embedding_manager.", "first_stage_model.loss.",
      "cond_stage_model.transformer.to_logits."};
  return name.ends_with("position_ids") || marks_scaled_network(name) ||
      std::any_of(kPrefixes.begin(), kPrefixes.end(), [&](const char* prefix) { return name.starts_with(prefix); });
}

std::string pipeline_class(const ConfigFile& index) {
  if (index.text("_class_name").value_or("").empty()) {
    throw ModelError(index.origin(), "is not a pipeline description (no _class_name)", "download it again");
  }
  return index["_class_name"].get<std::string>();
}

/// "vae": ["diffusers", "AutoencoderKL"]; two nulls stand for a part that was left out on purpose.
bool lists(const ConfigFile& index, const std::string& part) {
  const auto& entry = index[part];
  return entry.is_array() && !entry.empty() && !entry.back().is_null();
}

/// Of CLIP's vocabulary, and of BERT's for lower case.
int64_t usual_vocabulary_size(TextFamily family) { return family == TextFamily::kClip ? 49408 : 30522; }

bool starts_any(const std::vector<std::string>& names, std::string_view prefix) {
  return std::any_of(names.begin(), names.end(), [&](const auto& name) { return name.starts_with(prefix); });
}

/// What a file tells by numbers in a tensor, such as its betas. Rounded to few bits, as the whole of a file
/// may have been, they tell nothing.
struct Fact {
  std::vector<double> values;
  double rounding;  ///< relative
};
std::optional<Fact> fact(const SafetensorsFile& file, const std::string& name) {
  const auto found = file.entries().find(name);
  if (found == file.entries().end()) return std::nullopt;
  const at::ScalarType type = found->second.dtype;
  if (type != at::kDouble && type != at::kFloat && type != at::kHalf) return std::nullopt;
  const at::Tensor values = file.tensor(name).to(at::kDouble).flatten().contiguous();
  return Fact{{values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel()},
      type == at::kHalf ? 1e-3 : 1e-6};
}

bool agree(double a, double b, double rounding) { return std::abs(a - b) <= rounding * std::abs(b); }

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
    take_scales_of_all();
    add_unet();
    if (model_.has(Part::kVAE)) add_vae();
    if (model_.has(Part::kTextEncoder)) add_text_encoder();
    if (model_.has(Part::kLabelEncoder)) add_label_encoder();
    if (model_.has(Part::kSpatialRescaler)) add_spatial_rescaler();
    return finished();
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
    take_scales_of_all();
    add_unet();
    return finished();
  }

  Checkpoint read_vae() && {
    if (fs::is_directory(model_.path_)) {
      read_part(model_.path_, "diffusion_pytorch_model", Part::kVAE);
      hints_ = hints_from_vae_folder(model_.path_);
    } else {
      const SafetensorsFile& file = open_file();
      read_alone(file, Part::kVAE, "first_stage_model.", starts_any(names_of(file), "encoder.down_blocks."));
    }
    take_scales_of_all();
    add_vae();
    return finished();
  }

 private:
  Checkpoint finished() {
    model_.latent_space_ = model_.has(Part::kVAE) ? model_.vae_config_.space() : space_without_vae();
    model_.ignored_ = hints_.ignored;
    return std::move(model_);
  }

  void read_folder() {
    const fs::path& folder = model_.path_;
    if (!fs::exists(folder / "model_index.json")) {
      throw ModelError(folder.string(), "is a folder without model_index.json, so not a diffusers model",
          "give the folder that holds model_index.json");
    }
    const ConfigFile index(folder / "model_index.json");
    refuse_other_pipelines(folder, pipeline_class(index));
    read_part(folder / "unet", "diffusion_pytorch_model", Part::kUNet);
    read_listed_part(index, "vae", "diffusion_pytorch_model", Part::kVAE);
    read_listed_part(index, "text_encoder", "model", Part::kTextEncoder);
    read_listed_part(index, "label_encoder", "model", Part::kLabelEncoder);
    if (model_.has(Part::kLabelEncoder)) labels_ = label_config_from_folder(folder / "label_encoder");
    if (fs::exists(folder / "tokenizer")) model_.tokenizer_ = folder / "tokenizer";
    lost_tokenizer_ = !model_.tokenizer_ && lists(index, "tokenizer");
    // Without it nobody knows what the U-Net predicts.
    if (lists(index, "scheduler") && !fs::exists(folder / "scheduler" / "scheduler_config.json"))
      fail_without("scheduler/scheduler_config.json");
    hints_ = hints_from_folder(folder);
  }

  void read_listed_part(const ConfigFile& index, const std::string& name, const std::string& stem, Part part) {
    if (fs::exists(model_.path_ / name)) {
      read_part(model_.path_ / name, stem, part);
    } else if (lists(index, name)) {
      model_.lost_folders_[part] = name;
    }
  }

  [[noreturn]] void fail_without(const std::string& listed) const {
    throw ModelError(
        origin_, fmt::format("lacks {}, which its model_index.json lists", listed), "download the whole folder");
  }

  /// The usual vocabulary is very likely the model's where it has as many words.
  void do_without_tokenizer() {
    const TextEncoderConfig& config = model_.text_encoder_config_;
    if (config.vocab != usual_vocabulary_size(config.family)) fail_without("the folder 'tokenizer'");
    hints_.ignored.push_back(fmt::format(
        "{}: lacks the folder 'tokenizer', which its model_index.json lists: the usual vocabulary is used", origin_));
  }

  void read_part(const fs::path& folder, const std::string& stem, Part part) {
    // Text encoders are transformers', the rest is diffusers'.
    const WholeFile whole = stem == "model" ? WholeFile::kBeforeShards : WholeFile::kAfterShards;
    model_.parts_[part];  // is there from here on, if only to be found incomplete
    for (const SafetensorsFile& file : open_all(weight_files(folder, stem, whole))) {
      formats_ = formats_in(file.metadata(), file.path().string());
      for (const auto& [name, entry] : file.entries()) put(part, canonical_from_diffusers(part, name), file, name);
      model_.files_.push_back(file);
    }
  }

  /// Puts the tensor `name` of a file into a part.
  void put(Part part, const std::string& canonical, const SafetensorsFile& file, const std::string& name) {
    model_.parts_[part][canonical] = tensor_or_placeholder(file, name);
    const auto& entry = file.entries().at(name);
    const bool is_float = entry.dtype != at::ScalarType::Undefined && at::isFloatingType(entry.dtype);
    if (!is_float) other_types_[part][canonical] = unsupported_type(name, entry.type);
    const auto format = format_beside(name);
    if (!format) return;
    const auto said = formats_.find(format->substr(0, format->rfind('.')));
    if (said != formats_.end()) model_.parts_[part][*format_beside(canonical)] = said->second;
  }

  const SafetensorsFile& open_file() {
    const SafetensorsFile& file = model_.files_.emplace_back(SafetensorsFile::open(model_.path_));
    formats_ = formats_in(file.metadata(), origin_);
    return file;
  }

  /// A part of a file that holds it alone or among others, with or without `ldm_prefix`, or with diffusers'
  /// names.
  void read_alone(const SafetensorsFile& file, Part part, const std::string& ldm_prefix, bool diffusers) {
    std::vector<std::string> names = names_of(file);
    const bool prefixed = starts_any(names, ldm_prefix);
    const auto full = [&](const std::string& name) { return prefixed ? name : ldm_prefix + name; };
    std::ranges::transform(names, names.begin(), full);
    const LdmShape shape = ldm_shape(names);
    for (const auto& [name, entry] : file.entries()) {
      if (diffusers) {
        put(part, canonical_from_diffusers(part, name), file, name);
      } else if (const auto canonical = canonical_from_ldm(full(name), shape); canonical && canonical->part == part) {
        put(part, canonical->name, file, name);
      }
    }
    read_facts(file);
  }

  void read_single_file() {
    const SafetensorsFile& file = open_file();
    const auto names = names_of(file);
    refuse_other_families(model_.path_, names);
    const LdmShape shape = ldm_shape(names);
    for (const auto& name : names) {
      if (is_bookkeeping(name)) continue;  // what is left of a part that was cut out is no part
      if (const auto canonical = canonical_from_ldm(name, shape)) {
        put(canonical->part, canonical->name, file, name);
      } else {
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
    if (const auto betas = fact(file, "betas")) {
      require_betas(origin_, betas->values, "tensor \"betas\"");
      hints_.betas = betas->values;
      betas_rounding_ = betas->rounding;
    }
    const auto scale = fact(file, "scale_factor");
    if (scale && scale->values.size() == 1 && !hints_.vae_scaling_factor) {
      const double usual = kStableDiffusionScale, told = scale->values[0];
      hints_.vae_scaling_factor = agree(told, usual, scale->rounding) ? usual : told;
    }
  }

  void take_scales_of_all() {
    for (auto& [part, tensors] : model_.parts_) {
      TensorMap& scales = model_.scales_[part] = take_scales(tensors, origin_);
      // What is split before it is read is made whole at once; the models that have it are small.
      std::erase_if(scales, [&](const auto& scale) {
        const bool joined = scale.first.ends_with(".qkv.weight");
        if (joined) tensors[scale.first] = dequantised(tensors.at(scale.first), scales, scale.first);
        return joined;
      });
    }
  }

  void add_unet() {
    TensorMap& tensors = model_.parts_[Part::kUNet];
    UNetConfig& config = model_.unet_config_;
    config = infer_unet(tensors, hints_, origin_);
    for (const auto& [name, problem] : other_types_[Part::kUNet])
      if (name.find(".qkv.") != name.npos) require_float(Part::kUNet, name);
    split_pixel_attention(tensors, [&](int64_t channels) { return config.heads_in(channels); });
    account_for(Part::kUNet, inspect<UNet>(tensors, config, origin_));
    model_.prediction_ = hints_.prediction.value_or(Prediction::kNoise);
    const PublishedModel published = published_model(config.block_channels.front(), config.context_dim);
    const std::vector<double> usual = scaled_linear_betas(published.beta_start, published.beta_end, 1000);
    const bool own = !hints_.betas.empty() &&
        !std::ranges::equal(hints_.betas, usual, [&](double a, double b) { return agree(a, b, betas_rounding_); });
    model_.noise_table_ = NoiseTable::from_betas(own ? hints_.betas : usual, hints_.zero_terminal_snr);
  }

  void add_vae() {
    const TensorMap& tensors = model_.parts_[Part::kVAE];
    model_.vae_config_ = infer_vae(tensors, hints_, origin_);
    account_for(Part::kVAE, inspect<VAEEncoder, VAEDecoder>(tensors, model_.vae_config_, origin_));
  }

  void add_text_encoder() {
    const TensorMap& tensors = model_.parts_[Part::kTextEncoder];
    model_.text_encoder_config_ = infer_text_encoder(tensors, hints_, origin_);
    account_for(Part::kTextEncoder, inspect<TextEncoder>(tensors, model_.text_encoder_config_, origin_));
    require_context(Part::kTextEncoder, model_.text_encoder_config_.width);
    if (lost_tokenizer_) do_without_tokenizer();
    // A vocab.txt beside a file is BERT's; many models may share that folder.
    if (!fs::is_directory(model_.path_) && model_.text_encoder_config_.family == TextFamily::kClip)
      model_.tokenizer_.reset();
  }

  void add_label_encoder() {
    at::Tensor table = one_tensor(Part::kLabelEncoder, "embedding.weight", 2);
    const int64_t tokens = labels_.tokens;
    if (table.size(1) % tokens != 0 || (labels_.width > 0 && labels_.width * tokens != table.size(1))) {
      throw ModelError(origin_,
          fmt::format("its class embedder is {} wide, and its config.json says {} tokens of {}", table.size(1), tokens,
              labels_.width),
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
      throw ModelError(origin_,
          fmt::format("its spatial rescaler gives {} channels and its U-Net takes {} beside the latent", mapper.size(0),
              wanted),
          "the parts are of different models");
    }
    const auto halvings = std::countr_zero(static_cast<uint64_t>(model_.vae_config_.downscale()));
    model_.spatial_rescaler_ = std::make_shared<const SpatialRescaler>(halvings, mapper);
  }

  LatentSpace space_without_vae() const {
    const UNetConfig& unet = model_.unet_config_;
    const PublishedModel published = published_model(unet.block_channels[0], unet.context_dim);
    return {.channels = unet.out_channels,
        .downscale = published.downscale,
        .scale = hints_.vae_scaling_factor.value_or(published.latent_scale),
        .colours = hints_.preview_colours.value_or(kStableDiffusionColours)};
  }

  at::Tensor one_tensor(Part part, const std::string& name, int64_t rank) {
    const auto found = model_.tensors(part).find(name);
    if (found == model_.tensors(part).end() || found->second.dim() != rank) {
      throw ModelError(origin_, fmt::format("its {} has no tensor \"{}\" with {} axes", title(part), name, rank),
          "the file is incomplete, or of another model");
    }
    require_float(part, name);
    return dequantised(found->second, model_.scales_[part], name);
  }

  /// What a network uses must be numbers that it can compute with; what it does not use is noted.
  void account_for(Part part, const std::set<std::string>& used) {
    for (const std::string& name : used) require_float(part, name);
    for (const auto& [name, tensor] : model_.tensors(part))
      if (!used.contains(name) && !is_bookkeeping(name)) model_.unused_.push_back(name);
  }

  void require_float(Part part, const std::string& name) {
    const auto& others = other_types_[part];
    if (const auto found = others.find(name); found != others.end())
      throw ModelError(origin_, found->second, "convert it to F16 or F32");
  }

  void require_context(Part part, int64_t width) {
    if (width == model_.unet_config_.context_dim) return;
    throw ModelError(origin_,
        fmt::format("its {} is {} wide and its U-Net expects {}", title(part), width, model_.unet_config_.context_dim),
        "the parts are of different models");
  }

  std::string origin_;
  ConfigHints hints_;
  LabelConfig labels_;
  bool lost_tokenizer_ = false;  ///< listed, and not there
  double betas_rounding_ = 0;  ///< of hints_.betas, relative
  std::map<Part, std::map<std::string, std::string>> other_types_;  ///< tensors that are no floats: what to say of them
  TensorMap formats_;  ///< of quantised layers, by their names, as the metadata of the file at hand has them
  Checkpoint model_;
};

Checkpoint Checkpoint::open(const fs::path& path) { return CheckpointReader(path).read(); }
Checkpoint Checkpoint::open_unet(const fs::path& path) { return CheckpointReader(path).read_unet(); }
Checkpoint Checkpoint::open_vae(const fs::path& path) { return CheckpointReader(path).read_vae(); }

}  // namespace weft::sd
