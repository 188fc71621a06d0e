// Reading a Checkpoint from disk: its configuration, its family, and what follows from both. The tensors come from
// part_reader.cpp; the networks are built in checkpoint.cpp.
#include "nodes/sd/families/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>
#include <set>

#include "nodes/sd/families/config_hints.h"
#include "nodes/sd/families/inspection.h"
#include "nodes/sd/families/label_names.h"
#include "nodes/sd/families/model_config.h"
#include "nodes/sd/families/other_models.h"
#include "nodes/sd/families/part_reader.h"
#include "nodes/sd/families/scheduler_config.h"
#include "nodes/sd/families/tensor_names.h"
#include "nodes/sd/families/tiny_vae_file.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/model_json.h"
#include "nodes/sd/files/quantised.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

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

/// What a file tells by numbers in a tensor, such as its betas. Rounded to few bits, as the whole of a file
/// may have been, they tell nothing.
struct Fact {
  std::vector<double> values;
  double rounding;  ///< relative
};
std::optional<Fact> fact(const WeightFile& file, const std::string& name) {
  const auto found = file.entries().find(name);
  if (found == file.entries().end()) return std::nullopt;
  const at::ScalarType type = found->second.dtype;
  if ((type != at::kDouble && type != at::kFloat && type != at::kHalf) || found->second.packed) return std::nullopt;
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
      read_facts(reader_.read_single_file(model_.path_));
    }
    recognise(Part::UNet);
    add_unet();
    if (has(Part::VAE)) add_vae();
    for (const TextSlot& slot : model_.family_->texts)
      if (has(slot.part)) add_text_encoder(slot);
    require_context_of_texts();
    if (has(Part::LabelEncoder)) add_label_encoder();
    if (has(Part::SpatialRescaler)) add_spatial_rescaler();
    if (has(Part::VisionEncoder)) add_vision_encoder();
    if (has(Part::ImageNormalizer)) add_image_normalizer();
    return finished();
  }

  Checkpoint read_unet() && {
    read_alone(Part::UNet, hints_from_unet_folder);
    add_unet();
    return finished();
  }

  Checkpoint read_control_net() && {
    read_alone(Part::ControlNet, hints_from_unet_folder);
    // A single file says it by its name alone, which ComfyUI reads, too.
    const std::string name = model_.path_.stem().string();
    if (name.ends_with("_shuffle") || name.ends_with("_shuffle_fp16")) hints_.control_global_pool = true;
    ControlNetConfig& config = model_.control_net_config_;
    config = infer_control_net(tensors(Part::ControlNet), hints_, usual_, origin_);
    const auto used = inspect<ControlNet>(tensors(Part::ControlNet), config, origin_);
    reader_.account_for(Part::ControlNet, used, origin_);
    return finished();
  }

  Checkpoint read_vision_encoder() && {
    read_alone(Part::VisionEncoder, hints_from_vision_folder);
    add_vision_encoder();
    return finished();
  }

  Checkpoint read_vae() && {
    read_alone(Part::VAE, hints_from_vae_folder);
    if (is_tiny_vae()) usual_.latents = tiny_vae_space(model_.path_);
    add_vae();
    return finished();
  }

 private:
  bool has(Part part) const { return reader_.parts.contains(part); }
  TensorMap& tensors(Part part) { return reader_.parts[part]; }
  bool is_tiny_vae() { return has_half("encoder.layers.") || has_half("decoder.layers."); }
  bool has_half(const std::string& beginning) {
    const auto found = tensors(Part::VAE).lower_bound(beginning);
    return found != tensors(Part::VAE).end() && found->first.starts_with(beginning);
  }

  Checkpoint finished() {
    if (has(Part::VAE)) {
      model_.sampling_.space = model_.vae_config_.space();
    } else if (has(Part::UNet)) {
      model_.sampling_.space = space_without_vae();
    }
    model_.ignored_ = hints_.ignored;
    model_.files_ = std::move(reader_.files);
    model_.parts_ = std::move(reader_.parts);
    model_.scales_ = std::move(reader_.scales);
    model_.packed_ = std::move(reader_.packed);
    model_.unused_ = std::move(reader_.unused);
    return std::move(model_);
  }

  void read_folder() {
    const fs::path& folder = model_.path_;
    if (!fs::exists(folder / "model_index.json")) {
      throw ModelError(folder.string(), "is a folder without model_index.json, so not a diffusers model",
          "give the folder that holds model_index.json");
    }
    const ConfigFile index(folder / "model_index.json");
    refuse_other_pipelines(origin_, pipeline_class(index));
    for (const PartInfo& part : parts()) read_part_of_folder(index, part);
    if (has(Part::LabelEncoder)) labels_ = label_config_from_folder(folder / info(Part::LabelEncoder).folder);
    // Without it nobody knows what the U-Net predicts.
    if (lists(index, "scheduler") && !fs::exists(folder / "scheduler" / "scheduler_config.json"))
      fail_without("scheduler/scheduler_config.json");
    hints_ = hints_from_folder(folder);
  }

  /// The U-Net has to be there, the rest if it is listed.
  void read_part_of_folder(const ConfigFile& index, const PartInfo& part) {
    const std::string folder(part.folder), tokenizer(part.tokenizer);
    if (folder.empty()) return;
    if (part.part == Part::UNet || fs::exists(model_.path_ / folder)) {
      reader_.read_folder(model_.path_ / folder, part.part);
    } else if (lists(index, folder)) {
      model_.lost_folders_[part.part] = folder;
    }
    if (tokenizer.empty()) return;
    if (fs::exists(model_.path_ / tokenizer)) {
      model_.texts_[part.part].tokenizer = model_.path_ / tokenizer;
    } else if (lists(index, tokenizer)) {
      lost_tokenizers_.insert(part.part);
    }
  }

  [[noreturn]] void fail_without(const std::string& listed) const {
    throw ModelError(
        origin_, fmt::format("lacks {}, which its model_index.json lists", listed), "download the whole folder");
  }

  void read_alone(Part part, ConfigHints (*hints_from)(const fs::path& folder)) {
    if (fs::is_directory(model_.path_)) {
      reader_.read_folder(model_.path_, part);
      hints_ = hints_from(model_.path_);
    } else {
      read_facts(reader_.read_alone(model_.path_, part));
    }
    // Its author's files hold half a tiny VAE each.
    if (part == Part::VAE && has_half("encoder.layers.") != has_half("decoder.layers."))
      if (const auto other = other_half_of_tiny_vae(model_.path_)) reader_.read_alone(*other, part);
    recognise(part);
  }

  // What a file tells besides the networks.
  void read_facts(const WeightFile& file) {
    hints_ = hints_from_metadata(model_.path_, file.metadata());
    if (const auto betas = fact(file, "betas")) {
      require_betas(origin_, betas->values, "tensor \"betas\"");
      hints_.betas = betas->values;
      betas_rounding_ = betas->rounding;
    }
    const auto scale = fact(file, "scale_factor");
    if (scale && scale->values.size() == 1 && !hints_.vae_scaling_factor) {
      hints_.vae_scaling_factor = scale->values[0];
      scale_rounding_ = scale->rounding;
    }
  }

  /// Whose the model is, and what that family's have where neither files nor shapes tell. `part` has to be there.
  void recognise(Part part) {
    tensors(part);
    reader_.take_scales(origin_);
    PartTensors halves;  // a ControlNet is a U-Net's half
    if (part == Part::ControlNet) halves[Part::UNet] = tensors(part);
    const ModelShapes shapes(part == Part::ControlNet ? halves : reader_.parts);
    model_.family_ = &family_of(shapes);
    usual_ = model_.family_->usual(shapes);
    auto& scale = hints_.vae_scaling_factor;
    if (scale && agree(*scale, usual_.latents.scale, scale_rounding_)) scale = usual_.latents.scale;
  }

  void add_unet() {
    UNetConfig& config = model_.unet_config_;
    config = infer_unet(tensors(Part::UNet), hints_, usual_, origin_);
    reader_.require_floats_in_joined(Part::UNet, origin_);
    split_pixel_attention(tensors(Part::UNet), [&](std::int64_t channels) { return config.heads_in(channels); });
    reader_.account_for(Part::UNet, inspect<UNet>(tensors(Part::UNet), config, origin_), origin_);
    ModelSampling& sampling = model_.sampling_;
    sampling.prediction = hints_.prediction.value_or(usual_.prediction);
    if (const auto continuous = hints_.continuous ? hints_.continuous : usual_.continuous) {
      require_interval(*continuous);
      sampling.table = NoiseTable::continuous_edm(continuous->sigma_min, continuous->sigma_max);
      sampling.data_deviation = continuous->data_deviation;
      return;
    }
    const std::vector<double> usual = scaled_linear_betas(usual_.beta_start, usual_.beta_end, 1000);
    const bool own = !hints_.betas.empty() &&
        !std::ranges::equal(hints_.betas, usual, [&](double a, double b) { return agree(a, b, betas_rounding_); });
    sampling.table =
        NoiseTable::from_betas(own ? hints_.betas : usual, hints_.zero_terminal_snr || usual_.zero_terminal_snr);
  }

  void require_interval(const ContinuousNoise& noise) const {
    if (noise.sigma_min > 0 && noise.sigma_max > noise.sigma_min && std::isfinite(noise.sigma_max)) return;
    throw ModelError(origin_, fmt::format("its noise levels go from {} to {}", noise.sigma_min, noise.sigma_max),
        "they must be above 0 and rise: download it again");
  }

  void add_vae() {
    VAEConfig& config = model_.vae_config_;
    config = infer_vae(tensors(Part::VAE), hints_, usual_, origin_);
    const TensorMap& vae = tensors(Part::VAE);
    std::set<std::string> used;
    if (!config.tiny || has_half("encoder.layers.")) used.merge(inspect<VAEEncoder>(vae, config, origin_));
    if (!config.tiny || has_half("decoder.layers.")) used.merge(inspect<VAEDecoder>(vae, config, origin_));
    reader_.account_for(Part::VAE, used, origin_);
  }

  void add_text_encoder(const TextSlot& slot) {
    TensorMap& encoder = tensors(slot.part);
    reader_.require_floats_in_joined(slot.part, origin_);
    split_encoder_attention(encoder);
    const auto kind =
        std::ranges::find_if(slot.kinds, [&](const TextKind* known) { return known->recognises(encoder); });
    Checkpoint::Text& text = model_.texts_[slot.part];
    text.kind = kind == slot.kinds.end() ? slot.kinds.back() : *kind;
    text.config = infer_text_encoder(encoder, hints_.texts[slot.part], *text.kind, slot, origin_);
    if (fs::is_directory(model_.path_)) text.config.cut = slot.cut_in_folder;
    reader_.account_for(slot.part, inspect<TextEncoder>(encoder, text.config, origin_), origin_);
    if (lost_tokenizers_.contains(slot.part)) do_without_tokenizer(slot.part, text);
    const fs::path words = model_.path_.parent_path() / "vocab.txt";
    if (text.kind->takes_words_beside_file && !fs::is_directory(model_.path_) && fs::exists(words))
      text.tokenizer = words;
  }

  void add_vision_encoder() {
    TensorMap& encoder = tensors(Part::VisionEncoder);
    reader_.require_floats_in_joined(Part::VisionEncoder, origin_);
    split_encoder_attention(encoder);
    VisionEncoderConfig& config = model_.vision_encoder_config_;
    config = infer_vision_encoder(encoder, hints_.vision, origin_);
    reader_.account_for(Part::VisionEncoder, inspect<VisionEncoder>(encoder, config, origin_), origin_);
  }

  void add_image_normalizer() {
    const at::Tensor mean = one_tensor(Part::ImageNormalizer, "mean", 2),
                     deviation = one_tensor(Part::ImageNormalizer, "std", 2);
    const std::int64_t width = model_.unet_config_.vector_width / 2;
    if (mean.numel() != width || deviation.numel() != width)
      throw ModelError(origin_,
          fmt::format("its image normalizer is {} and {} wide, and its U-Net is told embeddings that are {} wide",
              mean.numel(), deviation.numel(), width),
          "the parts are of different models");
    model_.image_norm_ = {mean.to(at::kFloat).flatten(), deviation.to(at::kFloat).flatten()};
  }

  /// The encoders' outputs stand side by side in the context. Nothing is known of it where one is missing.
  void require_context_of_texts() {
    std::int64_t width = 0;
    const auto slots = model_.family_->texts;
    if (!std::ranges::all_of(slots, [&](const TextSlot& slot) { return has(slot.part); })) return;
    for (const TextSlot& slot : slots) width += model_.texts_[slot.part].config.width;
    if (!slots.empty()) require_context(slots.size() == 1 ? std::string(title(slots[0].part)) : "text encoders", width);
  }

  /// The usual vocabulary is very likely the model's where it has as many words.
  void do_without_tokenizer(Part part, const Checkpoint::Text& text) {
    const std::string folder = fmt::format("the folder '{}'", info(part).tokenizer);
    if (text.config.vocab != text.kind->vocabulary) fail_without(folder);
    hints_.ignored.push_back(
        fmt::format("{}: lacks {}, which its model_index.json lists: the usual vocabulary is used", origin_, folder));
  }

  void add_label_encoder() {
    at::Tensor table = one_tensor(Part::LabelEncoder, "embedding.weight", 2);
    const std::int64_t tokens = labels_.tokens;
    if (table.size(1) % tokens != 0 || (labels_.width > 0 && labels_.width * tokens != table.size(1))) {
      throw ModelError(origin_,
          fmt::format("its class embedder is {} wide, and its config.json says {} tokens of {}", table.size(1), tokens,
              labels_.width),
          "its configuration is wrong");
    }
    table = table.unflatten(1, {tokens, table.size(1) / tokens});
    require_context(std::string(title(Part::LabelEncoder)), table.size(2));
    if (labels_.names.empty()) labels_.names = usual_label_names(table.size(0));
    if (!labels_.unconditional && !labels_.names.empty() && labels_.names.back() == "unconditional")
      labels_.unconditional = static_cast<std::int64_t>(labels_.names.size()) - 1;
    model_.label_encoder_ = std::make_shared<const LabelTable>(table, labels_.names, labels_.unconditional);
  }

  void add_spatial_rescaler() {
    const at::Tensor mapper = one_tensor(Part::SpatialRescaler, "channel_mapper.weight", 4);
    const std::int64_t wanted = model_.unet_config_.in_channels - model_.unet_config_.out_channels;
    if (mapper.size(0) != wanted) {
      throw ModelError(origin_,
          fmt::format("its spatial rescaler gives {} channels and its U-Net takes {} beside the latent", mapper.size(0),
              wanted),
          "the parts are of different models");
    }
    const auto halvings = std::countr_zero(static_cast<std::uint64_t>(model_.vae_config_.downscale()));
    model_.spatial_rescaler_ = std::make_shared<const MapRescaler>(halvings, mapper);
  }

  LatentSpace space_without_vae() const {
    LatentSpace space = usual_.latents;
    space.channels = model_.unet_config_.out_channels;
    space.scale = hints_.vae_scaling_factor.value_or(space.scale);
    space.statistics = hints_.latent_statistics.value_or(space.statistics);
    space.colours = hints_.preview_colours.value_or(space.colours);
    return space;
  }

  at::Tensor one_tensor(Part part, const std::string& name, std::int64_t rank) {
    const auto found = tensors(part).find(name);
    if (found == tensors(part).end() || found->second.dim() != rank) {
      throw ModelError(origin_, fmt::format("its {} has no tensor \"{}\" with {} axes", title(part), name, rank),
          "the file is incomplete, or of another model");
    }
    reader_.require_float(part, name, origin_);
    return dequantised(found->second, reader_.scales[part], name);
  }

  void require_context(const std::string& part, std::int64_t width) {
    if (width == model_.unet_config_.context_dim) return;
    throw ModelError(origin_,
        fmt::format("its {} {} {} wide and its U-Net expects {}", part, part.ends_with('s') ? "are together" : "is",
            width, model_.unet_config_.context_dim),
        "the parts are of different models");
  }

  std::string origin_;
  PartReader reader_;
  ConfigHints hints_;
  Usual usual_;
  LabelConfig labels_;
  std::set<Part> lost_tokenizers_;  ///< listed, and not there
  double betas_rounding_ = 0, scale_rounding_ = 0;  ///< of hints_.betas and .vae_scaling_factor, relative
  Checkpoint model_;
};

Checkpoint Checkpoint::open(const fs::path& path) { return CheckpointReader(path).read(); }
Checkpoint Checkpoint::open_unet(const fs::path& path) { return CheckpointReader(path).read_unet(); }
Checkpoint Checkpoint::open_control_net(const fs::path& path) { return CheckpointReader(path).read_control_net(); }
Checkpoint Checkpoint::open_vision_encoder(const fs::path& path) {
  return CheckpointReader(path).read_vision_encoder();
}
Checkpoint Checkpoint::open_vae(const fs::path& path) { return CheckpointReader(path).read_vae(); }

}  // namespace weft::sd
