#include "nodes/sd/families/model_writer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "nodes/sd/files/model_error.h"
#include "nodes/sd/networks/weight_loader.h"

namespace weft::sd {
namespace {

/// Gives a part's tensors in any type, by canonical names. Shared by all tensors that are still to be written.
class PartSource {
 public:
  explicit PartSource(WrittenPart part) : part_(std::move(part)) {}

  const TensorMap& tensors() const { return part_.model->tensors(part_.part); }

  /// With the patches, which compute in float32; without any as it is stored.
  at::Tensor get(const std::string& name, at::ScalarType type) {
    const at::NoGradGuard no_grad;
    const at::ScalarType read_as = weight_patches(part_.patches).empty() && is_float(type) ? type : at::kFloat;
    const std::shared_ptr<WeightSource> source = source_in(read_as);
    return source->get(name, tensors().at(name).sizes(), Init::Zeros).to(type);
  }

  at::ScalarType kept_type(const std::string& name) const { return part_.model->kept_type(part_.part, name); }

 private:
  static bool is_float(at::ScalarType type) { return at::isFloatingType(type) && c10::elementSize(type) > 1; }

  std::shared_ptr<WeightSource> source_in(at::ScalarType type) {
    std::shared_ptr<WeightSource>& source = sources_[type];
    if (!source) source = part_.model->weights(part_.part, at::kCPU, type, {part_.patches, {}});
    return source;
  }

  WrittenPart part_;
  std::map<at::ScalarType, std::shared_ptr<WeightSource>> sources_;
};

at::Tensor in_form(const std::vector<at::Tensor>& parts, WrittenName::Form form) {
  switch (form) {
    case WrittenName::Form::Joined:
      return at::cat(parts);
    case WrittenName::Form::Transposed:
      return parts[0].t();
    case WrittenName::Form::Convolution:
    case WrittenName::Form::Linear:
    case WrittenName::Form::Same:
      break;
  }
  return parts[0];
}

std::vector<std::int64_t> shape_in_form(const TensorMap& tensors, const WrittenName& written) {
  std::vector<std::int64_t> shape = tensors.at(written.parts[0]).sizes().vec();
  if (written.form == WrittenName::Form::Joined) shape[0] *= static_cast<std::int64_t>(written.parts.size());
  if (written.form == WrittenName::Form::Transposed) std::ranges::reverse(shape);
  if (written.form == WrittenName::Form::Convolution) shape.resize(4, 1);
  if (written.form == WrittenName::Form::Linear) shape.resize(2);
  return shape;
}

bool is_fp8(at::ScalarType type) { return c10::elementSize(type) == 1 && at::isFloatingType(type); }

/// Scales are for what is multiplied with: matrices and kernels of the networks, and no norms, biases and tables of words.
bool wants_scale(const WrittenName& written, const std::vector<std::int64_t>& shape) {
  return shape.size() > 1 && written.name.ends_with(".weight") && written.name.find("embedding") == std::string::npos;
}

constexpr float kFp8Largest = 448;  // of float8_e4m3fn

at::Tensor to_fp8(const at::Tensor& tensor, at::ScalarType type) {
  const float largest = type == at::kFloat8_e5m2 ? 57344 : kFp8Largest;
  return tensor.to(at::kFloat).clamp(-largest, largest).to(type);
}

at::Tensor scale_of(const at::Tensor& tensor) {
  const at::Tensor largest = tensor.to(at::kFloat).abs().max();
  return at::where(largest > 0, largest / kFp8Largest, at::ones({}));
}

std::vector<WrittenName> names_of(const WrittenPart& part, WrittenLayout layout) {
  const bool as_it_is = layout == WrittenLayout::Folder ||
      (layout == WrittenLayout::Alone && part.part != Part::UNet && part.part != Part::VAE);
  if (as_it_is) {
    std::vector<WrittenName> names;
    for (const auto& [name, tensor] : part.model->tensors(part.part)) {
      if (name.ends_with("position_ids")) continue;
      const bool convolution = part.part == Part::VAE && is_attention_of_vae(name) && tensor.dim() == 4;
      names.push_back(
          {.name = name, .parts = {name}, .form = convolution ? WrittenName::Form::Linear : WrittenName::Form::Same});
    }
    return names;
  }
  std::vector<WrittenName> names = names_in_single_file(*part.model, part.part);
  if (layout == WrittenLayout::Alone) {
    const std::size_t prefix = prefix_in_single_file(*part.model, part.part).size();
    for (WrittenName& name : names) name.name.erase(0, prefix);
  }
  return names;
}

}  // namespace

std::vector<TensorToWrite> tensors_to_write(const WrittenPart& part, WrittenLayout layout, const WrittenType& type) {
  const auto source = std::make_shared<PartSource>(part);
  std::vector<TensorToWrite> tensors;
  for (const WrittenName& written : names_of(part, layout)) {
    const std::vector<std::int64_t> shape = shape_in_form(source->tensors(), written);
    const at::ScalarType kept = type.type.value_or(source->kept_type(written.parts[0]));
    const auto whole = [source, written, shape](at::ScalarType in) {
      std::vector<at::Tensor> parts;
      for (const std::string& name : written.parts) parts.push_back(source->get(name, in));
      return in_form(parts, written.form).reshape(shape);
    };
    if (!is_fp8(kept)) {
      tensors.push_back({written.name, kept, shape, [=] { return whole(kept); }});
    } else if (!type.scaled) {
      tensors.push_back({written.name, kept, shape, [=] { return to_fp8(whole(at::kFloat), kept); }});
    } else if (!wants_scale(written, shape)) {
      tensors.push_back({written.name, at::kHalf, shape, [=] { return whole(at::kHalf); }});
    } else {
      const std::string layer = written.name.substr(0, written.name.size() - std::string_view(".weight").size());
      tensors.push_back({layer + ".scale_weight", at::kFloat, {}, [=] { return scale_of(whole(at::kFloat)); }});
      tensors.push_back({written.name, kept, shape, [=] {
                           const at::Tensor values = whole(at::kFloat);
                           return to_fp8(values / scale_of(values), kept);
                         }});
    }
  }
  return tensors;
}

namespace {

constexpr float kInfinite = 1000;  // sigmas beyond it mean a zero terminal SNR, which is written as 4519

bool has_usual_table(const Checkpoint& model) {
  const NoiseTable usual = NoiseTable::stable_diffusion();
  return std::ranges::equal(model.noise_table().sigmas(), usual.sigmas(),
      [](float a, float b) { return std::abs(a - b) <= 1e-4F * std::abs(b); });
}

std::vector<double> betas_of(const NoiseTable& table) {
  std::vector<double> betas;
  double before = 1;
  for (const double sigma : table.sigmas()) {
    const double kept = 1 / (1 + sigma * sigma);
    betas.push_back(1 - kept / before);
    before = kept;
  }
  return betas;
}

}  // namespace

std::vector<TensorToWrite> marks_of(const Checkpoint& model) {
  std::vector<TensorToWrite> marks;
  const auto add = [&](const char* name) {
    marks.push_back({name, at::kFloat, {0}, [] { return at::empty({0}, at::kFloat); }});
  };
  const bool velocity = model.prediction() == Prediction::Velocity;
  const bool zero_snr = model.noise_table().sigma_max() > kInfinite;
  if (velocity) add("v_pred");
  if (velocity && zero_snr) add("ztsnr");
  const bool marks_tell_all = velocity && zero_snr && !model.family().vector.empty();
  if (!marks_tell_all && !has_usual_table(model)) {
    const std::vector<double> betas = betas_of(model.noise_table());
    const at::Tensor tensor = at::tensor(betas, at::kDouble);
    marks.push_back({"betas", at::kDouble, tensor.sizes().vec(), [tensor] { return tensor; }});
  }
  return marks;
}

namespace {

/// modelspec.architecture. ComfyUI names those of Stable Diffusion XL only.
std::string architecture_of(const Checkpoint& model) {
  const bool velocity = model.prediction() == Prediction::Velocity;
  const std::int64_t channels = model.unet_config().in_channels;
  const std::string given = channels == 9 ? "-inpainting" : channels == 8 ? "-edit" : "";
  if (!model.family().vector.empty())
    return model.family().texts.size() == 1 ? "stable-diffusion-xl-v1-refiner"
        : given.empty()                     ? "stable-diffusion-xl-v1-base"
                                            : "stable-diffusion-xl-v1" + given;
  if (model.unet_config().context_dim == 1024)
    return given.empty() ? velocity ? "stable-diffusion-v2-768-v" : "stable-diffusion-v2-512"
                         : "stable-diffusion-v2" + given;
  return "stable-diffusion-v1" + given;
}

}  // namespace

std::map<std::string, std::string> metadata_of(const Checkpoint& model, const std::vector<Part>& parts) {
  std::map<std::string, std::string> said;
  const auto in_file = [&](Part part) { return std::ranges::find(parts, part) != parts.end() && model.has(part); };
  if (in_file(Part::UNet)) {
    const UNetConfig& unet = model.unet_config();
    const bool velocity = model.prediction() == Prediction::Velocity;
    said = {{"modelspec.sai_model_spec", "1.0.0"}, {"modelspec.implementation", "sgm"},
        {"modelspec.architecture", architecture_of(model)}, {"modelspec.predict_key", velocity ? "v" : "epsilon"},
        {"weft.prediction", velocity ? "v_prediction" : "epsilon"},
        {"weft.unet.norm_groups", std::to_string(unet.norm_groups)}};
    if (unet.head_width > 0)
      said["weft.unet.head_width"] = std::to_string(unet.head_width);
    else
      said["weft.unet.heads"] = std::to_string(unet.heads);
    said["weft.vae.scaling_factor"] = fmt::format("{}", model.latent_space().scale);
  }
  if (in_file(Part::VAE)) {
    said["weft.vae.norm_groups"] = std::to_string(model.vae_config().norm_groups);
    said["weft.vae.scaling_factor"] = fmt::format("{}", model.vae_config().scaling_factor);
  }
  for (const auto& [part, key] :
      {std::pair(Part::TextEncoder, "weft.text."), std::pair(Part::TextEncoder2, "weft.text2.")}) {
    if (!in_file(part)) continue;
    const TextEncoderConfig& text = model.text_encoder_config(part);
    said[std::string(key) + "heads"] = std::to_string(text.heads);
    said[std::string(key) + "eos_id"] = std::to_string(text.eos_id);
    said[std::string(key) + "activation"] = text.activation == EncoderActivation::Gelu ? "gelu" : "quick_gelu";
  }
  return said;
}

}  // namespace weft::sd
