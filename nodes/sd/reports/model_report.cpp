#include "nodes/sd/reports/model_report.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "nodes/sd/families/checkpoint.h"
#include "nodes/sd/families/upscaler_file.h"
#include "nodes/sd/files/file_hash.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/reports/adapter_report.h"
#include "nodes/sd/reports/model_kind.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

std::uint64_t bytes_of(const fs::path& path) {
  std::error_code error;
  if (!fs::is_directory(path)) return fs::file_size(path, error);
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(path, error))
    if (entry.is_regular_file(error)) bytes += entry.file_size(error);
  return bytes;
}

/// How many values are stored in which type, and the type that most of them have.
void add_types(json& report, const std::map<std::string, std::int64_t>& values) {
  if (values.empty()) return;
  const auto most = std::ranges::max_element(values, {}, [](const auto& type) { return type.second; });
  std::int64_t sum = 0;
  for (const auto& [type, count] : values) sum += count;
  report["dtype"] = most->first;
  report["types"] = values;
  report["parameters"] = sum;
}

void add_file_types(json& report, const WeightFile& file) {
  std::map<std::string, std::int64_t> values;
  for (const auto& [name, entry] : file.entries()) {
    std::int64_t count = 1;
    for (const std::int64_t length : entry.shape) count *= std::max<std::int64_t>(length, 0);
    values[entry.type] += count;
  }
  add_types(report, values);
  report["tensors"] = file.entries().size();
}

std::string made_for(const UNetConfig& unet) {
  if (unet.in_channels == unet.out_channels) return "pictures from noise";
  if (unet.in_channels == 2 * unet.out_channels) return "changing pictures by instruction";
  return unet.in_channels == 2 * unet.out_channels + 1
      ? "inpainting"
      : fmt::format("{} channels beside the latent", unet.in_channels - unet.out_channels);
}

json part_report(const Checkpoint& model, Part part) {
  std::map<std::string, std::int64_t> values;
  for (const auto& [name, tensor] : model.tensors(part)) values[model.stored_type(part, name)] += tensor.numel();
  json report = json::object();
  add_types(report, values);
  report["tensors"] = model.tensors(part).size();
  if (part == Part::UNet) {
    const UNetConfig& unet = model.unet_config();
    report["levels"] = unet.block_channels;
    report["in_channels"] = unet.in_channels;
    report["context"] = unet.context_dim;
  } else if (part == Part::VAE) {
    report["levels"] = model.vae_config().block_channels;
    report["latent_channels"] = model.vae_config().latent_channels;
    report["scaling_factor"] = model.vae_config().scaling_factor;
  } else if (part == Part::TextEncoder || part == Part::TextEncoder2) {
    const TextEncoderConfig& text = model.text_encoder_config(part);
    report["layers"] = text.layers;
    report["width"] = text.width;
  } else if (part == Part::ControlNet) {
    report["context"] = model.control_net_config().unet.context_dim;
  }
  return report;
}

void add_checkpoint(json& report, const Checkpoint& model) {
  report["family"] = std::string(model.family().name);
  if (model.has(Part::UNet)) {
    report["prediction"] = model.prediction() == Prediction::Velocity ? "v" : "epsilon";
    report["zero_terminal_snr"] = model.noise_table().sigma_max() > 1000;
    report["made_for"] = made_for(model.unet_config());
  }
  json parts = json::object();
  std::map<std::string, std::int64_t> values;
  std::size_t tensors = 0;
  for (const PartInfo& part : sd::parts()) {
    if (!model.has(part.part) || part.part == Part::Marks) continue;
    json about = part_report(model, part.part);
    if (about.contains("types"))
      for (const auto& [type, count] : about["types"].items()) values[type] += count.get<std::int64_t>();
    parts[std::string(part.title)] = std::move(about);
    tensors += model.tensors(part.part).size();
  }
  report["parts"] = std::move(parts);
  add_types(report, values);
  report["tensors"] = tensors;
  report["unused_tensors"] = model.unused().size();
  if (!model.unused().empty()) report["unused_example"] = model.unused().front();
  if (!model.ignored().empty()) report["ignored"] = model.ignored();
}

void add_embedding(json& report, const WeightFile& file) {
  json words = json::array();
  for (const auto& [name, entry] : file.entries()) {
    if (entry.shape.empty() || entry.shape.size() > 2) continue;
    const std::int64_t vectors = entry.shape.size() == 1 ? 1 : entry.shape[0];
    words.push_back({{"name", name}, {"vectors", vectors}, {"width", entry.shape.back()}});
  }
  std::int64_t vectors = 0;
  bool l = false, g = false, h = false;
  for (const json& word : words) {
    vectors = std::max(vectors, word["vectors"].get<std::int64_t>());
    l = l || word["width"] == 768;
    h = h || word["width"] == 1024;
    g = g || word["width"] == 1280;
  }
  report["vectors"] = vectors;
  report["embeddings"] = std::move(words);
  if (l || g || h) report["family"] = g ? "Stable Diffusion XL" : h ? "Stable Diffusion 2.x" : "Stable Diffusion 1.x";
}

void add_upscaler(json& report, const fs::path& path) {
  const UpscalerConfig config = UpscalerFile::open(path).config();
  report["network"] = config.kind == UpscalerConfig::Kind::Compact ? "Real-ESRGAN compact" : "ESRGAN";
  report["scale"] = config.scale();
  report["blocks"] = config.blocks;
  report["features"] = config.features;
}

void add_file(json& report, const fs::path& path) {
  const WeightFile file = WeightFile::open(path);
  const ModelKind kind = kind_of(file);
  report["format"] = file.is_gguf() ? "gguf" : "safetensors";
  report["kind"] = kind_name(kind);
  add_file_types(report, file);
  report["metadata"] = file.metadata();
  report.update(training_report(file.metadata()));
  switch (kind) {
    case ModelKind::Checkpoint:
      return add_checkpoint(report, Checkpoint::open(path));
    case ModelKind::UNet:
      return add_checkpoint(report, Checkpoint::open_unet(path));
    case ModelKind::VAE:
      return add_checkpoint(report, Checkpoint::open_vae(path));
    case ModelKind::ControlNet:
      return add_checkpoint(report, Checkpoint::open_control_net(path));
    case ModelKind::Adapter:
      report.update(adapter_report(file));
      return;
    case ModelKind::Embedding:
      return add_embedding(report, file);
    case ModelKind::Upscaler:
      return add_upscaler(report, path);
    case ModelKind::TextEncoder:
    case ModelKind::Unknown:
      return;
  }
}

/// A folder with model_index.json, or with one network.
void add_folder(json& report, const fs::path& path) {
  report["format"] = "diffusers folder";
  if (fs::exists(path / "model_index.json")) {
    report["kind"] = "checkpoint";
    return add_checkpoint(report, Checkpoint::open(path));
  }
  struct Attempt {
    ModelKind kind;
    Checkpoint (*open)(const fs::path& path);
  };
  for (const Attempt& attempt : {Attempt{ModelKind::ControlNet, Checkpoint::open_control_net},
           Attempt{ModelKind::VAE, Checkpoint::open_vae}, Attempt{ModelKind::UNet, Checkpoint::open_unet}}) {
    report["kind"] = kind_name(attempt.kind);
    const bool last = attempt.kind == ModelKind::UNet;
    try {
      return add_checkpoint(report, attempt.open(path));
    } catch (const ModelError&) {
      if (last) throw;
    }
  }
}

}  // namespace

json model_report(const fs::path& path, bool hash) {
  json report = {{"path", path.string()}, {"kind", "unknown"}};
  try {
    report["bytes"] = bytes_of(path);
    if (fs::is_directory(path)) {
      add_folder(report, path);
    } else {
      add_file(report, path);
    }
    if (const auto known = hash ? std::optional(model_hash(path)) : remembered_hash(path)) report["sha256"] = *known;
  } catch (const std::exception& error) {
    report["problem"] = error.what();
  }
  return report;
}

}  // namespace weft::sd
