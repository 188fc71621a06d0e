#include "nodes/sd/checkpoint.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>

#include "nodes/sd/ldm_names.h"
#include "nodes/sd/model_error.h"
#include "nodes/sd/model_family.h"

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
  static constexpr std::array kPrefixes{"model_ema.", "betas",         "alphas_",
                                        "sqrt_",      "log_one_minus", "posterior_",
                                        "logvar",     "lvlb_weights",  "embedding_manager."};
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
  std::ifstream in(index_file);
  const auto index = nlohmann::json::parse(in, nullptr, /*allow_exceptions=*/false);
  const auto found = index.is_object() ? index.find("_class_name") : index.end();
  if (!index.is_object() || found == index.end() || !found->is_string()) {
    throw ModelError(index_file.string(), "is not a pipeline description (no _class_name)",
                     "download it again");
  }
  return found->get<std::string>();
}

}  // namespace

/// Fills a Checkpoint from either layout.
class CheckpointReader {
 public:
  explicit CheckpointReader(const fs::path& path) { model_.path_ = path; }

  Checkpoint read() && {
    ConfigHints hints = fs::is_directory(model_.path_) ? read_folder() : read_single_file();
    const std::string origin = model_.path_.string();
    model_.unet_config_ = infer_unet(model_.unet_, hints, origin);
    model_.vae_config_ = infer_vae(model_.vae_, hints, origin);
    model_.text_encoder_config_ = infer_text_encoder(model_.text_encoder_, hints, origin);
    model_.prediction_ = hints.prediction.value_or(Prediction::kNoise);
    note_unused(inspect<UNet>(model_.unet_, model_.unet_config_, origin));
    note_unused(inspect<VAEEncoder, VAEDecoder>(model_.vae_, model_.vae_config_, origin));
    note_unused(inspect<TextEncoder>(model_.text_encoder_, model_.text_encoder_config_, origin));
    if (model_.text_encoder_config_.width != model_.unet_config_.context_dim) {
      throw ModelError(origin,
                       fmt::format("its text encoder is {} wide and its U-Net expects {}",
                                   model_.text_encoder_config_.width, model_.unet_config_.context_dim),
                       "the parts are of different models");
    }
    return std::move(model_);
  }

 private:
  ConfigHints read_folder() {
    const fs::path& folder = model_.path_;
    if (!fs::exists(folder / "model_index.json")) {
      throw ModelError(folder.string(), "is a folder without model_index.json, so not a diffusers model",
                       "give the folder that holds model_index.json");
    }
    refuse_other_pipelines(folder, pipeline_class(folder / "model_index.json"));
    model_.unet_ = read_part(folder / "unet", "diffusion_pytorch_model", Part::kUNet);
    model_.vae_ = read_part(folder / "vae", "diffusion_pytorch_model", Part::kVAE);
    model_.text_encoder_ = read_part(folder / "text_encoder", "model", Part::kTextEncoder);
    if (fs::exists(folder / "tokenizer")) model_.tokenizer_folder_ = folder / "tokenizer";
    return hints_from_folder(folder);
  }

  TensorMap read_part(const fs::path& folder, const std::string& stem, Part part) {
    std::vector<SafetensorsFile> files = open_all(weight_files(folder, stem));
    TensorMap tensors = tensors_of(files, part);
    std::move(files.begin(), files.end(), std::back_inserter(model_.files_));
    return tensors;
  }

  ConfigHints read_single_file() {
    const auto& file = model_.files_.emplace_back(SafetensorsFile::open(model_.path_));
    const auto names = names_of(file);
    refuse_other_families(model_.path_, names);
    const LdmShape shape = ldm_shape(names);
    for (const auto& name : names) {
      const auto canonical = canonical_from_ldm(name, shape);
      if (canonical) {
        part(canonical->part)[canonical->name] = file.tensor(name);
      } else if (!is_bookkeeping(name)) {
        model_.unused_.push_back(name);
      }
    }
    return hints_from_metadata(model_.path_, file.metadata());
  }

  TensorMap& part(Part part) {
    switch (part) {
      case Part::kUNet:
        return model_.unet_;
      case Part::kVAE:
        return model_.vae_;
      case Part::kTextEncoder:
        break;
    }
    return model_.text_encoder_;
  }

  void note_unused(const std::vector<std::string>& names) {
    model_.unused_.insert(model_.unused_.end(), names.begin(), names.end());
  }

  Checkpoint model_;
};

Checkpoint Checkpoint::open(const fs::path& path) { return CheckpointReader(path).read(); }

template <class Network, class Config>
Network Checkpoint::build(const Config& config, const TensorMap& tensors, at::Device device,
                          at::ScalarType dtype) const {
  Network network(config, Weights(std::make_shared<TensorMapSource>(tensors, path_.string(), dtype, device)));
  for (const auto& file : files_) file.release_memory();  // the network has its own copy of almost everything
  return network;
}

UNet Checkpoint::unet(at::Device device, at::ScalarType dtype) const {
  return build<UNet>(unet_config_, unet_, device, dtype);
}
VAEEncoder Checkpoint::vae_encoder(at::Device device, at::ScalarType dtype) const {
  return build<VAEEncoder>(vae_config_, vae_, device, dtype);
}
VAEDecoder Checkpoint::vae_decoder(at::Device device, at::ScalarType dtype) const {
  return build<VAEDecoder>(vae_config_, vae_, device, dtype);
}
TextEncoder Checkpoint::text_encoder(at::Device device, at::ScalarType dtype) const {
  return build<TextEncoder>(text_encoder_config_, text_encoder_, device, dtype);
}

VAEFile VAEFile::open(const fs::path& path) {
  VAEFile vae;
  vae.path_ = path;
  ConfigHints hints;
  if (fs::is_directory(path)) {
    vae.tensors_ = tensors_of(open_all(weight_files(path, "diffusion_pytorch_model")), Part::kVAE);
    hints = hints_from_vae_folder(path);
  } else {
    const auto file = SafetensorsFile::open(path);
    const LdmShape shape = ldm_shape(names_of(file));
    for (const auto& name : names_of(file)) {
      const std::string prefix = name.starts_with("first_stage_model.") ? "" : "first_stage_model.";
      const auto canonical = canonical_from_ldm(prefix + name, shape);
      vae.tensors_[canonical ? canonical->name : canonical_from_diffusers(Part::kVAE, name)] =
          file.tensor(name);
    }
    hints = hints_from_metadata(path, file.metadata());
  }
  vae.config_ = infer_vae(vae.tensors_, hints, path.string());
  inspect<VAEEncoder, VAEDecoder>(vae.tensors_, vae.config_, path.string());
  return vae;
}

VAEEncoder VAEFile::encoder(at::Device device, at::ScalarType dtype) const {
  return VAEEncoder(config_,
                    Weights(std::make_shared<TensorMapSource>(tensors_, path_.string(), dtype, device)));
}
VAEDecoder VAEFile::decoder(at::Device device, at::ScalarType dtype) const {
  return VAEDecoder(config_,
                    Weights(std::make_shared<TensorMapSource>(tensors_, path_.string(), dtype, device)));
}

}  // namespace weft::sd
