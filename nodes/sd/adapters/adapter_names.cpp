#include "nodes/sd/adapters/adapter_names.h"

#include <algorithm>
#include <ranges>

#include "nodes/sd/families/rename.h"
#include "nodes/sd/families/shared_names.h"

namespace weft::sd {
namespace {

std::string with_underscores(std::string name) {
  std::ranges::replace(name, '.', '_');
  return name;
}

/// "a.b.weight" and "a.b.bias" are of the layer "a.b".
std::string layer_of(const std::string& tensor) { return tensor.substr(0, tensor.rfind('.')); }

}  // namespace

AdapterNames::AdapterNames(const Checkpoint& model) {
  if (model.has(Part::UNet)) add_unet(model);
  for (const TextSlot& slot : model.family().texts)
    if (model.has(slot.part)) add_text_encoder(model, slot.part);
}

const std::string* AdapterNames::find(const std::string& name) const {
  const auto found = layers_.find(name);
  return found == layers_.end() ? nullptr : &found->second;
}

void AdapterNames::add_unet(const Checkpoint& model) {
  const LdmShape shape{.unet_layers_per_block = model.unet_config().layers_per_block};
  for (const std::string& tensor : std::views::keys(model.tensors(Part::UNet))) {
    const std::string name = layer_of(tensor), layer = "unet." + name;
    for (const char* prefix : {"unet.", "base_model.model.", "diffusion_model.", "transformer.", ""})
      layers_.emplace(prefix + name, layer);
    for (const char* prefix : {"lora_unet_", "lycoris_", "unet_"})
      layers_.emplace(prefix + with_underscores(name), layer);
    for (const std::string& before : names_before(kUNetNames, tensor, shape)) {
      const std::string theirs = layer_of(before);
      for (const char* prefix : {"diffusion_model.", "model.diffusion_model.", ""})
        layers_.emplace(prefix + theirs, layer);
      for (const char* prefix : {"lora_unet_", "lycoris_"}) layers_.emplace(prefix + with_underscores(theirs), layer);
    }
  }
}

void AdapterNames::add_text_encoder(const Checkpoint& model, Part part) {
  const std::string folder(info(part).folder);
  const bool second = part == Part::TextEncoder2;
  for (const std::string& tensor : std::views::keys(model.tensors(part))) {
    const std::string name = layer_of(tensor), layer = folder + "." + name;
    layers_.emplace(folder + "." + name, layer);
    layers_.emplace((second ? "clip_g.transformer." : "clip_l.transformer.") + name, layer);
    layers_.emplace((second ? "lora_te2_" : "lora_te1_") + with_underscores(name), layer);
    if (!second) layers_.emplace("lora_te_" + with_underscores(name), layer);
    // transformers 5 says no more that it is the text's model.
    constexpr std::string_view kBody = "text_model.";
    if (name.starts_with(kBody)) layers_.emplace(folder + "." + name.substr(kBody.size()), layer);
  }
}

}  // namespace weft::sd
