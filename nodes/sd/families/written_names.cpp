#include "nodes/sd/families/written_names.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "nodes/sd/families/shared_names.h"
#include "nodes/sd/files/model_error.h"

namespace weft::sd {
namespace {

/// A family's table for a part. The refiner, which has the second text encoder alone, has it where others have the first.
const PartNames* table_of(const Checkpoint& model, Part part) {
  const PartNames* found = nullptr;
  const bool last = model.family().texts.size() == 1 && part == Part::TextEncoder2;
  for (const PartNames& names : model.family().single_file)
    if (names.part == part && (found == nullptr || last)) found = &names;
  return found;
}

/// Models before Stable Diffusion: in their files other tensors are joined, and in other orders.
void require_known_names(const Checkpoint& model) {
  const bool attends_to_pixels = model.has(Part::UNet) && model.unet_config().context_dim == 0;
  const bool reads_as_bert =
      model.has(Part::TextEncoder) && model.text_encoder_config(Part::TextEncoder).family == TextFamily::Bert;
  if (attends_to_pixels || reads_as_bert || model.has(Part::LabelEncoder) || model.has(Part::SpatialRescaler))
    throw ModelError(model.path().string(),
        "has parts of latent diffusion models (classes, maps, words of BERT), of which no single file is written",
        "use it as it is, or a Stable Diffusion 1.x, 2.x or XL model");
}

/// An upsampler follows attention where there is some.
bool attends_before(const TensorMap& unet, const std::string& upsampler) {
  const std::string block = upsampler.substr(0, upsampler.find(".upsamplers."));
  const auto found = unet.lower_bound(block + ".attentions.");
  return found != unet.end() && found->first.starts_with(block + ".attentions.");
}

/// Of several names that are read alike, the one that is written.
std::string chosen(
    const std::vector<std::string>& names, Part part, const std::string& canonical, const TensorMap& tensors) {
  if (names.empty()) return {};
  if (part == Part::UNet && canonical.find(".upsamplers.") != std::string::npos)
    return attends_before(tensors, canonical) ? names.back() : names.front();
  // In a residual block the last is the one that has CompVis' leaf; of text encoders the first is the whole name.
  return part == Part::UNet || part == Part::VAE ? names.back() : names.front();
}

/// What OpenCLIP joins, and how.
WrittenName open_clip_form(const std::string& canonical) {
  constexpr std::string_view kQuery = ".self_attn.q_proj.";
  if (canonical == "text_projection.weight")
    return {.name = "text_projection.transposed", .parts = {canonical}, .form = WrittenName::Form::Transposed};
  const std::size_t at = canonical.find(kQuery);
  if (at == std::string::npos) return {.name = canonical, .parts = {canonical}};
  const std::string layer = canonical.substr(0, at) + ".self_attn.", leaf = canonical.substr(at + kQuery.size());
  return {.name = layer + "in_proj." + leaf,
      .parts = {layer + "q_proj." + leaf, layer + "k_proj." + leaf, layer + "v_proj." + leaf},
      .form = WrittenName::Form::Joined};
}

bool is_joined_elsewhere(const std::string& canonical) {
  return canonical.find(".self_attn.k_proj.") != std::string::npos ||
      canonical.find(".self_attn.v_proj.") != std::string::npos;
}

/// OpenCLIP's layers that diffusers leaves out: whoever reads them all finds the last one again, which nobody uses.
void repeat_cut_layers(std::vector<WrittenName>& names, std::int64_t layers, std::int64_t cut) {
  const std::string last = fmt::format(".resblocks.{}.", layers - 1);
  const std::size_t count = names.size();
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = names[i].name.find(last);
    for (std::int64_t k = 0; at != std::string::npos && k < cut; ++k) {
      WrittenName again = names[i];
      again.name.replace(at, last.size(), fmt::format(".resblocks.{}.", layers + k));
      names.push_back(std::move(again));
    }
  }
}

}  // namespace

bool is_attention_of_vae(const std::string& canonical) {
  constexpr std::string_view kEnds[] = {".to_q.weight", ".to_k.weight", ".to_v.weight", ".to_out.0.weight"};
  return std::ranges::any_of(kEnds, [&](std::string_view end) { return canonical.ends_with(end); });
}

std::string prefix_in_single_file(const Checkpoint& model, Part part) {
  const PartNames* table = table_of(model, part);
  return table == nullptr ? std::string() : std::string(table->prefix);
}

std::vector<WrittenName> names_in_single_file(const Checkpoint& model, Part part) {
  require_known_names(model);
  const PartNames* table = table_of(model, part);
  if (table == nullptr)
    throw ModelError(model.path().string(), fmt::format("has a {}, which is not written", title(part)), "leave it out");
  const TensorMap& tensors = model.tensors(part);
  const bool open_clip = table->rules.data() == kOpenClipPlaces;
  const LdmShape shape{.unet_layers_per_block =
                           part == Part::UNet ? model.unet_config().layers_per_block : LdmShape().unet_layers_per_block,
      .vae_levels = part == Part::VAE ? static_cast<std::int64_t>(model.vae_config().block_channels.size())
                                      : LdmShape().vae_levels};
  std::vector<WrittenName> names;
  for (const auto& [canonical, tensor] : tensors) {
    if (canonical.ends_with("position_ids") || (open_clip && is_joined_elsewhere(canonical))) continue;
    WrittenName written = open_clip ? open_clip_form(canonical) : WrittenName{.name = canonical, .parts = {canonical}};
    if (part == Part::VAE && is_attention_of_vae(canonical)) written.form = WrittenName::Form::Convolution;
    const std::string name = chosen(names_before(*table, written.name, shape), part, canonical, tensors);
    if (name.empty()) continue;  // of no network: the file that was read had more than the model needs
    written.name = std::string(table->prefix) + name;
    names.push_back(std::move(written));
  }
  if (open_clip) {
    const TextEncoderConfig& config = model.text_encoder_config(part);
    repeat_cut_layers(names, config.layers, config.cut);
  }
  return names;
}

std::string compvis_unet_name(const std::string& canonical, std::int64_t layers_per_block) {
  const auto names = names_before(kUNetNames, canonical, {.unet_layers_per_block = layers_per_block});
  return names.empty() ? std::string() : names.back();
}

}  // namespace weft::sd
