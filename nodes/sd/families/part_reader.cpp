#include "nodes/sd/families/part_reader.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

#include "nodes/sd/families/other_models.h"
#include "nodes/sd/families/tensor_names.h"
#include "nodes/sd/families/tiny_vae_file.h"
#include "nodes/sd/files/model_error.h"
#include "nodes/sd/files/quantised.h"
#include "nodes/sd/files/weight_files.h"

namespace weft::sd {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_of(const WeightFile& file) {
  std::vector<std::string> names;
  for (const auto& [name, entry] : file.entries()) names.push_back(name);
  return names;
}

bool starts_any(const std::vector<std::string>& names, std::string_view prefix) {
  return std::ranges::any_of(names, [&](const auto& name) { return name.starts_with(prefix); });
}

/// The tensor, or one without memory where it is packed, and where torch has no such type, so that only who needs it is
/// refused.
at::Tensor tensor_or_placeholder(const WeightFile& file, const std::string& name) {
  const auto& entry = file.entries().at(name);
  if (entry.dtype != at::ScalarType::Undefined && !entry.packed) return file.tensor(name);
  return at::empty(entry.shape, at::TensorOptions(at::kMeta));
}

bool network_asks_for(Part part) { return part != Part::LabelEncoder && part != Part::SpatialRescaler; }

}  // namespace

/// Buffers that files carry along and no network needs.
bool PartReader::is_bookkeeping(const std::string& name) {
  static constexpr std::array kPrefixes{"model_ema.", "betas", "alphas_", "sqrt_", "log_one_minus", "posterior_",
      "logvar", "lvlb_weights", "scale_factor", "cond_ids", "embedding_manager.", "first_stage_model.loss.",
      "cond_stage_model.transformer.to_logits."};
  return name.ends_with("position_ids") || marks_scaled_network(name) ||
      std::ranges::any_of(kPrefixes, [&](const char* prefix) { return name.starts_with(prefix); });
}

const WeightFile& PartReader::open(const fs::path& path) {
  const WeightFile& file = files.emplace_back(WeightFile::open(path));
  formats_ = formats_in(file.metadata(), path.string());
  return file;
}

const WeightFile& PartReader::read_single_file(const fs::path& path) {
  const WeightFile& file = open(path);
  const auto names = names_of(file);
  refuse_other_files(path.string(), names);
  const LdmShape shape = ldm_shape(names);
  for (const auto& name : names) {
    if (is_bookkeeping(name)) continue;  // what is left of a part that was cut out is no part
    if (const auto canonical = canonical_from_ldm(name, shape)) {
      put(canonical->part, canonical->name, file, name);
    } else {
      unused.push_back(name);
    }
  }
  return file;
}

const WeightFile& PartReader::read_alone(const fs::path& path, Part part) {
  const WeightFile& file = open(path);
  std::vector<std::string> names = names_of(file);
  if (const auto tiny = part == Part::VAE ? TinyVAENames::of(names) : std::nullopt) {
    for (const std::string& name : names) put(part, tiny->canonical(name), file, name);
    return file;
  }
  if (part == Part::UNet) refuse_other_unets(path.string(), names);
  if (part == Part::ControlNet) refuse_other_control_nets(path.string(), names);
  const bool diffusers = starts_any(names, info(part).diffusers_sign);
  const std::string prefix(starts_any(names, info(part).prefix) ? "" : info(part).prefix);
  for (std::string& name : names) name.insert(0, prefix);
  const LdmShape shape = ldm_shape(names);
  for (const auto& [name, entry] : file.entries()) {
    if (diffusers) {
      put(part, canonical_from_diffusers(part, name), file, name);
    } else if (const auto canonical = canonical_from_ldm(prefix + name, shape); canonical && canonical->part == part) {
      put(part, canonical->name, file, name);
    }
  }
  return file;
}

void PartReader::read_folder(const fs::path& folder, Part part) {
  const std::string stem(info(part).weights);
  // Text encoders are transformers', the rest is diffusers'.
  const WholeFile whole = stem == "model" ? WholeFile::BeforeShards : WholeFile::AfterShards;
  parts[part];  // is there from here on, if only to be found incomplete
  for (const fs::path& path : weight_files(folder, stem, whole)) {
    const WeightFile& file = open(path);
    for (const auto& [name, entry] : file.entries()) put(part, canonical_from_diffusers(part, name), file, name);
  }
}

void PartReader::put(Part part, const std::string& canonical, const WeightFile& file, const std::string& name) {
  parts[part][canonical] = tensor_or_placeholder(file, name);
  const auto& entry = file.entries().at(name);
  const bool is_float = entry.dtype != at::ScalarType::Undefined && at::isFloatingType(entry.dtype);
  if (!is_float) other_types_[part][canonical] = unsupported_type(name, entry.type);
  if (auto packed_tensor = file.packed(name)) packed[part][canonical] = std::move(*packed_tensor);
  const auto format = format_beside(name);
  if (!format) return;
  const auto said = formats_.find(format->substr(0, format->rfind('.')));
  if (said != formats_.end()) parts[part][*format_beside(canonical)] = said->second;
}

void PartReader::unpack(Part part, const std::string& canonical) {
  const auto found = packed[part].find(canonical);
  if (found == packed[part].end()) return;
  parts[part][canonical] = found->second.unpacked();
  packed[part].erase(found);
}

void PartReader::take_scales(const std::string& origin) {
  for (const auto& [part, tensors] : parts) {
    // Networks ask for what they have; of a table, and of attention on pixels, nobody asks by these names.
    const bool all = !network_asks_for(part) || std::ranges::any_of(tensors, [](const auto& tensor) {
      return tensor.first.find(".qkv.") != std::string::npos;
    });
    std::vector<std::string> now;
    for (const auto& [name, tensor] : packed[part])
      if (all || is_joined(name)) now.push_back(name);
    for (const std::string& name : now) unpack(part, name);
  }
  for (auto& [part, tensors] : parts) {
    TensorMap& scales_of_part = scales[part] = sd::take_scales(tensors, origin);
    // What is split before it is read is made whole at once.
    std::erase_if(scales_of_part, [&, &tensors = tensors](const auto& scale) {
      const bool joined = is_joined(scale.first);
      if (joined) tensors[scale.first] = dequantised(tensors.at(scale.first), scales_of_part, scale.first);
      return joined;
    });
  }
}

void PartReader::require_float(Part part, const std::string& name, const std::string& origin) const {
  const auto others = other_types_.find(part);
  if (others == other_types_.end()) return;
  if (const auto found = others->second.find(name); found != others->second.end())
    throw ModelError(origin, found->second, "convert it to F16 or F32");
}

void PartReader::require_floats_in_joined(Part part, const std::string& origin) const {
  const auto others = other_types_.find(part);
  if (others == other_types_.end()) return;
  for (const auto& [name, problem] : others->second)
    if (is_joined(name)) require_float(part, name, origin);
}

}  // namespace weft::sd
